"""What must hold for every LSTM, whatever its shape and its weights."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from medlstm.cells import CELLS, run
from medlstm.lstm import LSTM

SIZES = st.tuples(st.integers(1, 6), st.integers(1, 16), st.integers(1, 6), st.integers(1, 6))
SEEDS = st.integers(0, 10**6)


def make(sizes, seed, scale=1.0, dtype=np.float64, **options):
    N, T, D, H = sizes
    rng = np.random.default_rng(seed)
    layer = LSTM(D, H, dtype, rng, **options)
    for array in layer.parameters.values():
        array[...] = scale * rng.normal(size=array.shape)
    draw = lambda *shape: rng.normal(size=shape).astype(dtype)
    return layer, draw(N, T, D), (draw(N, H), draw(N, H))


@settings(max_examples=60, deadline=None)
@given(SIZES, SEEDS, st.sampled_from(["standard", "peephole"]), st.sampled_from([np.float32, np.float64]))
def test_the_fast_layer_equals_the_printed_cell(sizes, seed, name, dtype):
    layer, x, state = make(sizes, seed, dtype=dtype, peepholes=name == "peephole")
    h, (_, c) = layer.forward(x, state)
    trace, _ = run(CELLS[name], x, layer.parameters, state)
    tolerance = 1e-13 if dtype == np.float64 else 2e-4  # large random weights amplify rounding
    assert h.dtype == c.dtype == dtype
    np.testing.assert_allclose(h, trace["hidden"], atol=tolerance)
    np.testing.assert_allclose(c, trace["cell"][:, -1], atol=tolerance)


@settings(max_examples=40, deadline=None)
@given(SIZES, SEEDS, st.booleans(), st.data())
def test_padding_changes_nothing(sizes, seed, backwards, data):
    """A batch of sequences of different length gives each the answer, and the gradients, it gets alone."""
    layer, x, state = make(sizes, seed, go_backwards=backwards)
    N, T, _, _H = sizes
    lengths = data.draw(st.lists(st.integers(1, T), min_size=N, max_size=N))
    mask = np.arange(T) < np.array(lengths)[:, None]
    _, (h, c) = layer.forward(x, state, mask)
    dx, (dh_0, _) = layer.backward(None, (h, c))
    together = layer.gradients
    apart = {key: 0 for key in together}
    for n, length in enumerate(lengths):
        one = slice(n, n + 1)
        _, alone = layer.forward(x[one, :length], tuple(s[one] for s in state))
        np.testing.assert_allclose(alone, (h[one], c[one]), atol=1e-13)
        dx_alone, (dh_alone, _) = layer.backward(None, alone)
        np.testing.assert_allclose(dx_alone, dx[one, :length], atol=1e-12)
        np.testing.assert_allclose(dh_alone, dh_0[one], atol=1e-12)
        apart = {key: apart[key] + layer.gradients[key] for key in apart}
    assert not dx[~mask].any()
    for key in together:
        np.testing.assert_allclose(together[key], apart[key], atol=1e-11)


@settings(max_examples=30, deadline=None)
@given(SIZES, SEEDS, st.booleans())
def test_backwards_is_forwards_on_reversed_time(sizes, seed, peepholes):
    layer, x, state = make(sizes, seed, peepholes=peepholes)
    other, _, _ = make(sizes, seed, peepholes=peepholes, go_backwards=True)
    h, end = layer.forward(x[:, ::-1], state)
    g, other_end = other.forward(x, state)
    assert np.array_equal(g, h[:, ::-1]) and all(np.array_equal(a, b) for a, b in zip(end, other_end))


@settings(max_examples=30, deadline=None)
@given(SIZES, SEEDS, st.data())
def test_a_sequence_may_be_cut_anywhere(sizes, seed, data):
    layer, x, state = make(sizes, seed)
    cut = data.draw(st.integers(1, x.shape[1]))
    whole, end = layer.forward(x, state)
    first, middle = layer.forward(x[:, :cut], state)
    np.testing.assert_allclose(first, whole[:, :cut], atol=1e-13)
    if cut < x.shape[1]:
        rest, again = layer.forward(x[:, cut:], middle)
        np.testing.assert_allclose(rest, whole[:, cut:], atol=1e-13)
        np.testing.assert_allclose(again[1], end[1], atol=1e-13)


@settings(max_examples=30, deadline=None)
@given(SIZES, SEEDS)
def test_the_order_of_the_batch_and_of_the_units_does_not_matter(sizes, seed):
    layer, x, state = make(sizes, seed)
    N, _, _, H = sizes
    h, _ = layer.forward(x, state)
    batch, units = np.random.default_rng(seed).permutation(N), np.random.default_rng(seed).permutation(H)
    np.testing.assert_allclose(layer.forward(x[batch], tuple(s[batch] for s in state))[0], h[batch], atol=1e-13)

    columns = (np.arange(4)[:, None] * H + units).ravel()
    other = LSTM(layer.input_size, H, np.float64)
    other.kernel, other.bias = layer.kernel[:, columns], layer.bias[columns]
    other.recurrent_kernel = layer.recurrent_kernel[units][:, columns]
    moved, _ = other.forward(x, tuple(s[:, units] for s in state))
    np.testing.assert_allclose(moved, h[:, :, units], atol=1e-13)


@settings(max_examples=30, deadline=None)
@given(SIZES, SEEDS, st.sampled_from([1e-3, 1.0, 30.0]))
def test_the_hidden_state_stays_within_one(sizes, seed, scale):
    layer, x, state = make(sizes, seed, scale)
    assert np.abs(layer.forward(100 * x, state)[0]).max() <= 1


@settings(max_examples=20, deadline=None)
@given(SIZES, SEEDS)
def test_one_step_at_a_time_equals_the_whole_sequence(sizes, seed):
    layer, x, state = make(sizes, seed)
    whole, _ = layer.forward(x, state)
    for t in range(x.shape[1]):
        h, state = layer.forward(x[:, t : t + 1], state)
        np.testing.assert_allclose(h[:, 0], whole[:, t], atol=1e-13)
