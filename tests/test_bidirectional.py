"""Two directions side by side, against Keras and the complex step."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from medlstm.bidirectional import Bidirectional
from medlstm.cells import CELLS, run
from medlstm.gradients import complex_step, relative_error


@pytest.mark.parametrize("stacked", [False, True])
def test_keras_agrees_on_both_directions_with_a_mask(stacked, rng):
    N, T, D, H = 4, 7, 3, 5
    x = rng.normal(size=(N, T, D)).astype(np.float32)
    mask = np.arange(T) < rng.integers(1, T + 1, N)[:, None]
    mine = [Bidirectional(D, H, rng=rng)] + [Bidirectional(2 * H, H, rng=rng)] * stacked
    theirs = [keras.layers.Bidirectional(keras.layers.LSTM(H, return_sequences=True)) for _ in mine]
    source = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(source)
        expected = source
        for layer, other in zip(mine, theirs, strict=True):
            other.build((None, None, expected.shape[-1]))
            other.set_weights(list(layer.parameters.values()))
            expected = other(expected, mask=tf.constant(mask))
        seen = tf.constant(mask[..., None].astype(np.float32))
        loss = tf.reduce_sum((expected * seen) ** 2)
    h = x
    for layer in mine:
        h, _ = layer.forward(h, mask=mask)
    np.testing.assert_allclose(h * seen.numpy(), expected * seen, atol=1e-6)
    dh = 2 * h * seen.numpy()
    for layer in reversed(mine):
        dh, _ = layer.backward(dh)
    assert relative_error(dh, tape.gradient(loss, source).numpy()) < 1e-5


def test_both_directions_by_complex_step(rng):
    layer = Bidirectional(3, 2, np.float64, rng)
    x, state = rng.normal(size=(2, 4, 3)), tuple(rng.normal(size=(2, 2)) for _ in range(4))
    h, final = layer.forward(x, state)
    upstream = [rng.normal(size=a.shape) for a in (h, *final)]
    dx, d_state = layer.backward(upstream[0], tuple(upstream[1:]))

    def loss(x, state):
        total = 0
        for k, (lstm, half) in enumerate(zip(layer.directions.values(), np.split(upstream[0], 2, axis=-1))):
            order = slice(None, None, -1 if k else 1)
            trace, (h_T, c_T) = run(CELLS["standard"], x[:, order], lstm.parameters, state[2 * k : 2 * k + 2])
            h = trace["hidden"][:, order]
            total += (half * h).sum() + (upstream[1 + 2 * k] * h_T).sum() + (upstream[2 + 2 * k] * c_T).sum()
        return total

    assert relative_error(dx, complex_step(lambda v: loss(v, state), x)) < 1e-12
    for k, gradient in enumerate(d_state):
        exact = complex_step(lambda v, k=k: loss(x, (*state[:k], v, *state[k + 1 :])), state[k])
        assert relative_error(gradient, exact) < 1e-12
    assert {key: g.shape for key, g in layer.gradients.items()} == {key: p.shape for key, p in layer.parameters.items()}


def test_each_direction_draws_weights_of_its_own():
    layer = Bidirectional(3, 2, rng=5)
    assert not np.array_equal(layer.directions["forward"].kernel, layer.directions["backward"].kernel)
    again = Bidirectional(3, 2, rng=np.random.default_rng(5))
    assert all(np.array_equal(layer.parameters[key], again.parameters[key]) for key in layer.parameters)


def test_bad_arrays_get_one_clear_sentence():
    layer, x = Bidirectional(4, 2, np.float64), np.zeros((3, 5, 4))
    with pytest.raises(RuntimeError, match="backward: expected a call of forward first"):
        layer.backward(np.zeros((3, 5, 4)))
    with pytest.raises(ValueError, match="initial_state: expected four arrays, two for each direction, got 2"):
        layer.forward(x, (np.zeros((3, 2)), np.zeros((3, 2))))
    layer.forward(x)
    with pytest.raises(ValueError, match=r"dh: expected shape \(N, T, 4\), got \(3, 5, 2\)"):
        layer.backward(np.zeros((3, 5, 2)))
