"""Explanations must pass the tests that expose bad ones."""

import numpy as np
import pytest

from medlstm.explanation import LogOdds, delete, integrated_gradients, with_shuffled_weights
from medlstm.network import SequenceClassifier


def test_shuffled_weights_touch_only_the_layers_named(rng):
    network = SequenceClassifier(4, (6, 5), 3, seed=1, dtype=np.float64)
    for array in network.parameters.values():
        array += rng.normal(scale=0.5, size=array.shape)
    before = {name: array.copy() for name, array in network.parameters.items()}
    other = with_shuffled_weights(network, ["lstm_1", "head"], rng)
    for name, array in network.parameters.items():
        assert np.array_equal(array, before[name])
        if name.endswith("kernel"):  # a short bias may be shuffled into itself
            assert np.array_equal(other.parameters[name], array) == name.startswith("lstm_0")
        np.testing.assert_allclose(np.sort(other.parameters[name], axis=None), np.sort(array, axis=None))
    with pytest.raises(ValueError, match="layers: expected some of lstm_0, lstm_1, head, got lstm0"):
        with_shuffled_weights(network, ["lstm0"], rng)


class Sum:
    """Class 0 has the weighted sum of the pixels for its logit, class 1 its double."""

    classes = 2

    def __init__(self, weights):
        self.weights = weights

    def forward(self, x):
        return (x * self.weights).sum(axis=(1, 2))[:, None] * np.array([1.0, 2.0])

    def backward(self, dlogits):
        return (dlogits @ np.array([1.0, 2.0]))[:, None, None] * self.weights


def test_squares_are_covered_from_the_highest_score_on(rng):
    x = np.kron([[[1.0, 2.0], [3.0, 4.0]], [[4.0, 3.0], [2.0, 1.0]]], np.ones((2, 2)))
    network, target = Sum(np.ones((4, 4))), np.array([0, 1])
    scores = np.array([[[1.0, 2.0], [3.0, 4.0]]] * 2)
    curve = delete(network, x, target, scores, range(5))
    assert curve.tolist() == [[40, 24, 12, 4, 0], [80, 72, 56, 32, 0]]
    uncovered = delete(network, x, target, -scores, range(4, -1, -1))
    assert uncovered[0].tolist() == [0, 16, 28, 36, 40], "insertion, the highest score first"
    assert delete(network, x, target, scores, [1], fill=np.full((4, 4), 1.0))[0, 0] == 28
    with pytest.raises(ValueError, match="scores: expected one for each square of 2 images of 4 by 4 pixels"):
        delete(network, x, target, np.ones((2, 3, 2)), [1])


def test_log_odds_are_differences_and_so_are_their_gradients(rng):
    network = SequenceClassifier(4, (6,), 2, seed=1, dtype=np.float64)
    x = rng.normal(size=(3, 5, 4))
    odds = LogOdds(network)
    p = network.predict(x)
    np.testing.assert_allclose(odds.forward(x)[:, 1], np.log(p[:, 1] / p[:, 0]), atol=1e-12)
    np.testing.assert_allclose(odds.forward(x)[:, 0], np.log(p[:, 0] / p[:, 1]), atol=1e-12)
    for target in (np.zeros(3, int), np.ones(3, int)):
        whole = integrated_gradients(odds, x, target, steps=4)
        parts = [integrated_gradients(network, x, k, steps=4) for k in (target, 1 - target)]
        np.testing.assert_allclose(whole, parts[0] - parts[1], atol=1e-14)
    with pytest.raises(ValueError, match="network: expected one of two classes, got 3"):
        LogOdds(SequenceClassifier(4, (6,), 3, seed=1))
