"""Accuracy with its interval, and the confusion matrix."""

import numpy as np
import pytest

from medlstm.evaluation import accuracy, confusion_matrix


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
    with pytest.raises(ValueError, match="y: expected classes from 0 to 1"):
        confusion_matrix(np.array([0, 1]), np.array([0, 2]), 2)
