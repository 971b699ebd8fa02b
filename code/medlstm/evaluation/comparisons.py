"""Is one network better than another, or could chance alone say so?"""

from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest

from medlstm.checks import check_array, generator
from medlstm.evaluation.intervals import Interval, difference_over_seeds, draw_images, over_seeds, percentile_interval


class Discordant(NamedTuple):
    """How often two classifiers disagree with one of them right, and the p-value of McNemar's test."""

    only_first: int
    only_second: int
    p_value: float


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


def accuracy_difference(y, predicted, other, rng, confidence=0.9, draws=4000, paired=False):
    """How far two ways of training differ in accuracy, over seeds and over images.

    A bootstrap that draws the seeds of each way, and the images that both are judged on, anew.

    Parameters
    ----------
    y : array of integers (N,)
        True classes.
    predicted, other : arrays of integers (S, N)
        Predictions of S trained networks each; S may differ.
    rng : numpy.random.Generator or int
    confidence : float
        Coverage of the percentile interval. Both ends within a margin at 0.9 is, about, the two
        one-sided tests of equivalence at 0.05 (Schuirmann 1987).
    draws : int
        Bootstrap samples.
    paired : bool
        The k-th network of the one belongs to the k-th of the other; such pairs are drawn together.

    Returns
    -------
    Difference
        Mean accuracy of the first less that of the second, its interval, and the two-sided p-value of `difference`.

    Raises
    ------
    TypeError, ValueError
        If the arrays are no integers, empty, or of different lengths, or pairs are incomplete.
    """
    check_array("y", y, ("N",), kind="i")
    for name, array in (("predicted", predicted), ("other", other)):
        check_array(name, array, ("S", len(y)), kind="i")
    rng = generator(rng)
    right = np.concatenate([predicted == y, other == y])
    kinds, counts = np.unique(right, axis=1, return_counts=True)  # images that the same networks get right
    figures = draw_images(counts, draws, rng) @ kinds.T / len(y)
    means = right.mean(axis=1)
    ours = np.arange(len(right)) < len(predicted)
    value = means[ours].mean() - means[~ours].mean()
    return difference_over_seeds(value, figures[:, ours], figures[:, ~ours], rng, confidence, paired)


def mean_interval(values, rng, confidence=0.95, draws=2000):
    """The mean of what several trainings score on each image, with an interval over seeds and images.

    Parameters
    ----------
    values : array (S, N)
        A number for each of S trained networks and N images: a squared error, or 1 where it is right.
    rng : numpy.random.Generator or int
    confidence : float
        Coverage of the percentile interval.
    draws : int
        Bootstrap samples, each of which draws the images and the seeds anew.

    Returns
    -------
    Interval

    Raises
    ------
    TypeError, ValueError
        If `values` is no such array.
    """
    check_array("values", values, ("S", "N"))
    rng = generator(rng)
    samples = over_seeds(_drawn_means(values, draws, rng), rng)
    return Interval(float(values.mean()), *percentile_interval(samples, confidence))


def mean_difference(values, other, rng, confidence=0.95, draws=2000, paired=False):
    """How far two ways of training differ in the mean of such numbers, on the same drawn images.

    Parameters
    ----------
    values, other : arrays (S, N)
        As in `mean_interval`; S may differ.
    rng : numpy.random.Generator or int
    confidence, draws
        As in `mean_interval`. Both ends within a margin at 0.9 is, about, the two one-sided tests of
        equivalence at 0.05 (Schuirmann 1987).
    paired : bool
        Row k of one belongs to row k of the other, such as two numbers of one network: both are drawn together.

    Returns
    -------
    Difference
        Mean of the first less that of the second, its interval, and the two-sided p-value of `difference`.

    Raises
    ------
    TypeError, ValueError
        If the arrays are no such, or of different lengths; if paired ones have not as many rows.
    """
    check_array("values", values, ("S", "N"))
    check_array("other", other, ("S", values.shape[1]))
    rng = generator(rng)
    figures = _drawn_means(np.concatenate([values, other]), draws, rng)
    first, second = figures[:, : len(values)], figures[:, len(values) :]
    return difference_over_seeds(values.mean() - other.mean(), first, second, rng, confidence, paired)


def _drawn_means(values, draws, rng):
    """The mean of each row of values (S, N) over the images of each draw (draws, S)."""
    images = values.shape[1]
    return draw_images(np.ones(images, int), draws, rng) @ values.T.astype(float) / images


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
        raise ValueError(
            f"p_values: expected numbers from 0 to 1, got {p_values.min():.3g} to "
            f"{p_values.max():.3g}; pass p-values, not statistics"
        )
    order = np.argsort(p_values)
    adjusted = np.empty_like(p_values)
    adjusted[order] = np.maximum.accumulate(p_values[order] * np.arange(len(order), 0, -1))
    return np.minimum(adjusted, 1)
