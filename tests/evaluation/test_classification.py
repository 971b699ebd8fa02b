"""Accuracy with its interval, agreement, overlap, and the confusion matrix."""

import numpy as np
import pytest

from medlstm.evaluation import accuracy, confusion_matrix, dice, quadratic_kappa


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


def test_dice():
    mask, predicted = np.array([[1, 1], [1, 0]], bool), np.array([[0, 1], [1, 1]], bool)
    assert dice(mask, predicted) == 4 / 6 and dice(mask, mask) == 1 and dice(mask, ~mask) == 0
    with pytest.raises(ValueError, match="expected a boolean array of shape .2, 2."):
        dice(mask, predicted.ravel())
    with pytest.raises(ValueError, match="expected at least one True, got none"):
        dice(mask & ~mask, mask & ~mask)
