"""Networks that read digits."""

import numpy as np
import pytest

from medlstm import keras_models


def test_the_classic_network_has_130442_weights_and_a_seed():
    build = lambda seed: keras_models.build("stacked_lstm", (28, 28), 10, seed)
    a, b, c = build(0), build(0), build(1)
    assert [layer.count_params() for layer in a.layers] == [80384, 49408, 650]
    assert np.array_equal(a.get_weights()[0], b.get_weights()[0])
    assert not np.array_equal(a.get_weights()[0], c.get_weights()[0])


def test_unknown_names_get_one_clear_sentence():
    with pytest.raises(ValueError, match="name: expected one of stacked_lstm.*got 'stacked'"):
        keras_models.build("stacked", (28, 28), 10, 0)
