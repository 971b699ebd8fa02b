"""A Keras network is explained as ours is."""

import keras
import numpy as np
import pytest

from medlstm import weights
from medlstm.explanation import KerasNetwork, evidence, integrated_gradients, occlude_rows
from medlstm.keras_models import Augmentation, medical
from medlstm.network import SequenceClassifier


@pytest.fixture
def pair(rng):
    """The same network twice, ours and in Keras, with examples and classes to explain."""
    ours = SequenceClassifier(4, (6, 5), 3, seed=1, dtype=np.float64)
    for array in ours.parameters.values():
        array += rng.normal(scale=0.5, size=array.shape)
    return ours, KerasNetwork(weights.to_keras(ours)), rng.normal(size=(5, 7, 4)), np.array([0, 1, 2, 2, 0])


def test_logits_and_gradients_are_those_of_our_network(pair, rng):
    ours, keras_network, x, _ = pair
    upstream = rng.normal(size=(5, 3))
    np.testing.assert_allclose(keras_network.forward(x), ours.forward(x), atol=1e-12)
    np.testing.assert_allclose(keras_network.backward(upstream), ours.backward(upstream), atol=1e-12)


def test_explanations_are_those_of_our_network(pair):
    ours, keras_network, x, target = pair
    np.testing.assert_allclose(evidence(keras_network, x), evidence(ours, x), atol=1e-12)
    for explain in (integrated_gradients, occlude_rows):
        np.testing.assert_allclose(explain(keras_network, x, target), explain(ours, x, target), atol=1e-12)


def test_a_network_for_chests_is_explained_as_in_use(rng):
    changes = Augmentation(0, angle=10, translation=2, flip=True)
    model = medical.build("lstm_over_rows", (28, 28), 2, 0, units=4, augmentation=changes)
    network = KerasNetwork(model)
    x, target = rng.random((2, 28, 28), np.float32), np.array([1, 0])
    logits = model.predict(x, verbose=0)
    np.testing.assert_allclose(network.forward(x), logits, atol=1e-5)
    shown = evidence(network, x)
    assert shown.shape == (2, 28, 2)
    np.testing.assert_allclose(shown[:, -1], keras.ops.softmax(logits), atol=1e-5)
    rise = (logits - model.predict(0 * x, verbose=0))[[0, 1], target]
    np.testing.assert_allclose(integrated_gradients(network, x, target).sum(axis=(1, 2)), rise, atol=1e-2)
    covered = x.copy()
    covered[:, 3:5] = 0.5
    fall = (logits - model.predict(covered, verbose=0))[[0, 1], target]
    np.testing.assert_allclose(occlude_rows(network, x, target, 0.5, height=2)[:, 3], fall, atol=1e-5)


def test_each_step_is_answered_as_if_it_were_the_last(rng):
    network = KerasNetwork(medical.build("lstm_over_rows", (28, 28), 2, 0, units=4))
    x = rng.random((2, 28, 28), np.float32)
    changed = x.copy()
    changed[:, 10:] = 0
    np.testing.assert_array_equal(evidence(network, x)[:, :10], evidence(network, changed)[:, :10])
    assert not np.allclose(evidence(network, x)[:, 10:], evidence(network, changed)[:, 10:])


def test_other_models_get_one_clear_sentence(rng):
    with pytest.raises(TypeError, match="model: expected a Keras model, got SequenceClassifier; networks of this"):
        KerasNetwork(SequenceClassifier(4, (3,), 2))
    with pytest.raises(ValueError, match="model: expected a Dense layer at its end, .* got LSTM with tanh"):
        KerasNetwork(keras.Sequential([keras.Input((5, 4)), keras.layers.LSTM(3)]))
    with pytest.raises(ValueError, match="got Dense with relu"):
        KerasNetwork(keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="relu")]))
    whole = KerasNetwork(medical.build("logistic_regression", (28, 28), 2, 0))
    with pytest.raises(ValueError, match="model: expected layers that take sequences of any length, got .*flatten"):
        evidence(whole, rng.random((2, 28, 28), np.float32))
