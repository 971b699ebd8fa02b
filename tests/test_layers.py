"""The dense layer and the losses, against the complex step and against worked values."""

import numpy as np
import pytest

from medlstm.cells import softmax
from medlstm.gradients import complex_step, relative_error
from medlstm.layers import Dense, Dropout, MeanAndMaximum, mean_squared_error, softmax_cross_entropy


def test_dense_forward_and_gradients(rng):
    layer = Dense(4, 3, np.float64, rng)
    layer.bias = rng.normal(size=3)
    x, w = rng.normal(size=(5, 4)), rng.normal(size=(5, 3))
    y = layer.forward(x)
    for n in range(5):
        for k in range(3):
            assert y[n, k] == pytest.approx(sum(x[n, j] * layer.kernel[j, k] for j in range(4)) + layer.bias[k])
    dx = layer.backward(w)
    exact = {
        "x": complex_step(lambda v: (w * (v @ layer.kernel + layer.bias)).sum(), x),
        "kernel": complex_step(lambda v: (w * (x @ v + layer.bias)).sum(), layer.kernel),
        "bias": complex_step(lambda v: (w * (x @ layer.kernel + v)).sum(), layer.bias),
    }
    for name, gradient in {"x": dx, **layer.gradients}.items():
        assert relative_error(gradient, exact[name]) < 1e-12, name


def test_dense_starts_within_the_glorot_limit(rng):
    kernel = Dense(64, 10, rng=rng).kernel
    assert 0.95 * np.sqrt(6 / 74) < np.abs(kernel).max() <= np.sqrt(6 / 74)


def test_cross_entropy_of_worked_example():
    logits = np.log(np.array([[0.2, 0.3, 0.5], [0.7, 0.1, 0.2]]))
    loss, gradient = softmax_cross_entropy(logits, np.array([2, 0]))
    assert loss == pytest.approx(-(np.log(0.5) + np.log(0.7)) / 2)
    np.testing.assert_allclose(gradient, [[0.1, 0.15, -0.25], [-0.15, 0.05, 0.1]], atol=1e-15)


def test_loss_gradients_by_complex_step(rng):
    logits, target = rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    y = np.array([0, 2, 1, 1])

    def cross_entropy(z):
        return -np.log(np.exp(z)[np.arange(4), y] / np.exp(z).sum(axis=1)).mean()

    assert relative_error(softmax_cross_entropy(logits, y)[1], complex_step(cross_entropy, logits)) < 1e-12
    exact = complex_step(lambda p: ((p - target) ** 2).mean(), logits)
    value, gradient = mean_squared_error(logits, target)
    assert value == pytest.approx(np.mean((logits - target) ** 2))
    assert relative_error(gradient, exact) < 1e-12


def test_softmax_survives_huge_logits():
    with np.errstate(over="raise", invalid="raise"):
        np.testing.assert_array_equal(softmax(np.array([[1e4, 0.0, -1e4]])), [[1, 0, 0]])
        loss, _ = softmax_cross_entropy(np.array([[1e4, 0.0, -1e4]]), np.array([2]))
    assert loss == 2e4


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (np.array([0.0, 1.0]), TypeError, "y: expected integers, got dtype float64"),
        (np.array([0, 3]), ValueError, "y: expected classes from 0 to 2, got values from 0 to 3"),
        (np.array([0, -1]), ValueError, "y: expected classes from 0 to 2, got values from -1 to 0"),
        (np.array([0]), ValueError, r"y: expected shape \(2,\), got \(1,\)"),
        (np.eye(2, dtype=int), ValueError, r"y: expected shape \(2,\), got \(2, 2\)"),
    ],
)
def test_bad_labels_get_one_clear_sentence(y, error, message):
    with pytest.raises(error, match=message):
        softmax_cross_entropy(np.zeros((2, 3)), y)


def test_bad_arrays_get_one_clear_sentence():
    for layer in (Dense(4, 3), MeanAndMaximum(), Dropout(0.5)):
        with pytest.raises(RuntimeError, match="backward: expected a call of forward first"):
            layer.backward(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"x: expected shape \(N, 4\), got \(2, 3\)"):
        Dense(4, 3).forward(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"target: expected shape \(2, 3\), got \(3, 2\)"):
        mean_squared_error(np.zeros((2, 3)), np.zeros((3, 2)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Dense(0, 2), ValueError, "input_size: expected a whole number of at least 1, got 0"),
        (lambda: Dense(2, 2.0), TypeError, "units: expected a whole number of at least 1, got 2.0"),
        (lambda: Dense(2, 2, dtype=int), TypeError, "dtype: expected a floating-point type"),
        (lambda: Dense(2, 2, rng=-1), TypeError, "rng: expected a numpy.random.Generator or a seed"),
        (lambda: Dropout(1), ValueError, r"rate: expected a number in \[0, 1\), got 1"),
        (lambda: Dropout(-0.1), ValueError, r"rate: expected a number in \[0, 1\), got -0.1"),
        (lambda: softmax_cross_entropy(np.zeros((1, 2)), np.array([0]), 1.0), ValueError, r"smoothing: .* got 1.0"),
        (lambda: softmax_cross_entropy(np.zeros((1, 2)), np.array([0]), float("nan")), ValueError, "smoothing: .* nan"),
    ],
)
def test_bad_settings_get_one_clear_sentence(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_dropout_acts_in_training_only_and_keeps_the_mean(rng):
    layer, x = Dropout(0.25, 3), rng.normal(size=(400, 30))
    assert np.array_equal(layer.forward(x), x) and np.array_equal(layer.backward(x), x)
    y = layer.forward(x, training=True)
    kept = y != 0
    np.testing.assert_allclose(y[kept], x[kept] / 0.75, rtol=1e-15)
    assert abs(kept.mean() - 0.75) < 0.02
    assert np.array_equal(layer.backward(np.ones_like(x)), kept / 0.75)
    assert np.array_equal(Dropout(0.25, np.random.default_rng(3)).forward(x, training=True), y)
    assert not np.array_equal(layer.forward(x, training=True), y)


def test_smoothing_spreads_the_target(rng):
    logits, y = rng.normal(size=(5, 4)), np.array([0, 3, 1, 1, 2])
    loss, gradient = softmax_cross_entropy(logits, y, 0.2)
    target = np.full((5, 4), 0.05) + 0.8 * np.eye(4)[y]
    assert np.isclose(loss, -(target * np.log(softmax(logits))).sum(axis=1).mean(), rtol=1e-14)
    exact = complex_step(lambda v: -(target * (v - np.log(np.exp(v).sum(axis=1, keepdims=True)))).sum() / 5, logits)
    np.testing.assert_allclose(gradient, exact, atol=1e-15)


def test_mean_and_maximum_by_complex_step(rng):
    pool, h, upstream = MeanAndMaximum(), rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 6))
    np.testing.assert_allclose(pool.forward(h), np.concatenate([h.mean(axis=1), h.max(axis=1)], axis=1))
    largest = h.argmax(axis=1)[:, None]
    exact = complex_step(
        lambda v: (
            upstream * np.concatenate([v.mean(axis=1), np.take_along_axis(v, largest, axis=1)[:, 0]], axis=1)
        ).sum(),
        h,
    )
    np.testing.assert_allclose(pool.backward(upstream), exact, atol=1e-15)
