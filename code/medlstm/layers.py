"""The rest of a network: a dense layer, pooling, dropout and two losses, each with its gradient."""

import numpy as np

from medlstm.checks import (
    check_array,
    check_dtype,
    check_forward_came_first,
    check_labels,
    check_number,
    check_size,
    generator,
)
from medlstm.parameters import Weight, glorot_uniform


class Dense:
    """An affine layer, y = x @ kernel + bias.

    Parameters
    ----------
    input_size, units : int
        Numbers in and out.
    dtype : dtype
        Floating-point type of weights and results.
    rng : numpy.random.Generator or int, optional
        Source of the starting weights, or a seed for one; the seed 0 unless given.

    Attributes
    ----------
    kernel : array (input_size, units)
    bias : array (units,)
    parameters, gradients : dict of arrays
        By these two names. The gradients are those of the latest `backward`.

    Raises
    ------
    TypeError, ValueError
        If a size is no whole number of at least 1, `dtype` no floating-point type, or `rng` no generator.
    """

    kernel = Weight()
    bias = Weight()

    def __init__(self, input_size, units, dtype=np.float32, rng=None):
        check_size("input_size", input_size)
        check_size("units", units)
        dtype = check_dtype(dtype)
        self.parameters = {
            "kernel": glorot_uniform((input_size, units), generator(rng), dtype),
            "bias": np.zeros(units, dtype),
        }
        self.gradients = {}
        self._x = None

    def forward(self, x):
        """Map x (N, input_size) to (N, units)."""
        check_array("x", x, ("N", self.kernel.shape[0]))
        self._x = x
        return x @ self.kernel + self.bias

    def backward(self, dy):
        """Turn dy (N, units), for the latest `forward`, into dx; leave `gradients` behind."""
        check_forward_came_first(self._x)
        check_array("dy", dy, (len(self._x), self.kernel.shape[1]))
        self.gradients = {"kernel": self._x.T @ dy, "bias": dy.sum(axis=0)}
        return dy @ self.kernel.T


class MeanAndMaximum:
    """Two summaries of a sequence side by side: mean and maximum over time."""

    def __init__(self):
        self.parameters, self.gradients = {}, {}
        self._shape = None

    def forward(self, h):
        """Map h (N, T, K) to (N, 2K)."""
        check_array("h", h, ("N", "T", "K"))
        self._shape, self._where = h.shape, h.argmax(axis=1)[:, None]
        return np.concatenate([h.mean(axis=1), h.max(axis=1)], axis=1)

    def backward(self, dy):
        """Turn dy (N, 2K), for the latest `forward`, into dh (N, T, K)."""
        check_forward_came_first(self._shape)
        N, T, K = self._shape
        check_array("dy", dy, (N, 2 * K))
        d_mean, d_max = np.split(dy[:, None], 2, axis=-1)
        dh = np.repeat(d_mean / T, T, axis=1)
        np.put_along_axis(dh, self._where, np.take_along_axis(dh, self._where, axis=1) + d_max, axis=1)
        return dh


class Dropout:
    """Sets a random share of its input to 0 in training, and scales up the rest (Srivastava et al. 2014).

    Parameters
    ----------
    rate : float
        Share that is set to 0, at least 0 and below 1.
    rng : numpy.random.Generator or int, optional
        Decides what is set to 0, or a seed for it; the seed 0 unless given.

    Raises
    ------
    TypeError, ValueError
        If `rate` is no such number, or `rng` no generator.
    """

    def __init__(self, rate, rng=None):
        check_number("rate", rate, "[0, 1)")
        self.rate, self._rng = rate, generator(rng)
        self.parameters, self.gradients = {}, {}
        self._kept = None

    def forward(self, x, training=False):
        """What is left of x (any shape, floating point) in training; x itself otherwise."""
        self._kept = np.ones_like(x)
        if training:
            self._kept[self._rng.random(x.shape) < self.rate] = 0
            self._kept /= 1 - self.rate
        return x * self._kept

    def backward(self, dy):
        """Turn dy, for the latest `forward` and of its shape, into dx."""
        check_forward_came_first(self._kept)
        check_array("dy", dy, self._kept.shape)
        return dy * self._kept


def softmax_cross_entropy(logits, y, smoothing=0.0):
    """Mean cross-entropy between softmax(logits) and the true classes.

    Parameters
    ----------
    logits : array (N, K)
    y : array of integers (N,)
        Classes from 0 to K - 1.
    smoothing : float
        Share of each target, at least 0 and below 1, that is spread evenly over the K classes
        (Szegedy et al. 2016).

    Returns
    -------
    loss : float
        In nats.
    dlogits : array (N, K)
        Its gradient, (p - target) / N.

    Raises
    ------
    TypeError, ValueError
        If an array has the wrong type or shape, is empty or not finite, a class is none of the K, or
        `smoothing` lies outside.
    """
    check_array("logits", logits, ("N", "K"))
    n, classes = logits.shape
    check_labels(y, n, classes)
    check_number("smoothing", smoothing, "[0, 1)")
    target = np.full_like(logits, smoothing / classes)
    target[np.arange(n), y] += 1 - smoothing
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -(target * log_p).sum(axis=1).mean(), (np.exp(log_p) - target) / n


def mean_squared_error(prediction, target):
    """Mean over all entries of (prediction - target)^2, and its gradient with respect to the prediction."""
    check_array("prediction", prediction, tuple("NKLM"[: np.ndim(prediction)]))
    check_array("target", target, prediction.shape)
    difference = prediction - target
    return (difference**2).mean(), 2 * difference / difference.size
