"""The cells as layers that Keras trains."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from medlstm import keras_models
from medlstm.cells import CELLS, run
from medlstm.gradients import complex_step, relative_error


@pytest.mark.parametrize("name", CELLS)
def test_cell_layer_equals_the_cell(name, rng):
    layer = keras_models.cell_layer(name, 4, return_sequences=True)
    x = rng.normal(size=(3, 6, 5)).astype(np.float32)
    layer(x)
    params = {w.name: rng.normal(scale=0.5, size=w.shape).astype(np.float32) for w in layer.weights}
    layer.set_weights([params[w.name] for w in layer.weights])
    np.testing.assert_allclose(layer(x), run(CELLS[name], x, params)[0]["hidden"], atol=1e-6)


def test_standard_cell_layer_equals_keras_lstm(rng):
    x = rng.normal(size=(3, 6, 5)).astype(np.float32)
    mine, theirs = keras_models.cell_layer("standard", 4), keras.layers.LSTM(4)
    mine(x), theirs(x)
    for a, b in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        assert a.shape == b.shape
    np.testing.assert_array_equal(mine.get_weights()[2], theirs.get_weights()[2])
    mine.set_weights(theirs.get_weights())
    np.testing.assert_allclose(mine(x), theirs(x), atol=1e-6)


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("simple_rnn", lambda: keras.layers.SimpleRNN(4, return_sequences=True)),
        ("standard", lambda: keras.layers.LSTM(4, return_sequences=True)),
        ("gru", lambda: keras.layers.GRU(4, return_sequences=True, reset_after=False)),
    ],
)
def test_cells_equal_the_layers_of_keras(name, theirs, rng):
    x, layer = rng.normal(size=(3, 6, 5)).astype(np.float32), theirs()
    layer(x)
    params = {
        key: rng.normal(scale=0.5, size=w.shape).astype(np.float32)
        for key, w in zip(("kernel", "recurrent_kernel", "bias"), layer.weights, strict=True)
    }
    layer.set_weights(list(params.values()))
    np.testing.assert_allclose(run(CELLS[name], x, params)[0]["hidden"], layer(x), atol=1e-6)


@pytest.mark.parametrize("name", CELLS)
def test_every_gradient_by_complex_step(name, rng):
    layer = keras_models.cell_layer(name, 3, return_sequences=True, dtype="float64")
    x = rng.normal(size=(2, 4, 2))
    layer(x)
    inputs = {"x": x} | {w.name: rng.normal(size=w.shape) for w in layer.weights}
    layer.set_weights(list(inputs.values())[1:])
    upstream = rng.normal(size=(2, 4, 3))
    source = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(source)
        loss = tf.reduce_sum(layer(source) * upstream)
    gradients = tape.gradient(loss, [source, *layer.trainable_weights], unconnected_gradients="zero")

    def value(key, array):
        params = inputs | {key: array}
        return (run(CELLS[name], params.pop("x"), params)[0]["hidden"] * upstream).sum()

    for (key, array), gradient in zip(inputs.items(), gradients, strict=True):
        exact = complex_step(lambda a, key=key: value(key, a), array)
        assert relative_error(gradient.numpy(), exact) < 1e-12, key


def test_the_printed_output_gate_gets_no_gradient_at_all(rng):
    layer = keras_models.cell_layer("article", 4)
    x = tf.constant(rng.normal(size=(3, 6, 5)).astype(np.float32))
    layer(x)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x) ** 2)
    for gradient in tape.gradient(loss, layer.trainable_weights):
        blocks = np.split(gradient.numpy(), 4, axis=-1)
        assert all(block.any() for block in blocks[:3]) and not blocks[3].any()


def test_cell_layer_trains_and_is_saved(rng, tmp_path):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((6, 3)), keras_models.cell_layer("standard", 8), keras.layers.Dense(3, activation="softmax")]
    )
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
    y = rng.integers(0, 3, 60)
    x = np.eye(3, dtype=np.float32)[y][:, None].repeat(6, axis=1)
    model.fit(x, y, epochs=20, verbose=0)
    assert model.evaluate(x, y, verbose=0)[1] == 1
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model.predict(x, verbose=0), again.predict(x, verbose=0))


def test_an_unknown_cell_gets_one_clear_sentence():
    with pytest.raises(ValueError, match="name: expected one of simple_rnn, standard.*got 'lstm'"):
        keras_models.cell_layer("lstm", 4)
