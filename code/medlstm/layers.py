"""The rest of a network: a dense layer, a pooling layer and two losses, each with its gradient."""

import numpy as np

from medlstm.checks import check_array, check_labels
from medlstm.parameters import Weight, glorot_uniform


class Dense:
    """An affine layer, y = x @ kernel + bias.

    Parameters
    ----------
    input_size, units : int
        Numbers in and out.
    dtype : dtype
        Floating-point type of weights and results.
    rng : numpy.random.Generator, optional
        Source of the starting weights; ``numpy.random.default_rng(0)`` unless given.

    Attributes
    ----------
    kernel : array (input_size, units)
    bias : array (units,)
    parameters, gradients : dict of arrays
        By these two names. The gradients are those of the latest `backward`.
    """

    kernel = Weight()
    bias = Weight()

    def __init__(self, input_size, units, dtype=np.float32, rng=None):
        rng = np.random.default_rng(0) if rng is None else rng
        self.parameters = {"kernel": glorot_uniform((input_size, units), rng, dtype),
                           "bias": np.zeros(units, dtype)}
        self.gradients = {}
        self._x = None

    def forward(self, x):
        """Map x (N, input_size) to (N, units)."""
        check_array("x", x, ("N", self.kernel.shape[0]))
        self._x = x
        return x @ self.kernel + self.bias

    def backward(self, dy):
        """Turn dy (N, units), for the latest `forward`, into dx; leave `gradients` behind."""
        if self._x is None:
            raise RuntimeError("backward: expected a call of forward first, got none; "
                               "run forward on the same batch")
        check_array("dy", dy, (len(self._x), self.kernel.shape[1]))
        self.gradients = {"kernel": self._x.T @ dy, "bias": dy.sum(axis=0)}
        return dy @ self.kernel.T


class MeanAndMaximum:
    """Two summaries of a sequence side by side: mean and maximum over time."""

    def __init__(self):
        self.parameters, self.gradients = {}, {}

    def forward(self, h):
        """Map h (N, T, K) to (N, 2K)."""
        check_array("h", h, ("N", "T", "K"))
        self._shape, self._where = h.shape, h.argmax(axis=1)[:, None]
        return np.concatenate([h.mean(axis=1), h.max(axis=1)], axis=1)

    def backward(self, dy):
        """Turn dy (N, 2K), for the latest `forward`, into dh (N, T, K)."""
        N, T, K = self._shape
        check_array("dy", dy, (N, 2 * K))
        d_mean, d_max = np.split(dy[:, None], 2, axis=-1)
        dh = np.repeat(d_mean / T, T, axis=1)
        np.put_along_axis(dh, self._where, np.take_along_axis(dh, self._where, axis=1) + d_max, axis=1)
        return dh


def softmax_cross_entropy(logits, y, smoothing=0.0):
    """Mean cross-entropy between softmax(logits) and the true classes.

    Parameters
    ----------
    logits : array (N, K)
    y : array of integers (N,)
        Classes from 0 to K - 1.
    smoothing : float
        Share of each target that is spread evenly over the K classes (Szegedy et al. 2016).

    Returns
    -------
    loss : float
        In nats.
    dlogits : array (N, K)
        Its gradient, (p - target) / N.
    """
    check_array("logits", logits, ("N", "K"))
    n, classes = logits.shape
    check_labels(y, n, classes)
    target = np.full_like(logits, smoothing / classes)
    target[np.arange(n), y] += 1 - smoothing
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -(target * log_p).sum(axis=1).mean(), (np.exp(log_p) - target) / n


def mean_squared_error(prediction, target):
    """Mean over all entries of (prediction - target)^2, and its gradient with respect to the prediction."""
    check_array("prediction", prediction, tuple("NKLM"[:np.ndim(prediction)]))
    check_array("target", target, prediction.shape)
    difference = prediction - target
    return (difference ** 2).mean(), 2 * difference / difference.size
