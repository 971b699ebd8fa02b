"""The rest of a network: a dense layer and two losses, each with its gradient."""

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


def softmax(logits):
    """Probabilities (N, K) of the logits (N, K); the largest is subtracted first, so none overflows."""
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_cross_entropy(logits, y):
    """Mean cross-entropy between softmax(logits) and the true classes.

    Parameters
    ----------
    logits : array (N, K)
    y : array of integers (N,)
        Classes from 0 to K - 1.

    Returns
    -------
    loss : float
        In nats.
    dlogits : array (N, K)
        Its gradient, (p - one_hot(y)) / N.
    """
    check_array("logits", logits, ("N", "K"))
    n, classes = logits.shape
    check_labels(y, n, classes)
    rows = np.arange(n)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    dlogits = np.exp(log_p)
    dlogits[rows, y] -= 1
    return -log_p[rows, y].mean(), dlogits / n


def mean_squared_error(prediction, target):
    """Mean over all entries of (prediction - target)^2, and its gradient with respect to the prediction."""
    check_array("prediction", prediction, tuple("NKLM"[:np.ndim(prediction)]))
    check_array("target", target, prediction.shape)
    difference = prediction - target
    return (difference ** 2).mean(), 2 * difference / difference.size
