"""The fast LSTM, against the cell that teaches, the complex step, and Keras."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from onnx import helper
from onnx.reference import ReferenceEvaluator
from threadpoolctl import threadpool_limits

from medlstm.cells import CELLS, run
from medlstm.gradients import complex_step, relative_error
from medlstm.lstm import LSTM

SHAPES = [(3, 5, 4, 2), (1, 1, 1, 1), (2, 7, 1, 3), (3, 2, 4, 3), (2, 16, 2, 2)]  # N, T, D, H
KINDS = {"standard": {}, "peephole": {"peepholes": True}}  # name in CELLS: options of LSTM


def by_the_cell(name, x, params, state, mask=None, backwards=False):
    """What `cells.run` gives, told in plain steps: each sequence by itself, its missing steps left out."""
    N, T, _ = x.shape
    h, c = (np.zeros((N, T, state[0].shape[1]), complex) for _ in range(2))
    for n in range(N):
        order = range(T)[::-1] if backwards else range(T)
        s = tuple(part[n : n + 1] for part in state)
        for t in order:
            if mask is None or mask[n, t]:
                s, _ = CELLS[name](x[n : n + 1, t], s, params)
            h[n, t], c[n, t] = s[0][0], s[1][0]
    last = 0 if backwards else T - 1
    return h, (h[:, last], c[:, last])


def make(shape, rng, dtype=np.float64, **options):
    """A layer with distinct random weights in every gate, an input, and a state to start from."""
    N, T, D, H = shape
    layer = LSTM(D, H, dtype, rng, **options)
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


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_kind_equals_the_cell_step_by_step(shape, name, masked, backwards, rng):
    layer, x, state = make(shape, rng, go_backwards=backwards, **KINDS[name])
    mask = rng.random(x.shape[:2]) < 0.6 if masked else None
    h, final = layer.forward(x, state, mask)
    expected, last = by_the_cell(name, x, layer.parameters, state, mask, backwards)
    for mine, other in zip((h, *final), (expected, *last), strict=True):
        np.testing.assert_allclose(mine, other.real, atol=1e-14)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_gradient_by_complex_step(shape, name, masked, backwards, rng):
    layer, x, (h_0, c_0) = make(shape, rng, go_backwards=backwards, **KINDS[name])
    mask = rng.random(x.shape[:2]) < 0.6 if masked else None
    h, (h_T, c_T) = layer.forward(x, (h_0, c_0), mask)
    w_h, w_hT, w_cT = (rng.normal(size=a.shape) for a in (h, h_T, c_T))
    dx, (dh_0, dc_0) = layer.backward(w_h, (w_hT, w_cT))

    inputs = {"x": x, "h_0": h_0, "c_0": c_0, **layer.parameters}
    gradients = {"x": dx, "h_0": dh_0, "c_0": dc_0, **layer.gradients}

    def loss(key, value):
        a = inputs | {key: value}
        params = {key: a[key] for key in layer.parameters}
        h, (h_T, c_T) = by_the_cell(name, a["x"], params, (a["h_0"], a["c_0"]), mask, backwards)
        return (w_h * h).sum() + (w_hT * h_T).sum() + (w_cT * c_T).sum()

    for key, value in inputs.items():
        exact = complex_step(lambda v, key=key: loss(key, v), value)
        assert np.linalg.norm(gradients[key] - exact) <= 1e-12 * np.linalg.norm(exact), key


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


@pytest.mark.parametrize("direction", ["forward", "reverse"])
@pytest.mark.parametrize("peepholes", [False, True])
def test_onnx_agrees(peepholes, direction, rng):
    """The reference evaluator of ONNX, which knows peepholes; its order is input, output, forget, candidate."""
    N, T, D, H = 3, 6, 5, 4
    layer, x, (h_0, c_0) = make((N, T, D, H), rng, np.float32, peepholes=peepholes, go_backwards=direction == "reverse")
    rows = np.concatenate([np.arange(H) + k * H for k in (0, 3, 1, 2)])
    feeds = {
        "X": x.swapaxes(0, 1),
        "W": layer.kernel.T[None, rows],
        "R": layer.recurrent_kernel.T[None, rows],
        "B": np.concatenate([layer.bias[rows], np.zeros(4 * H, np.float32)])[None],
        "": None,
        "h": h_0[None],
        "c": c_0[None],
    }
    if peepholes:
        feeds["P"] = layer.peephole[[0, 2, 1]].reshape(1, -1)
    node = helper.make_node("LSTM", list(feeds), ["Y", "Y_h", "Y_c"], hidden_size=H, direction="forward")
    given = {name: array for name, array in feeds.items() if name}
    if direction == "reverse":  # which the evaluator does not know: it is handed the time reversed
        given["X"] = given["X"][::-1]
    graph = helper.make_graph(
        [node],
        "lstm",
        [helper.make_tensor_value_info(name, 1, array.shape) for name, array in given.items()],
        [helper.make_tensor_value_info(name, 1, None) for name in ("Y", "Y_h", "Y_c")],
    )
    Y, Y_h, Y_c = ReferenceEvaluator(helper.make_model(graph)).run(None, given)
    h, final = layer.forward(x, (h_0, c_0))
    expected = Y[::-1] if direction == "reverse" else Y
    np.testing.assert_allclose(h, expected[:, 0].swapaxes(0, 1), atol=1e-6)
    np.testing.assert_allclose(final, (Y_h[0], Y_c[0]), atol=1e-6)


def test_the_lowest_layer_need_not_differentiate_its_input(rng):
    layer, x, state = make((3, 9, 4, 2), rng)
    h, _ = layer.forward(x, state)
    layer.backward(np.ones_like(h))
    gradients = layer.gradients
    assert layer.backward(np.ones_like(h), input_gradient=False)[0] is None
    assert all(np.array_equal(layer.gradients[key], gradients[key]) for key in gradients)


def test_a_refused_call_leaves_the_last_one_intact(rng):
    layer, x, state = make((3, 5, 4, 2), rng)
    h, _ = layer.forward(x, state)
    dx, _ = layer.backward(np.ones_like(h))
    for bad in ({"mask": np.ones((3, 4), bool)}, {"initial_state": (state[0], state[1].T)}):
        with pytest.raises(ValueError, match="expected"):
            layer.forward(x + 1, **bad)
        assert np.array_equal(layer.backward(np.ones_like(h))[0], dx)


def test_threads_change_nothing_but_rounding(rng):
    x, dh = rng.normal(size=(64, 28, 28)).astype(np.float32), rng.normal(size=(64, 28, 128)).astype(np.float32)

    def results():
        layer = LSTM(28, 128, rng=np.random.default_rng(0))
        h, _ = layer.forward(x)
        dx, _ = layer.backward(dh)
        return [h, dx, *layer.gradients.values()]

    with threadpool_limits(1):
        alone, again = results(), results()
    for one, same, several in zip(alone, again, results(), strict=True):
        assert np.array_equal(one, same)
        assert relative_error(several, one) < 1e-6


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


@pytest.mark.parametrize("value", [1e4, -1e4, 1e-42])
def test_extreme_inputs_stay_finite(value, rng):
    layer = LSTM(4, 3, rng=rng)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        h, _ = layer.forward(np.full((2, 9, 4), value, np.float32))
        dx, _ = layer.backward(np.ones_like(h))
    assert np.isfinite(h).all() and np.isfinite(dx).all() and np.abs(h).max() <= 1


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        ([[[1.0]]], TypeError, "x: expected a NumPy array, got list"),
        (np.zeros((2, 5, 4), int), TypeError, "x: expected floating-point numbers, got dtype int64"),
        (np.zeros((2, 5, 3)), ValueError, r"x: expected shape \(N, T, 4\), got \(2, 5, 3\)"),
        (np.zeros((2, 5, 4, 1)), ValueError, r"x: expected shape \(N, T, 4\), got \(2, 5, 4, 1\)"),
        (np.zeros((0, 5, 4)), ValueError, "empty"),
        (np.full((2, 5, 4), np.nan), ValueError, "x: expected finite numbers, got NaN"),
        (np.full((2, 5, 4), np.inf), ValueError, "x: expected finite numbers, got NaN"),
        (np.full((2, 5, 4), 1e39), ValueError, "x: expected numbers that fit into float32, got larger"),
        (np.ones((2, 5, 4), complex), TypeError, "x: expected real numbers, got dtype complex128"),
    ],
)
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
    for mask, got in ((np.ones((3, 4), bool), r"bool \(3, 4\)"), (np.ones((3, 5)), "float64"), ([True], "list")):
        with pytest.raises(ValueError, match=rf"mask: expected a boolean array of shape \(3, 5\), got {got}"):
            layer.forward(x, mask=mask)
    with pytest.raises(ValueError, match="initial_state: expected two arrays, got 1"):
        layer.forward(x, state[:1])


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        (np.full((3, 2), 1j), TypeError, "expected real numbers, got dtype complex128"),
        (np.full((3, 2), 1e300), ValueError, "expected numbers that fit into float32, got larger"),
        (np.full((3, 2), np.inf), ValueError, "expected finite numbers"),
    ],
)
def test_states_and_gradients_are_held_to_the_dtype(wrong, error, message):
    layer, good = LSTM(4, 2), np.zeros((3, 2))
    with pytest.raises(error, match=rf"initial_state\[1\]: {message}"):
        layer.forward(np.zeros((3, 1, 4)), (good, wrong))
    layer.forward(np.zeros((3, 1, 4)))
    with pytest.raises(error, match=f"dh: {message}"):
        layer.backward(wrong[:, None])
    with pytest.raises(error, match=rf"final_state_gradient\[0\]: {message}"):
        layer.backward(None, (wrong, good))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"units": 0}, ValueError, "units: expected a whole number of at least 1, got 0"),
        ({"input_size": 4.0}, TypeError, "input_size: expected a whole number of at least 1, got 4.0"),
        ({"input_size": "4"}, TypeError, "input_size: expected a whole number of at least 1, got '4'"),
        ({"units": True}, TypeError, "units: expected a whole number of at least 1, got True"),
        ({"dtype": np.int32}, TypeError, "dtype: expected a floating-point type, got .*int32"),
        ({"rng": "seed"}, TypeError, "rng: expected a numpy.random.Generator or a seed of at least 0, got 'seed'"),
    ],
)
def test_bad_settings_get_one_clear_sentence(arguments, error, message):
    with pytest.raises(error, match=message):
        LSTM(**{"input_size": 4, "units": 2} | arguments)


def test_a_seed_stands_for_its_generator():
    for rng, seed in ((None, 0), (5, 5), (np.int64(5), 5)):
        assert np.array_equal(LSTM(4, 2, rng=rng).kernel, LSTM(4, 2, rng=np.random.default_rng(seed)).kernel)


def test_a_plain_layer_has_no_peephole():
    layer = LSTM(4, 2)
    assert not hasattr(layer, "peephole")
    with pytest.raises(AttributeError, match="peephole: expected one of kernel, recurrent_kernel, bias, got .* LSTM"):
        layer.peephole = 0
