"""How good is it, and how sure are we? Thin functions over SciPy and scikit-learn."""

from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest
from sklearn import metrics

from medlstm.checks import check_array, check_labels


class Proportion(NamedTuple):
    """A share of correct answers and the ends of its interval, each between 0 and 1."""

    value: float
    low: float
    high: float


def accuracy(y, predicted, confidence=0.95):
    """Share of examples whose class was predicted, with its Wilson (1927) score interval.

    Parameters
    ----------
    y, predicted : arrays of integers (N,)
        True and predicted classes.
    confidence : float
        Coverage of the interval. It covers the chance of the draw of these N examples alone, not
        that of the training; for that, train with several seeds.

    Returns
    -------
    Proportion
        ``value``, ``low`` and ``high``.

    Raises
    ------
    TypeError, ValueError
        If the arrays are no integers, empty, or of different lengths.
    """
    check_array("y", y, ("N",), kind="i")
    check_array("predicted", predicted, y.shape, kind="i")
    correct = binomtest(int((y == predicted).sum()), len(y))
    interval = correct.proportion_ci(confidence, method="wilson")
    return Proportion(correct.statistic, interval.low, interval.high)


def confusion_matrix(y, predicted, classes):
    """Counts (classes, classes): row = true class, column = predicted class.

    Raises
    ------
    TypeError, ValueError
        If the arrays are no integers, empty, of different lengths, or outside 0 to `classes` - 1.
    """
    check_labels(y, len(y), classes)
    check_labels(predicted, len(y), classes)
    return metrics.confusion_matrix(y, predicted, labels=np.arange(classes))
