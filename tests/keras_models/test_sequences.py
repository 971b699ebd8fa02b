"""The networks that read sequences, and what they cost."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from medlstm import keras_models
from medlstm.cells import run
from medlstm.compression import multiply_adds as multiply_adds_of_numpy
from medlstm.experiments.beyond import WIDTHS
from medlstm.exponential import EXPONENTIAL, empty_matrix, mlstm
from medlstm.gradients import complex_step, relative_error
from medlstm.keras_models import sequences
from medlstm.keras_models.costs import multiply_adds
from medlstm.network import SequenceClassifier
from medlstm.state_space import loop


def state_space_loop(x, weights):
    """The layer as it is written down, one step after another."""
    decay = np.exp(-np.exp(weights["nu"]))
    a = decay * np.cos(weights["theta"]), decay * np.sin(weights["theta"])
    gain = np.sqrt(1 - decay**2)
    s_re, s_im = loop((gain * (x @ weights["B_re"]), gain * (x @ weights["B_im"])), a)
    return s_re @ weights["C_re"] - s_im @ weights["C_im"] + weights["d"] * x


def matrix_loop(x, weights):
    units = weights["kernel"].shape[1] // 4
    state, hidden = empty_matrix(len(x), units, np.result_type(x, *weights.values())), []
    for t in range(x.shape[1]):
        state, _ = mlstm(x[:, t], state, weights)
        hidden.append(state[0])
    return np.stack(hidden, axis=1)


def scalar_loop(x, weights):
    return run(EXPONENTIAL["slstm"], x, weights)[0]["hidden"]


LAYERS = {
    "state_space": (lambda: sequences.DiagonalStateSpace(4, dtype="float64"), state_space_loop),
    "mlstm": (lambda: sequences.MatrixLSTM(4, heads=1, dtype="float64"), matrix_loop),
    "slstm": (lambda: keras_models.cell_layer("slstm", 4, return_sequences=True, dtype="float64"), scalar_loop),
}


@pytest.mark.parametrize("name", LAYERS)
def test_the_layer_equals_the_slow_loop_and_its_gradients_a_complex_step(name, rng):
    make, slow = LAYERS[name]
    layer, x = make(), rng.normal(size=(2, 5, 3))
    layer(x)
    inputs = {"x": x} | {w.name: w.numpy() + rng.normal(scale=0.2, size=w.shape) for w in layer.weights}
    layer.set_weights(list(inputs.values())[1:])
    source = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(source)
        given = layer(source)
        upstream = rng.normal(size=given.shape)
        loss = tf.reduce_sum(given * upstream)
    np.testing.assert_allclose(given, slow(x, {k: v for k, v in inputs.items() if k != "x"}), atol=1e-12)
    gradients = tape.gradient(loss, [source, *layer.trainable_weights])

    def value(key, array):
        weights = inputs | {key: array}
        return (slow(weights.pop("x"), weights) * upstream).sum()

    for (key, array), gradient in zip(inputs.items(), gradients, strict=True):
        exact = complex_step(lambda a, key=key: value(key, a), array)
        assert relative_error(gradient.numpy(), exact) < 1e-10, key


def test_two_heads_are_two_memories(rng):
    both, x = sequences.MatrixLSTM(6, heads=2), rng.normal(size=(2, 7, 3)).astype("float32")
    both(x)
    kernel, bias = both.get_weights()
    for head in (0, 1):
        columns = [6 * block + 3 * head + k for block in range(4) for k in range(3)] + [24 + head, 26 + head]
        one = matrix_loop(x, {"kernel": kernel[:, columns], "bias": bias[columns]})
        np.testing.assert_allclose(both(x)[..., 3 * head : 3 * head + 3], one, atol=1e-5)


@pytest.mark.parametrize("name", ["lstm", "gru", "transformer", "state_space", "slstm", "mlstm"])
def test_the_last_step_is_what_is_asked(name, rng):
    model = sequences.build(name, (6, 4), 3, 0, 8, last=True)
    assert model(rng.normal(size=(2, 6, 4))).shape == (2, 3)
    if name != "transformer":
        inner = keras.Model(model.input, model.layers[-1].input)
        x = rng.normal(size=(2, 6, 4)).astype("float32")
        shorter = sequences.build(name, (5, 4), 3, 0, 8, last=True)
        shorter.set_weights(model.get_weights())
        np.testing.assert_allclose(keras.Model(shorter.input, shorter.layers[-1].input)(x[:, :5]).shape, inner(x).shape)


@pytest.mark.parametrize("task", WIDTHS)
def test_all_have_about_the_same_number_of_weights(task):
    shape, classes = {"rows": ((28, 28), 10), "slices": ((24, 32), 2), "latch": ((28, 4), 4)}[task]
    counts = [
        sequences.build(name, shape, classes, 0, width, task == "latch").count_params()
        for name, width in WIDTHS[task].items()
    ]
    assert max(counts) < 1.25 * min(counts)
    assert 10_000 < min(counts) and max(counts) < 13_000


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_a_slow_start_keeps_for_one_to_t_steps(name):
    model = sequences.build(name, (50, 4), 3, 0, 10, last=True, start="slow")
    bias = model.layers[1].get_weights()[2]
    keeping = bias[10:20] if name == "lstm" else bias[0, :10]
    np.testing.assert_allclose(np.exp(keeping), np.linspace(1, 49, 10), rtol=1e-5)
    if name == "lstm":
        np.testing.assert_allclose(bias[:10], -keeping)


def test_products_are_counted_as_for_the_networks_in_numpy():
    model = sequences.build("lstm", (28, 28), 10, 0, 40, last=True)
    assert multiply_adds(model) == multiply_adds_of_numpy(SequenceClassifier(28, (40,), 10), 28)


def test_products_by_hand_and_how_they_grow_with_the_length():
    count = lambda name, steps: multiply_adds(sequences.build(name, (steps, 28), 10, 0, 12))
    assert count("conv1d", 10) == 10 * (5 * 28 * 12 + 5 * 12 * 12) + 24 * 10
    dense = 28 * 12 + 2 * (4 * 12 * 12 + 2 * 12 * 24)
    assert count("transformer", 10) == 10 * dense + 2 * 2 * 10**2 * 12 + 24 * 10
    for name in sequences.READERS:
        head, grows = 24 * 10, count(name, 800) / count(name, 400)
        if name in ("transformer", "mlstm"):
            assert count(name, 20) - head > 2 * (count(name, 10) - head) and 2.5 < grows < 4
        else:
            assert grows == pytest.approx(2, rel=0.01)


def test_unknown_names_get_one_clear_sentence():
    with pytest.raises(ValueError, match="name: expected one of lstm, gru.*got 'rnn'; choose one of these"):
        sequences.build("rnn", (6, 4), 3, 0, 8)
    with pytest.raises(ValueError, match="start: expected one that conv1d has, got 'slow'"):
        sequences.build("conv1d", (6, 4), 3, 0, 8, start="slow")
