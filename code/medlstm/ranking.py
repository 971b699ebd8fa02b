"""How well are the sick ranked above the healthy, and how sure are we?"""

from typing import NamedTuple

import numpy as np
from sklearn import metrics

from medlstm.checks import check_every_class, check_probabilities
from medlstm.evaluation import percentile_interval


class Area(NamedTuple):
    """An area under the ROC curve and the ends of its interval."""

    value: float
    low: float
    high: float


class AreaDifference(NamedTuple):
    """A difference of two areas, the ends of its interval, and the p-value of no difference."""

    value: float
    low: float
    high: float
    p_value: float


def auc(y, probabilities):
    """Area under the ROC curve: how often the score puts a pair of images, one of each class, in order.

    For more than two classes, the mean over the classes of each against the rest, as MedMNIST does.
    Source: Hanley and McNeil (1982).

    Parameters
    ----------
    y : array of integers (N,)
        True classes; each must occur.
    probabilities : array (N, K)
        Predicted probabilities. For two classes it does not matter which is called positive.

    Returns
    -------
    float
        1 for a perfect order, 0.5 for chance.

    Raises
    ------
    TypeError, ValueError
        If shapes or kinds do not fit, rows do not sum to 1, or a class is missing from `y`.
    """
    _check(y, "probabilities", probabilities, ("N", "K"))
    return float(np.mean([metrics.roc_auc_score(y == k, probabilities[:, k])
                          for k in _judged(probabilities)]))


def auc_interval(y, probabilities, rng, confidence=0.95, draws=2000):
    """Mean `auc` of several trainings, with an interval over images and seeds.

    A bootstrap that draws the images, and the seeds, anew; draws that miss a class are drawn again.
    Percentiles say too little where there is little to draw from: one seed shows no chance of
    training at all, few seeds show it too small, and an area of 1 gets an interval of no width.

    Parameters
    ----------
    y : array of integers (N,)
        True classes; each must occur.
    probabilities : array (S, N, K)
        Predicted probabilities of S trained networks.
    rng : numpy.random.Generator
    confidence : float
        Coverage of the percentile interval.
    draws : int
        Bootstrap samples.

    Returns
    -------
    Area
        ``value``, ``low`` and ``high``.

    Raises
    ------
    TypeError, ValueError
        If shapes or kinds do not fit, rows do not sum to 1, or a class is missing from `y`.
    """
    _check(y, "probabilities", probabilities, ("S", "N", "K"))
    samples = _mean_areas(y, probabilities, _draw_images(y, draws, rng), rng)
    return Area(_mean_auc(y, probabilities), *percentile_interval(samples, confidence))


def auc_difference(y, probabilities, other, rng, confidence=0.95, draws=2000):
    """How far two ways of training differ in mean `auc`, over seeds and over images.

    The bootstrap of `auc_interval`: both are judged on the same drawn images, and the seeds of each
    are drawn anew. The p-value inverts the interval: with B draws, twice the smaller of the shares
    of draws at or below 0 and at or above 0, each counted as (draws + 1) / (B + 1). It cannot fall
    below 2 / (B + 1): for `holm` over M tests take more than 40 M draws.

    Parameters
    ----------
    y : array of integers (N,)
        True classes; each must occur.
    probabilities, other : arrays (S, N, K)
        Predicted probabilities of S trained networks each; S may differ.
    rng : numpy.random.Generator
    confidence : float
        Coverage of the percentile interval.
    draws : int
        Bootstrap samples.

    Returns
    -------
    AreaDifference
        Mean area of the first less that of the second, its interval, and the two-sided p-value.

    Raises
    ------
    TypeError, ValueError
        If shapes or kinds do not fit, rows do not sum to 1, or a class is missing from `y`.
    """
    _check(y, "probabilities", probabilities, ("S", "N", "K"))
    _check(y, "other", other, ("S", len(y), probabilities.shape[2]))
    images = _draw_images(y, draws, rng)
    samples = _mean_areas(y, probabilities, images, rng) - _mean_areas(y, other, images, rng)
    rarer = min((samples <= 0).sum(), (samples >= 0).sum())
    return AreaDifference(_mean_auc(y, probabilities) - _mean_auc(y, other),
                          *percentile_interval(samples, confidence),
                          float(min(1, 2 * (rarer + 1) / (draws + 1))))


def _check(y, name, probabilities, shape):
    """Raise unless `y` (N,) and the probabilities fit each other and every class occurs."""
    check_probabilities(name, probabilities, shape)
    *_, images, classes = probabilities.shape
    check_every_class(y, images, classes)


def _judged(probabilities):
    """Columns whose order is judged: the second of two, else all."""
    classes = probabilities.shape[-1]
    return range(classes) if classes > 2 else (1,)


def _draw_images(y, draws, rng):
    """How often each draw takes each image (draws, N); every class occurs in every draw."""
    share = np.full(len(y), 1 / len(y))
    members = (y[:, None] == np.unique(y)).astype(float)
    images = rng.multinomial(len(y), share, draws).astype(float)
    while (missed := (images @ members == 0).any(axis=1)).any():
        images[missed] = rng.multinomial(len(y), share, missed.sum())
    return images


def _areas(y, probabilities, images):
    """The `auc` of each draw (draws,): pairs won over pairs drawn, from a table of who wins."""
    areas = []
    for k in _judged(probabilities):
        sick, well = probabilities[y == k, k], probabilities[y != k, k]
        wins = (np.sign(sick[:, None] - well) + 1) / 2          # 1 won, 1/2 tied, 0 lost
        sick_drawn, well_drawn = images[:, y == k], images[:, y != k]
        won = (sick_drawn @ wins * well_drawn).sum(axis=1)
        areas.append(won / (sick_drawn.sum(axis=1) * well_drawn.sum(axis=1)))
    return np.mean(areas, axis=0)


def _mean_areas(y, probabilities, images, rng):
    """The area of each draw (draws,), as a mean over seeds (S, N, K) that are drawn anew."""
    seeds = len(probabilities)
    drawn = rng.multinomial(seeds, np.full(seeds, 1 / seeds), len(images)) / seeds
    areas = np.stack([_areas(y, each, images) for each in probabilities], axis=1)
    return (drawn * areas).sum(axis=1)


def _mean_auc(y, probabilities):
    return float(np.mean([auc(y, each) for each in probabilities]))
