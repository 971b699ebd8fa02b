"""Accuracy with its interval, tests of two and of many, agreement, and the confusion matrix."""

import numpy as np
import pytest

from medlstm.evaluation import (accuracy, accuracy_difference, confusion_matrix, dice, holm, mcnemar,
                                quadratic_kappa)


def test_accuracy_and_wilson_interval():
    y, predicted = np.zeros(10, int), np.array([0] * 8 + [1] * 2)
    value, low, high = accuracy(y, predicted)
    z, p, n = 1.959963984540054, 0.8, 10
    center = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert value == 0.8
    assert (low, high) == pytest.approx((center - half, center + half))


def test_a_perfect_score_still_has_an_interval():
    y = np.arange(20) % 3
    value, low, high = accuracy(y, y)
    assert value == 1 and 0.8 < low < 0.9 and high == pytest.approx(1)


def test_interval_narrows_with_confidence_and_size():
    y, predicted = np.zeros(100, int), np.array([0] * 80 + [1] * 20)
    width = lambda a: a.high - a.low
    assert width(accuracy(y, predicted, 0.9)) < width(accuracy(y, predicted))
    assert width(accuracy(y.repeat(9), predicted.repeat(9))) < 0.4 * width(accuracy(y, predicted))


def test_rows_of_the_confusion_matrix_are_the_truth():
    matrix = confusion_matrix(np.array([0, 0, 1, 2]), np.array([0, 1, 1, 1]), 4)
    assert matrix.tolist() == [[1, 1, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]]


def test_bad_classes_get_one_clear_sentence():
    with pytest.raises(ValueError, match=r"predicted: expected shape \(3,\), got \(2,\)"):
        accuracy(np.zeros(3, int), np.zeros(2, int))
    with pytest.raises(TypeError, match="y: expected integers, got dtype float64"):
        accuracy(np.zeros(3), np.zeros(3, int))
    with pytest.raises(ValueError, match="predicted: expected classes from 0 to 1"):
        confusion_matrix(np.array([0, 1]), np.array([0, 2]), 2)


def test_mcnemar_counts_only_disagreements():
    y = np.zeros(100, int)
    a, b = np.ones(100, int), np.ones(100, int)
    a[:20] = b[:10] = 0         # both right 10 times, only the first 10 times
    b[50:51] = 0                # only the second once
    result = mcnemar(y, a, b)
    assert result[:2] == (10, 1)
    assert result.p_value == pytest.approx(2 * (1 + 11) / 2 ** 11)      # two tails of the binomial
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
    once = accuracy_difference(y, a[:1], b[:1], rng)        # one seed each: the images alone
    spread = np.std((a[0] == 0).astype(int) - (b[0] == 0)) / 20
    assert (once.high - once.low) / (2 * spread) == pytest.approx(1.645, rel=0.06)
    wider = accuracy_difference(y, a, b, rng, confidence=0.99, draws=500)
    assert wider.low < result.low and wider.high > result.high
    with pytest.raises(ValueError, match=r"other: expected shape \(S, 400\)"):
        accuracy_difference(y, a, b[:, 1:], rng)


def test_kappa_weighs_errors_by_squared_distance(rng):
    y = rng.integers(0, 5, 80)
    predicted = np.clip(y + rng.integers(-1, 2, 80), 0, 4)
    error = ((y - predicted) ** 2).mean()
    by_chance = ((y[:, None] - predicted) ** 2).mean()
    assert quadratic_kappa(y, predicted) == pytest.approx(1 - error / by_chance)
    assert quadratic_kappa(y, y) == 1


def test_a_grade_that_nobody_has_still_takes_its_place():
    y, predicted = np.array([0, 1, 4, 4]), np.array([1, 0, 4, 0])
    error, by_chance = (1 + 1 + 0 + 16) / 4, ((y[:, None] - predicted) ** 2).mean()
    assert quadratic_kappa(y, predicted) == pytest.approx(1 - error / by_chance)
    with pytest.raises(ValueError, match="expected two or more grades, got 3 alone"):
        quadratic_kappa(np.full(3, 3), np.full(3, 3))
    with pytest.raises(ValueError, match="y: expected classes from 0 to 1"):
        quadratic_kappa(np.array([-1, 1]), np.array([0, 1]))
    assert quadratic_kappa(np.full(3, 3), np.full(3, 1)) == 0


def test_holm_by_hand():
    # Sorted: 0.005 * 4, 0.01 * 3, 0.03 * 2, 0.04 * 1; the last may not fall below the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.7, 0.9]).tolist() == [1, 1] and holm([0.04]).tolist() == [0.04]
    for wrong in ([], [1.5], [-0.1, 0.2], [np.nan]):
        with pytest.raises(ValueError, match="p_values: expected"):
            holm(wrong)


def test_dice():
    mask, predicted = np.array([[1, 1], [1, 0]], bool), np.array([[0, 1], [1, 1]], bool)
    assert dice(mask, predicted) == 4 / 6 and dice(mask, mask) == 1 and dice(mask, ~mask) == 0
    with pytest.raises(ValueError, match="expected a boolean array of shape .2, 2."):
        dice(mask, predicted.ravel())
    with pytest.raises(ValueError, match="expected at least one True, got none"):
        dice(mask & ~mask, mask & ~mask)
