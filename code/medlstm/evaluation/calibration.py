"""Can its probabilities be believed, and how are they mended?"""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from scipy.stats import rankdata
from sklearn import metrics
from sklearn.linear_model import LogisticRegression

from medlstm.checks import check_array, check_every_class, check_labels, check_probabilities


class Reliability(NamedTuple):
    """For each bin of images: how sure the network was, how often it was right, how many they are."""

    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray


def brier(y, probabilities):
    """Mean over images of half the squared distance between the probabilities and the one-hot truth.

    The half makes it (p - y)^2 for two classes, as usual, and keeps it from 0 to 1 for any number;
    Brier (1950) leaves it out. Lower is better.

    Parameters
    ----------
    y : array of integers (N,)
        True classes.
    probabilities : array (N, K)
        Predicted probabilities.

    Returns
    -------
    float

    Raises
    ------
    TypeError, ValueError
        If shapes, kinds or classes do not fit, or rows do not sum to 1.
    """
    _check(y, probabilities)
    classes = range(probabilities.shape[1])
    return float(metrics.brier_score_loss(y, probabilities, labels=classes, scale_by_half=True))


def reliability(y, probabilities, bins=10, of=None):
    """How sure, and how often right, in bins of equally many images from the least sure to the most.

    Or, `of` one class: how often it was predicted to be there, and how often it was.

    Parameters
    ----------
    y : array of integers (N,)
        True classes.
    probabilities : array (N, K)
        Predicted probabilities; the largest of a row is its confidence.
    bins : int
        Images of equal confidence share a bin, so that their order does not matter; a bin that
        this leaves empty is left out.
    of : int, optional
        A class: images are then sorted by its probability, whose mean is ``confidence``; ``accuracy`` is
        the share of images of this class. A network that is wrong in one direction shows it here alone.

    Returns
    -------
    Reliability
        Arrays (at most `bins`,): mean ``confidence``, ``accuracy`` and ``count``.

    Raises
    ------
    TypeError, ValueError
        If shapes, kinds or classes do not fit, rows do not sum to 1, or `bins` is not 1 to N.
    """
    _check(y, probabilities)
    if of is not None and of not in range(probabilities.shape[1]):
        raise ValueError(f"of: expected a class from 0 to {probabilities.shape[1] - 1}, got {of}; count from 0")
    if not 1 <= bins <= len(y):
        raise ValueError(f"bins: expected 1 to {len(y)}, one image each, got {bins}; take fewer")
    if of is None:
        confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == y
    else:
        confidence, right = probabilities[:, of], y == of
    bin_of = (rankdata(confidence, method="min").astype(int) - 1) * bins // len(y)
    _, bin_of, count = np.unique(bin_of, return_inverse=True, return_counts=True)
    return Reliability(np.bincount(bin_of, confidence) / count, np.bincount(bin_of, right) / count, count)


def calibration_error(y, probabilities, bins=10):
    """Expected calibration error: the mean gap of `reliability` between confidence and accuracy.

    Bins of equally many images, as Nixon et al. (2019) advise. Chance opens gaps too, so that even
    true probabilities get an error above 0: about the square root of bins / (10 N) if the
    confidences spread from 0.5 to 1.

    Parameters
    ----------
    y, probabilities, bins
        As in `reliability`.

    Returns
    -------
    float
        From 0 to 1, lower is better.

    Raises
    ------
    TypeError, ValueError
        As in `reliability`.
    """
    table = reliability(y, probabilities, bins)
    return float(np.average(np.abs(table.confidence - table.accuracy), weights=table.count))


def temperature(logits, y):
    """The T for which softmax(logits / T) has the smallest cross-entropy (Guo et al. 2017).

    Fit it on validation images. The predicted classes stay as they are.

    Parameters
    ----------
    logits : array (N, K)
        What goes into the softmax; the logarithm of its probabilities serves as well.
    y : array of integers (N,)
        True classes.

    Returns
    -------
    float
        Above 1 for a network that is too sure. Sought between 0.01 and 100; where every image is
        classified correctly, no T is best, and one far below 1 comes out.

    Raises
    ------
    TypeError, ValueError
        If shapes, kinds or classes do not fit.
    """
    check_array("logits", logits, ("N", "K"), dtype=np.float64)
    check_labels(y, len(logits), logits.shape[1])

    def cross_entropy(log_t):
        return -log_softmax(logits / np.exp(log_t), axis=1)[np.arange(len(y)), y].mean()

    best = minimize_scalar(cross_entropy, bounds=(np.log(0.01), np.log(100)), method="bounded")
    return float(np.exp(best.x))


def calibration_slope(logits, y):
    """How steeply the truth follows the log odds of class 1: below 1 for a network that is too sure.

    The slope of a logistic regression of the classes on the log odds, with an intercept of its own.

    Parameters
    ----------
    logits : array (N, 2)
        What goes into the softmax; the logarithm of its probabilities serves as well.
    y : array of integers (N,)
        True classes, 0 and 1; both must occur.

    Returns
    -------
    float
        1 for a network that is neither too sure nor too modest, on either side of the mean.

    Raises
    ------
    TypeError, ValueError
        If shapes, kinds or classes do not fit.
    """
    check_array("logits", logits, ("N", 2), dtype=np.float64)
    check_every_class(y, len(logits), 2)
    odds = np.diff(logits.astype(float), axis=1)
    return float(LogisticRegression(C=np.inf, max_iter=1000).fit(odds, y).coef_[0, 0])


def prior_shift(probabilities, old, new):
    """Probabilities for a place with other class frequencies (Saerens et al. 2002).

    Parameters
    ----------
    probabilities : array (N, K)
        Predicted where the classes have the frequencies `old`.
    old, new : arrays (K,)
        Frequencies in training and in use, each above 0, that sum to 1.

    Returns
    -------
    array (N, K)
        Each probability times new / old, scaled to sum to 1.

    Raises
    ------
    TypeError, ValueError
        If shapes or kinds do not fit, sums are not 1, or a frequency is 0.
    """
    check_probabilities("probabilities", probabilities, ("N", "K"))
    for name, frequencies in (("old", old), ("new", new)):
        check_probabilities(name, frequencies, probabilities.shape[1:])
        if frequencies.min() == 0:
            raise ValueError(
                f"{name}: expected frequencies above 0, got {frequencies}; leave out the class that never occurs"
            )
    weighted = probabilities * (new / old)
    return weighted / weighted.sum(axis=1, keepdims=True)


def _check(y, probabilities):
    """Raise unless `y` (N,) and `probabilities` (N, K) fit each other."""
    check_probabilities("probabilities", probabilities, ("N", "K"))
    check_labels(y, *probabilities.shape)
