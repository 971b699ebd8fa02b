"""How good is it, and how sure are we? Thin functions over SciPy and scikit-learn."""

from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest
from sklearn import metrics

from medlstm.checks import check_array, check_labels, check_mask


class Proportion(NamedTuple):
    """A share and the ends of its interval, each between 0 and 1."""

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


def proportion(count, total, confidence=0.95):
    """The share `count` / `total` with its Wilson (1927) score interval, a `Proportion`."""
    test = binomtest(count, total)
    interval = test.proportion_ci(confidence, method="wilson")
    return Proportion(test.statistic, interval.low, interval.high)


def percentile_interval(samples, confidence):
    """The two ends between which the middle `confidence` of the bootstrap samples lies."""
    tail = 50 * (1 - confidence)
    low, high = np.percentile(samples, (tail, 100 - tail))
    return float(low), float(high)


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
    return proportion(int((y == predicted).sum()), len(y), confidence)


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
    return Difference(float(first.mean() - second.mean()), *percentile_interval(differences, confidence))


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


def dice(mask, predicted):
    """Overlap of two masks, 2 |A and B| / (|A| + |B|), from 0 to 1 (Dice 1945).

    Parameters
    ----------
    mask, predicted : arrays of bool, of the same shape
        Not both empty.

    Raises
    ------
    ValueError
        If they are no such arrays.
    """
    check_mask("mask", mask, np.shape(mask))
    check_mask("predicted", predicted, mask.shape)
    both = int(mask.sum()) + int(predicted.sum())
    if both == 0:
        raise ValueError("mask, predicted: expected at least one True, got none; leave such examples out")
    return 2 * int((mask & predicted).sum()) / both


def quadratic_kappa(y, predicted):
    """Agreement beyond chance on ordered grades: Cohen's (1968) kappa, errors weighted by distance squared.

    Parameters
    ----------
    y, predicted : arrays of integers (N,)
        True and predicted grades, counted from 0. A grade that nobody has still takes up its place.

    Returns
    -------
    float
        1 for perfect agreement, 0 for what the two frequencies alone would give, below 0 if worse.

    Raises
    ------
    TypeError, ValueError
        If the arrays are no integers, empty, negative, of different lengths, or all one grade.
    """
    check_array("y", y, ("N",), kind="i")
    check_array("predicted", predicted, y.shape, kind="i")
    grades = int(max(y.max(), predicted.max())) + 1
    check_labels(y, len(y), grades)
    check_labels(predicted, len(y), grades, "predicted")
    if min(y.min(), predicted.min()) == grades - 1:
        raise ValueError(f"y, predicted: expected two or more grades, got {grades - 1} alone; "
                         "kappa is undefined where chance agrees perfectly")
    return float(metrics.cohen_kappa_score(y, predicted, labels=np.arange(grades), weights="quadratic"))


def holm(p_values):
    """Holm's (1979) adjustment: reject what comes out below 0.05, and any false alarm has that probability.

    Parameters
    ----------
    p_values : sequence of float (M,)
        P-values of M tests, in any order, however they depend on each other.

    Returns
    -------
    array (M,)
        Adjusted p-values in the same order.

    Raises
    ------
    ValueError
        If there are none, or if one is no number from 0 to 1.
    """
    p_values = np.asarray(p_values, dtype=float)
    check_array("p_values", p_values, ("M",))
    if p_values.min() < 0 or p_values.max() > 1:
        raise ValueError(f"p_values: expected numbers from 0 to 1, got {p_values.min():.3g} to "
                         f"{p_values.max():.3g}; pass p-values, not statistics")
    order = np.argsort(p_values)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1))
    return np.minimum(adjusted, 1)
