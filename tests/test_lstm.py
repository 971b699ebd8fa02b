"""The fast LSTM, against the cell that teaches, the complex step, and Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from medlstm.cells import CELLS, run
from medlstm.gradients import complex_step, relative_error
from medlstm.lstm import LSTM

SHAPES = [(3, 5, 4, 2), (1, 1, 1, 1), (2, 7, 1, 3), (4, 2, 6, 5)]     # N, T, D, H


def make(shape, rng, dtype=np.float64):
    """A layer with distinct random weights in every gate, an input, and a state to start from."""
    N, T, D, H = shape
    layer = LSTM(D, H, dtype, rng)
    for weight in layer.parameters.values():
        weight[...] = rng.normal(size=weight.shape)
    x = rng.normal(size=(N, T, D)).astype(dtype)
    state = tuple(rng.normal(size=(N, H)).astype(dtype) for _ in range(2))
    return layer, x, state


@pytest.mark.parametrize("shape", SHAPES)
def test_equals_the_cell_that_teaches(shape, rng):
    layer, x, state = make(shape, rng)
    h, (h_T, c_T) = layer.forward(x, state)
    trace, final = run(CELLS["standard"], x, layer.parameters, state)
    np.testing.assert_allclose(h, trace["hidden"], atol=1e-14)
    np.testing.assert_allclose(h_T, final[0], atol=1e-14)
    np.testing.assert_allclose(c_T, final[1], atol=1e-14)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_gradient_by_complex_step(shape, rng):
    layer, x, (h_0, c_0) = make(shape, rng)
    h, (h_T, c_T) = layer.forward(x, (h_0, c_0))
    w_h, w_hT, w_cT = (rng.normal(size=a.shape) for a in (h, h_T, c_T))
    dx, (dh_0, dc_0) = layer.backward(w_h, (w_hT, w_cT))

    inputs = {"x": x, "h_0": h_0, "c_0": c_0, **layer.parameters}
    gradients = {"x": dx, "h_0": dh_0, "c_0": dc_0, **layer.gradients}

    def loss(name, value):
        a = inputs | {name: value}
        params = {key: a[key] for key in layer.parameters}
        trace, (h_T, c_T) = run(CELLS["standard"], a["x"], params, (a["h_0"], a["c_0"]))
        return (w_h * trace["hidden"]).sum() + (w_hT * h_T).sum() + (w_cT * c_T).sum()

    for name, value in inputs.items():
        exact = complex_step(lambda v, name=name: loss(name, v), value)
        assert relative_error(gradients[name], exact) < 1e-12, name


def test_backward_without_sequence_gradient_equals_zeros(rng):
    layer, x, state = make((3, 5, 4, 2), rng)
    h, final = layer.forward(x, state)
    a, _ = layer.backward(None, final)
    b, _ = layer.backward(np.zeros_like(h), final)
    assert np.array_equal(a, b) and a.any()


@pytest.mark.parametrize("shape", [(3, 5, 4, 2), (8, 28, 28, 16), (2, 1, 3, 7)])
def test_keras_agrees(shape, rng):
    layer, x, state = make(shape, rng, np.float32)
    for weight in layer.parameters.values():
        weight *= 0.3
    theirs = keras.layers.LSTM(layer.units, return_sequences=True, return_state=True)
    theirs.build((None, None, layer.input_size))
    theirs.set_weights(list(layer.parameters.values()))

    h, final = layer.forward(x, state)
    upstream = [rng.normal(size=a.shape).astype(np.float32) for a in (h, *final)]
    dx, d_state = layer.backward(upstream[0], tuple(upstream[1:]))

    sources = [tf.constant(a) for a in (x, *state)]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        outputs = theirs(sources[0], initial_state=sources[1:])
        loss = sum(tf.reduce_sum(o * u) for o, u in zip(outputs, upstream, strict=True))
    expected = tape.gradient(loss, [*sources, *theirs.trainable_weights])

    for mine, other in zip((h, *final), outputs, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-6)
    for mine, other in zip((dx, *d_state, *layer.gradients.values()), expected, strict=True):
        assert relative_error(mine, other.numpy()) < 1e-5


def test_golden_value_of_keras():
    """A value that Keras's own tests expect, of weights .01, .02 and .03 with a forget bias of 1."""
    layer = LSTM(4, 3, np.float64)
    layer.kernel, layer.recurrent_kernel, layer.bias = 0.01, 0.02, 0.03
    layer.bias[3:6] = 1
    _, (h_T, _) = layer.forward(np.arange(72.0).reshape(3, 6, 4))
    np.testing.assert_allclose(h_T[0], 0.6288687, atol=1e-7)


def test_starting_weights_are_those_of_keras(rng):
    layer = LSTM(28, 128, rng=rng)
    limit = np.sqrt(6 / (28 + 512))
    assert 0.98 * limit < np.abs(layer.kernel).max() <= limit
    np.testing.assert_allclose(layer.recurrent_kernel @ layer.recurrent_kernel.T, np.eye(128), atol=1e-5)
    assert np.array_equal(layer.bias.reshape(4, 128).any(axis=1), [False, True, False, False])
    assert (layer.bias[128:256] == 1).all()


def test_no_result_is_overwritten_by_the_next_call(rng):
    layer, x, state = make((3, 5, 4, 2), rng)
    h, (h_T, c_T) = layer.forward(x, state)
    kept = h.copy(), h_T.copy(), c_T.copy()
    layer.forward(x + 1)
    assert all(np.array_equal(a, b) for a, b in zip((h, h_T, c_T), kept, strict=True))
    dx, _ = layer.backward(np.ones_like(h))
    kept, gradients = dx.copy(), {k: v.copy() for k, v in layer.gradients.items()}
    held = layer.gradients
    layer.forward(x)
    layer.backward(np.ones_like(h) * 3)
    assert np.array_equal(dx, kept) and all(np.array_equal(held[k], gradients[k]) for k in held)


def test_shapes_may_change_from_call_to_call(rng):
    layer, x, _ = make((6, 5, 4, 2), rng)
    whole, _ = layer.forward(x)
    part, _ = layer.forward(x[:2, :3])
    np.testing.assert_allclose(part, whole[:2, :3], atol=1e-15)
    layer.backward(np.ones((2, 3, 2)))


def test_hidden_states_are_read_only(rng):
    layer, x, _ = make((3, 5, 4, 2), rng)
    with pytest.raises(ValueError, match="read-only"):
        layer.forward(x)[0][0] = 0


def test_assigning_a_weight_writes_in_place(rng):
    layer = LSTM(4, 2, rng=rng)
    kernel = layer.kernel
    layer.kernel = np.ones((4, 8))
    layer.kernel += 1
    assert kernel is layer.kernel and (kernel == 2).all()


@pytest.mark.parametrize("value", [1e4, -1e4, 1e-42])
def test_extreme_inputs_stay_finite(value, rng):
    layer = LSTM(4, 3, rng=rng)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        h, _ = layer.forward(np.full((2, 9, 4), value, np.float32))
        dx, _ = layer.backward(np.ones_like(h))
    assert np.isfinite(h).all() and np.isfinite(dx).all() and np.abs(h).max() <= 1


@pytest.mark.parametrize(("x", "error", "message"), [
    ([[[1.0]]], TypeError, "x: expected a NumPy array, got list"),
    (np.zeros((2, 5, 4), int), TypeError, "x: expected floating-point numbers, got dtype int64"),
    (np.zeros((2, 5, 3)), ValueError, r"x: expected shape \(N, T, 4\), got \(2, 5, 3\)"),
    (np.zeros((2, 5, 4, 1)), ValueError, r"x: expected shape \(N, T, 4\), got \(2, 5, 4, 1\)"),
    (np.zeros((0, 5, 4)), ValueError, "empty"),
    (np.full((2, 5, 4), np.nan), ValueError, "x: expected finite numbers, got NaN"),
    (np.full((2, 5, 4), np.inf), ValueError, "x: expected finite numbers, got NaN"),
])
def test_bad_input_gets_one_clear_sentence(x, error, message):
    with pytest.raises(error, match=message):
        LSTM(4, 2).forward(x)


def test_bad_state_and_gradient_get_one_clear_sentence(rng):
    layer, x, state = make((3, 5, 4, 2), rng)
    with pytest.raises(RuntimeError, match="backward: expected a call of forward first"):
        layer.backward(np.zeros((3, 5, 2)))
    with pytest.raises(ValueError, match=r"initial_state\[1\]: expected shape \(3, 2\), got \(2, 3\)"):
        layer.forward(x, (state[0], state[1].T))
    layer.forward(x)
    with pytest.raises(ValueError, match=r"dh: expected shape \(3, 5, 2\), got \(3, 5, 4\)"):
        layer.backward(np.zeros((3, 5, 4)))
    with pytest.raises(ValueError, match="units: expected at least 1, got 0"):
        LSTM(4, 0)
