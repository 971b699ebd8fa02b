"""Weights cross between NumPy, Keras and ONNX to the last bit."""

import keras
import numpy as np
import onnx
import onnxruntime
import pytest

from medlstm import keras_models, weights
from medlstm.network import RowsAndColumns, SequenceClassifier


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_numpy_to_keras_and_back(dtype, rng):
    network = SequenceClassifier(5, (4, 3), 2, seed=3, dtype=dtype)
    x = rng.normal(size=(6, 7, 5)).astype(dtype)
    model = weights.to_keras(network)
    again = weights.from_keras(model)
    np.testing.assert_allclose(model(x), network.predict(x), atol=1e-6)
    assert np.array_equal(again.predict(x), network.predict(x))
    for name, array in network.parameters.items():
        assert array.dtype == dtype and array.tobytes() == again.parameters[name].tobytes()


def test_keras_to_numpy(rng):
    model = keras_models.build("stacked_lstm", (28, 28), 10, 5)
    x = rng.random((4, 28, 28), np.float32)
    np.testing.assert_allclose(weights.from_keras(model).predict(x), model(x), atol=1e-6)


SOFTMAX = {"units": 2, "activation": "softmax"}


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([keras.layers.LSTM(3)], "got LSTM; convert only"),
        ([keras.layers.GRU(3), keras.layers.Dense(**SOFTMAX)], "got GRU, Dense"),
        ([keras.layers.LSTM(3, activation="relu"), keras.layers.Dense(**SOFTMAX)], "got relu, sigmoid, softmax"),
        ([keras.layers.LSTM(3, go_backwards=True), keras.layers.Dense(**SOFTMAX)], "settings in lstm"),
        ([keras.layers.LSTM(3, use_bias=False), keras.layers.Dense(**SOFTMAX)], "settings in lstm"),
        ([keras.layers.LSTM(3, return_sequences=True), keras.layers.Dense(**SOFTMAX)], "settings in lstm"),
        ([keras.layers.LSTM(3), keras.layers.Dense(2)], "got tanh, sigmoid, linear"),
        ([keras.layers.LSTM(3), keras.layers.Dense(use_bias=False, **SOFTMAX)], "settings in dense"),
    ],
)
def test_other_models_get_one_clear_sentence(layers, message):
    with pytest.raises(ValueError, match=f"model: expected .*{message}"):
        weights.from_keras(keras.Sequential([keras.Input((5, 4)), *layers]))


def test_models_without_weights_get_one_clear_sentence():
    with pytest.raises(ValueError, match="model: expected LSTM layers .* got none"):
        weights.from_keras(keras.Sequential())
    with pytest.raises(ValueError, match="model: expected a model with weights"):
        weights.from_keras(keras.Sequential([keras.layers.LSTM(3), keras.layers.Dense(**SOFTMAX)]))


def test_numpy_to_onnx_and_back(rng):
    network = SequenceClassifier(5, (4, 3), 2, seed=3)
    for array in network.parameters.values():
        array[...] = rng.normal(size=array.shape)
    x = rng.normal(size=(6, 7, 5)).astype(np.float32)
    file = weights.to_onnx(network).SerializeToString()
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, {"x": x})[0], network.predict(x), atol=1e-6)
    again = weights.from_onnx(onnx.load_from_string(file))
    for name, array in network.parameters.items():
        assert array.tobytes() == again.parameters[name].tobytes()


def test_keras_to_onnx(rng):
    model = keras_models.build("stacked_lstm", (28, 28), 10, 5)
    x = rng.random((4, 28, 28), np.float32)
    session = onnxruntime.InferenceSession(
        weights.to_onnx(weights.from_keras(model)).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    np.testing.assert_allclose(session.run(None, {"x": x})[0], model(x), atol=1e-6)


def test_onnx_refuses_what_it_cannot_hold():
    with pytest.raises(TypeError, match="network: expected dtype float32, got float64"):
        weights.to_onnx(SequenceClassifier(5, (4,), 2, dtype=np.float64))
    empty = onnx.helper.make_model(onnx.helper.make_graph([], "empty", [], []))
    with pytest.raises(ValueError, match="model: expected a model made by weights.to_onnx"):
        weights.from_onnx(empty)


def test_what_is_no_such_network_is_named():
    network = RowsAndColumns(4, 5, (3,), 3)
    for convert in (weights.to_keras, weights.to_onnx):
        with pytest.raises(TypeError, match="network: expected a SequenceClassifier, got RowsAndColumns"):
            convert(network)
    with pytest.raises(TypeError, match="model: expected a keras.Model of LSTM .*, got RowsAndColumns"):
        weights.from_keras(network)
    with pytest.raises(TypeError, match="model: expected an onnx.ModelProto, got str"):
        weights.from_onnx("network.onnx")
