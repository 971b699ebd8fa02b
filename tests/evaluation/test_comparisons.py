"""Tests of two networks and of many."""

import numpy as np
import pytest

from medlstm.evaluation import accuracy_difference, holm, mcnemar, mean_difference, mean_interval


def test_mcnemar_counts_only_disagreements():
    y = np.zeros(100, int)
    a, b = np.ones(100, int), np.ones(100, int)
    a[:20] = b[:10] = 0  # both right 10 times, only the first 10 times
    b[50:51] = 0  # only the second once
    result = mcnemar(y, a, b)
    assert result[:2] == (10, 1)
    assert result.p_value == pytest.approx(2 * (1 + 11) / 2**11)  # two tails of the binomial
    assert mcnemar(y, a, a) == (0, 0, 1.0)
    assert mcnemar(y, b, a)[:2] == (1, 10)


def test_accuracy_difference_covers_seeds_and_images(rng):
    y = np.zeros(400, int)
    a = (rng.random((5, 400)) > 0.9).astype(int)
    b = (rng.random((3, 400)) > 0.8).astype(int)
    result = accuracy_difference(y, a, b, rng, draws=500)
    assert result.value == pytest.approx((a == 0).mean() - (b == 0).mean())
    assert result.low < result.value < result.high and result.low > 0
    same = accuracy_difference(y, a, a, rng, draws=500)
    assert same.value == 0 and same.low < 0 < same.high
    once = accuracy_difference(y, a[:1], b[:1], rng)  # one seed each: the images alone
    spread = np.std((a[0] == 0).astype(int) - (b[0] == 0)) / 20
    assert (once.high - once.low) / (2 * spread) == pytest.approx(1.645, rel=0.06)
    wider = accuracy_difference(y, a, b, rng, confidence=0.99, draws=500)
    assert wider.low < result.low and wider.high > result.high
    with pytest.raises(ValueError, match=r"other: expected shape \(S, 400\)"):
        accuracy_difference(y, a, b[:, 1:], rng)


def test_partners_are_drawn_together(rng):
    y = np.zeros(1000, int)
    worse = (rng.random((4, 1000)) < np.array([[0.1], [0.2], [0.3], [0.4]])).astype(int)
    better = worse * (rng.random(worse.shape) > 0.1)  # each mends a tenth of its partner's mistakes
    apart, together = (accuracy_difference(y, better, worse, rng, draws=500, paired=paired) for paired in (False, True))
    assert together.value == apart.value and together.low > 0 > apart.low
    with pytest.raises(ValueError, match="paired: expected as many networks of both ways, got 4 and 3"):
        accuracy_difference(y, better, worse[1:], rng, paired=True)


def test_a_mean_of_what_is_right_is_an_accuracy(rng):
    y = np.zeros(300, int)
    a, b = (rng.random((5, 300)) < wrong for wrong in (0.1, 0.3))
    interval = mean_interval((a == 0).astype(float), rng, draws=500)
    assert interval.value == pytest.approx((a == 0).mean()) and interval.low < interval.value < interval.high
    ours = mean_difference(1.0 - a, 1.0 - b, rng, confidence=0.9, draws=4000)
    theirs = accuracy_difference(y, a.astype(int), b.astype(int), rng)
    assert ours.value == pytest.approx(theirs.value)
    assert ours.low == pytest.approx(theirs.low, abs=0.01) and ours.high == pytest.approx(theirs.high, abs=0.01)


def test_a_mean_by_the_normal_law_where_there_is_one_seed(rng):
    errors = rng.normal(5, 2, (2, 400))
    low, high = mean_interval(errors[:1], rng, draws=4000)[1:]
    assert (high - low) / (2 * errors[0].std() / 20) == pytest.approx(1.96, rel=0.06)
    same = mean_difference(errors[:1], errors[:1], rng)
    assert same[:3] == (0, 0, 0) and same.p_value == 1
    seeds = np.repeat([[1.0], [3.0]], 400, axis=1)  # images alike, seeds not
    assert mean_interval(seeds, rng)[1:] == (1, 3)
    partners = mean_difference(errors, errors + 0.1, rng, paired=True)
    assert partners[:3] == pytest.approx((-0.1, -0.1, -0.1)) and mean_difference(errors, errors + 0.1, rng).high > 0
    with pytest.raises(ValueError, match="paired: expected as many networks of both ways, got 2 and 1"):
        mean_difference(errors, errors[:1], rng, paired=True)
    with pytest.raises(ValueError, match=r"other: expected shape \(S, 400\)"):
        mean_difference(errors, errors[:, 1:], rng)
    with pytest.raises(ValueError, match=r"values: expected shape \(S, N\)"):
        mean_interval(errors[0], rng)


def test_holm_by_hand():
    # Sorted: 0.005 * 4, 0.01 * 3, 0.03 * 2, 0.04 * 1; the last may not fall below the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.7, 0.9]).tolist() == [1, 1] and holm([0.04]).tolist() == [0.04]
    for wrong in ([], [1.5], [-0.1, 0.2], [np.nan]):
        with pytest.raises(ValueError, match="p_values: expected"):
            holm(wrong)
