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


class Difference(NamedTuple):
    """A difference of two shares and the ends of its interval."""

    value: float
    low: float
    high: float


class Discordant(NamedTuple):
    """How often two classifiers disagree with one of them right, and the p-value of McNemar's test."""

    only_first: int
    only_second: int
    p_value: float


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


def mcnemar(y, predicted, other):
    """Exact McNemar (1947) test of two classifiers on the same examples.

    Parameters
    ----------
    y, predicted, other : arrays of integers (N,)
        True classes, and those that the two predicted.

    Returns
    -------
    Discordant
        Examples that only the first, and only the second, got right, and the two-sided p-value of
        the binomial test that both are equally frequent.

    Raises
    ------
    TypeError, ValueError
        If the arrays are no integers, empty, or of different lengths.
    """
    check_array("y", y, ("N",), kind="i")
    check_array("predicted", predicted, y.shape, kind="i")
    check_array("other", other, y.shape, kind="i")
    first, second = predicted == y, other == y
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    if only_first + only_second == 0:
        return Discordant(0, 0, 1.0)
    return Discordant(only_first, only_second, binomtest(only_first, only_first + only_second).pvalue)


def accuracy_difference(y, predicted, other, rng, confidence=0.9, draws=4000):
    """How far two ways of training differ in accuracy, over seeds and over images.

    A bootstrap that draws the seeds of each way, and the images that both are judged on, anew.

    Parameters
    ----------
    y : array of integers (N,)
        True classes.
    predicted, other : arrays of integers (S, N)
        Predictions of S trained networks each; S may differ.
    rng : numpy.random.Generator
    confidence : float
        Coverage of the percentile interval. Both ends within a margin at 0.9 is, about, the two
        one-sided tests of equivalence at 0.05 (Schuirmann 1987).
    draws : int
        Bootstrap samples.

    Returns
    -------
    Difference
        Mean accuracy of the first less that of the second, with its interval.

    Raises
    ------
    TypeError, ValueError
        If the arrays are no integers, empty, or of different lengths.
    """
    check_array("y", y, ("N",), kind="i")
    for name, array in (("predicted", predicted), ("other", other)):
        check_array(name, array, ("S", len(y)), kind="i")
    first, second = predicted == y, other == y
    differences = []
    for _ in range(draws):
        images = rng.multinomial(len(y), np.full(len(y), 1 / len(y))) / len(y)
        a, b = (right[rng.integers(0, len(right), len(right))].mean(axis=0) for right in (first, second))
        differences.append((a - b) @ images)
    tail = 50 * (1 - confidence)
    low, high = np.percentile(differences, (tail, 100 - tail))
    return Difference(float(first.mean() - second.mean()), float(low), float(high))


def confusion_matrix(y, predicted, classes):
    """Counts (classes, classes): row = true class, column = predicted class.

    Raises
    ------
    TypeError, ValueError
        If the arrays are no integers, empty, of different lengths, or outside 0 to `classes` - 1.
    """
    check_labels(y, len(y), classes)
    check_labels(predicted, len(y), classes, "predicted")
    return metrics.confusion_matrix(y, predicted, labels=np.arange(classes))
