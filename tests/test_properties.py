"""What must hold for every LSTM, whatever its shape and its weights."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from medlstm.cells import CELLS, run
from medlstm.lstm import LSTM

SIZES = st.tuples(*(st.integers(1, 6) for _ in range(4)))


def make(sizes, seed, scale=1.0):
    N, T, D, H = sizes
    rng = np.random.default_rng(seed)
    layer = LSTM(D, H, np.float64, rng)
    for array in layer.parameters.values():
        array[...] = scale * rng.normal(size=array.shape)
    return layer, rng.normal(size=(N, T, D)), (rng.normal(size=(N, H)), rng.normal(size=(N, H)))


@settings(max_examples=40, deadline=None)
@given(SIZES, st.integers(0, 10**6))
def test_the_fast_layer_equals_the_printed_cell(sizes, seed):
    layer, x, state = make(sizes, seed)
    h, (_, c) = layer.forward(x, state)
    trace, _ = run(CELLS["standard"], x, layer.parameters, state)
    np.testing.assert_allclose(h, trace["hidden"], atol=1e-13)
    np.testing.assert_allclose(c, trace["cell"][:, -1], atol=1e-13)


@settings(max_examples=30, deadline=None)
@given(SIZES, st.integers(0, 10**6), st.data())
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
@given(SIZES, st.integers(0, 10**6))
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
@given(SIZES, st.integers(0, 10**6), st.sampled_from([1e-3, 1.0, 30.0]))
def test_the_hidden_state_stays_within_one(sizes, seed, scale):
    layer, x, state = make(sizes, seed, scale)
    assert np.abs(layer.forward(100 * x, state)[0]).max() <= 1
