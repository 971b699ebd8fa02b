"""Explanations must pass the tests that expose bad ones."""

import numpy as np
import pytest

from medlstm.explanation import with_shuffled_weights
from medlstm.network import SequenceClassifier


def test_shuffled_weights_touch_only_the_layers_named(rng):
    network = SequenceClassifier(4, (6, 5), 3, seed=1, dtype=np.float64)
    for array in network.parameters.values():
        array += rng.normal(scale=0.5, size=array.shape)
    before = {name: array.copy() for name, array in network.parameters.items()}
    other = with_shuffled_weights(network, ["lstm_1", "head"], rng)
    for name, array in network.parameters.items():
        assert np.array_equal(array, before[name])
        if name.endswith("kernel"):  # a short bias may be shuffled into itself
            assert np.array_equal(other.parameters[name], array) == name.startswith("lstm_0")
        np.testing.assert_allclose(np.sort(other.parameters[name], axis=None), np.sort(array, axis=None))
    with pytest.raises(ValueError, match="layers: expected some of lstm_0, lstm_1, head, got lstm0"):
        with_shuffled_weights(network, ["lstm0"], rng)
