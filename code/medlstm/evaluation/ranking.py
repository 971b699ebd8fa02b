"""How well are the sick ranked above the healthy, and how sure are we?"""

from itertools import combinations

import numpy as np
from sklearn import metrics

from medlstm.checks import check_every_class, check_probabilities, generator
from medlstm.evaluation.intervals import (
    Interval,
    difference,
    difference_over_seeds,
    draw_images,
    over_seeds,
    percentile_interval,
)


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
    return float(np.mean([metrics.roc_auc_score(y == k, probabilities[:, k]) for k in _judged(probabilities)]))


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
    rng : numpy.random.Generator or int
    confidence : float
        Coverage of the percentile interval.
    draws : int
        Bootstrap samples.

    Returns
    -------
    Interval
        ``value``, ``low`` and ``high``.

    Raises
    ------
    TypeError, ValueError
        If shapes or kinds do not fit, rows do not sum to 1, or a class is missing from `y`.
    """
    _check(y, "probabilities", probabilities, ("S", "N", "K"))
    rng = generator(rng)
    samples = over_seeds(_areas(y, probabilities, _draw_images(y, draws, rng)), rng)
    return Interval(_mean_auc(y, probabilities), *percentile_interval(samples, confidence))


def auc_difference(y, probabilities, other, rng, confidence=0.95, draws=2000, paired=False):
    """How far two ways of training differ in mean `auc`, over seeds and over images.

    The bootstrap of `auc_interval`: both are judged on the same drawn images, and the seeds of each
    are drawn anew. The p-value is that of `difference`: for `holm` over M tests take more than 40 M draws.

    Parameters
    ----------
    y : array of integers (N,)
        True classes; each must occur.
    probabilities, other : arrays (S, N, K)
        Predicted probabilities of S trained networks each; S may differ.
    rng : numpy.random.Generator or int
    confidence : float
        Coverage of the percentile interval.
    draws : int
        Bootstrap samples.
    paired : bool
        The k-th network of the one belongs to the k-th of the other, as where both learned from the same few images;
        such pairs are drawn together.

    Returns
    -------
    Difference
        Mean area of the first less that of the second, its interval, and the two-sided p-value.

    Raises
    ------
    TypeError, ValueError
        If shapes or kinds do not fit, rows do not sum to 1, a class is missing from `y`, or pairs are incomplete.
    """
    _check(y, "probabilities", probabilities, ("S", "N", "K"))
    _check(y, "other", other, ("S", len(y), probabilities.shape[2]))
    rng = generator(rng)
    images = _draw_images(y, draws, rng)
    value = _mean_auc(y, probabilities) - _mean_auc(y, other)
    areas = (_areas(y, each, images) for each in (probabilities, other))
    return difference_over_seeds(value, *areas, rng, confidence, paired)


def auc_pairs(y, probabilities, rng, confidence=0.95, draws=2000):
    """`auc_difference` of every pair of several ways of training, all on the same drawn images.

    The images are drawn once, and the seeds of each way once: thirty pairs of twelve cost twelve bootstraps.

    Parameters
    ----------
    y : array of integers (N,)
        True classes; each must occur.
    probabilities : dict of arrays (S, N, K)
        Predicted probabilities of the trained networks of each way, by its name; S may differ.
    rng : numpy.random.Generator or int
    confidence : float
        Coverage of the percentile intervals.
    draws : int
        Bootstrap samples.

    Returns
    -------
    dict of Difference
        By pair of names, in the order of the names: the first less the second.

    Raises
    ------
    TypeError, ValueError
        If shapes or kinds do not fit, rows do not sum to 1, or a class is missing from `y`.
    """
    for name, each in probabilities.items():
        _check(y, name, each, ("S", "N", "K"))
    rng = generator(rng)
    images = _draw_images(y, draws, rng)
    samples = {name: over_seeds(_areas(y, each, images), rng) for name, each in probabilities.items()}
    means = {name: _mean_auc(y, each) for name, each in probabilities.items()}
    return {
        (a, b): difference(means[a] - means[b], samples[a] - samples[b], confidence)
        for a, b in combinations(probabilities, 2)
    }


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
    once = np.ones(len(y), int)
    members = (y[:, None] == np.unique(y)).astype(float)
    images = draw_images(once, draws, rng).astype(float)
    while (missed := (images @ members == 0).any(axis=1)).any():
        images[missed] = draw_images(once, missed.sum(), rng)
    return images


def _areas(y, probabilities, images):
    """The `auc` of each draw and each trained network (draws, S)."""
    return np.stack([_areas_of_one(y, each, images) for each in probabilities], axis=1)


def _areas_of_one(y, probabilities, images):
    """The `auc` of each draw (draws,): pairs won over pairs drawn, from a table of who wins."""
    areas = []
    for k in _judged(probabilities):
        sick, well = probabilities[y == k, k], probabilities[y != k, k]
        wins = (np.sign(sick[:, None] - well) + 1) / 2  # 1 won, 1/2 tied, 0 lost
        sick_drawn, well_drawn = images[:, y == k], images[:, y != k]
        won = (sick_drawn @ wins * well_drawn).sum(axis=1)
        areas.append(won / (sick_drawn.sum(axis=1) * well_drawn.sum(axis=1)))
    return np.mean(areas, axis=0)


def _mean_auc(y, probabilities):
    return float(np.mean([auc(y, each) for each in probabilities]))
