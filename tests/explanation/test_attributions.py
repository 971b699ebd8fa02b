"""Explanations must pass the tests that expose bad ones."""

import numpy as np
import pytest

from medlstm.explanation import evidence, integrated_gradients, occlude_patches, occlude_rows, patch_sums, trace
from medlstm.network import RowsAndColumns, SequenceClassifier


@pytest.fixture
def network(rng):
    network = SequenceClassifier(4, (6, 5), 3, seed=1, dtype=np.float64)
    for array in network.parameters.values():
        array += rng.normal(scale=0.5, size=array.shape)
    return network


def test_integrated_gradients_account_for_the_whole_logit(network, rng):
    x, target = rng.normal(size=(5, 7, 4)), np.array([0, 1, 2, 2, 0])
    baseline = rng.normal(size=4)
    rise = (network.forward(x) - network.forward(np.broadcast_to(baseline, x.shape).copy()))[np.arange(5), target]
    errors = [
        np.abs(integrated_gradients(network, x, target, baseline, steps).sum(axis=(1, 2)) - rise).max()
        for steps in (8, 64, 512)
    ]
    assert errors[0] > errors[1] > errors[2] and errors[2] < 1e-4


def test_integrated_gradients_of_a_linear_model_are_its_terms(rng):
    class Linear:
        """The sum over time, times a matrix."""

        W = rng.normal(size=(4, 3))

        classes = 3

        def forward(self, x):
            self.T = x.shape[1]
            return x.sum(axis=1) @ self.W

        def backward(self, dlogits):
            return np.repeat((dlogits @ self.W.T)[:, None], self.T, axis=1)

    x, target = rng.normal(size=(2, 5, 4)), np.array([2, 0])
    np.testing.assert_allclose(
        integrated_gradients(Linear(), x, target, steps=3), x * Linear.W.T[target][:, None], atol=1e-14
    )
    np.testing.assert_allclose(
        occlude_rows(Linear(), x, target), (x * Linear.W.T[target][:, None]).sum(axis=2), atol=1e-14
    )


def test_occlusion_measures_the_fall_of_the_logit(network, rng):
    x, target, fill = rng.normal(size=(3, 7, 4)), np.array([0, 1, 2]), rng.normal(size=4)
    falls = occlude_rows(network, x, target, fill, height=2)
    assert falls.shape == (3, 6)
    covered = x[:1].copy()
    covered[:, 4:6] = fill
    np.testing.assert_allclose(falls[0, 4], (network.forward(x[:1]) - network.forward(covered))[0, 0], atol=1e-14)
    x[:, 2:4] = fill
    np.testing.assert_allclose(occlude_rows(network, x, target, fill, 2)[:, 2], 0, atol=1e-14)
    np.testing.assert_allclose(occlude_rows(network, x, target, np.tile(fill, (7, 1)), 2)[:, 2], 0, atol=1e-14)
    np.testing.assert_array_equal(occlude_rows(network, x[:1], target[:1], x[0], height=3), np.zeros((1, 5)))


def test_bad_requests_get_one_clear_sentence(network, rng):
    x = rng.normal(size=(2, 7, 4))
    with pytest.raises(ValueError, match="target: expected classes from 0 to 2, got values from -1 to 0"):
        integrated_gradients(network, x, np.array([-1, 0]))
    with pytest.raises(ValueError, match="height: expected 1 to 7 rows, got 8"):
        occlude_rows(network, x, np.array([1, 0]), height=8)


def test_the_last_evidence_is_the_answer(network, rng):
    x = rng.normal(size=(3, 7, 4))
    np.testing.assert_allclose(evidence(network, x)[:, -1], network.predict(x), atol=1e-14)
    assert trace(network, x)[1]["forget"].shape == (3, 7, 5)
    whole = RowsAndColumns(4, 4, (3,), 2)
    with pytest.raises(TypeError, match="network: expected one that can stop after each step, .* got RowsAndColumns"):
        evidence(whole, x)
    with pytest.raises(TypeError, match="network: expected a SequenceClassifier, got RowsAndColumns; convert"):
        trace(whole, x)


def test_rows_and_columns_are_explained_too(rng):
    network = RowsAndColumns(7, 4, (3,), 3, seed=1, dtype=np.float64)
    x, target = rng.normal(size=(2, 7, 4)), np.array([2, 0])
    rise = (network.forward(x) - network.forward(0 * x))[np.arange(2), target]
    np.testing.assert_allclose(integrated_gradients(network, x, target, steps=512).sum(axis=(1, 2)), rise, atol=1e-3)
    assert occlude_rows(network, x, target).shape == (2, 7)


def test_covering_a_square_measures_the_fall_of_the_logit(rng):
    network = SequenceClassifier(6, (5,), 2, seed=1, dtype=np.float64)
    x, fill, target = rng.normal(size=(3, 4, 6)), rng.normal(size=(4, 6)), np.array([0, 1, 1])
    falls = occlude_patches(network, x, target, fill, size=2)
    covered = x.copy()
    covered[:, 2:4, 4:6] = fill[2:4, 4:6]
    expected = (network.forward(x) - network.forward(covered))[np.arange(3), target]
    assert falls.shape == (3, 2, 3)
    np.testing.assert_allclose(falls[:, 1, 2], expected, atol=1e-14)
    with pytest.raises(ValueError, match="size: expected a whole part of 4 and of 6 pixels, got 4"):
        occlude_patches(network, x, target, size=4)


def test_sums_over_squares():
    maps = np.arange(24.0).reshape(1, 4, 6)
    assert patch_sums(maps, 2)[0].tolist() == [[14, 22, 30], [62, 70, 78]]
    assert patch_sums(maps, 1).tolist() == maps.tolist()
