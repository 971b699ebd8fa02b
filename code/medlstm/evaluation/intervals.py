"""How sure are we of a figure? Intervals over images, and over images and seeds."""

from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest

from medlstm.checks import check_number, check_size


class Interval(NamedTuple):
    """A figure and the ends of its interval."""

    value: float
    low: float
    high: float


class Difference(NamedTuple):
    """A difference of two figures, the ends of its interval, and the p-value of no difference."""

    value: float
    low: float
    high: float
    p_value: float


def proportion(count, total, confidence=0.95):
    """The share `count` / `total` with its Wilson (1927) score interval, an `Interval`."""
    check_number("confidence", confidence, "(0, 1)")
    test = binomtest(count, total)
    return Interval(*map(float, (test.statistic, *test.proportion_ci(confidence, method="wilson"))))


def percentile_interval(samples, confidence):
    """The two ends between which the middle `confidence` of the bootstrap samples lies."""
    check_number("confidence", confidence, "(0, 1)")
    tail = 50 * (1 - confidence)
    low, high = np.percentile(samples, (tail, 100 - tail))
    return float(low), float(high)


def draw_images(counts, draws, rng):
    """A bootstrap's images: how often each draw (draws, M) takes one of M kinds, of which there are `counts` (M,)."""
    check_size("draws", draws)
    return rng.multinomial(counts.sum(), counts / counts.sum(), draws)


def over_seeds(figures, rng):
    """A bootstrap's seeds: the mean (draws,) of figures (draws, S) of S trained networks, drawn anew for each draw."""
    draws, seeds = figures.shape
    drawn = rng.multinomial(seeds, np.full(seeds, 1 / seeds), draws) / seeds
    return (drawn * figures).sum(axis=1)


def difference(value, samples, confidence):
    """The `Difference` of a value whose bootstrap samples (B,) are these.

    The p-value inverts the interval: twice the smaller of the shares of samples at or below 0 and at
    or above 0, each counted as (samples + 1) / (B + 1). It cannot fall below 2 / (B + 1).
    """
    rarer = min((samples <= 0).sum(), (samples >= 0).sum())
    p_value = float(min(1, 2 * (rarer + 1) / (len(samples) + 1)))
    return Difference(float(value), *percentile_interval(samples, confidence), p_value)


def difference_over_seeds(value, figures, other, rng, confidence, paired=False):
    """The `Difference` of a value, from figures (draws, S) of networks and of others; `paired`: partners together."""
    if not paired:
        return difference(value, over_seeds(figures, rng) - over_seeds(other, rng), confidence)
    if figures.shape != other.shape:
        raise ValueError(
            f"paired: expected as many networks of both ways, got {figures.shape[1]} and {other.shape[1]}; "
            "give each its partner, or leave paired out"
        )
    return difference(value, over_seeds(figures - other, rng), confidence)
