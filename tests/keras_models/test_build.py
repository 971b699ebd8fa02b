"""One convention for every network in Keras: fresh weights by the seed, not compiled, saved and loaded whole."""

import keras
import numpy as np
import pytest

from medlstm import keras_models
from medlstm.keras_models import Augmentation, digits, medical, slices

CHANGES = Augmentation(0, angle=5, scale=0.1, translation=1, brightness=0.1, contrast=0.1, flip=True)
SMALL = {"units": 3, "width": 2}


def medical_network(name, shape, **options):
    return shape, lambda seed: medical.build(name, shape, 3, seed, **SMALL, **options)


def slice_network(name, task):
    return (8, 8, 8), lambda seed: slices.build(name, (8, 8, 8), task, seed)


NETWORKS = {
    name: ((28, 28), lambda seed, name=name: keras_models.build(name, (28, 28), 10, seed)) for name in digits.NETWORKS
}
NETWORKS |= {
    name: medical_network(name, (28, 28, 28) if "slices" in name or "3d" in name else (28, 28))
    for name in medical.NETWORKS
}
NETWORKS |= {
    "colour": medical_network("conv_lstm", (28, 28, 3), augmentation=CHANGES),
    "volume": medical_network("lstm_over_slices", (28, 28, 28), augmentation=CHANGES),
    "augmented": medical_network("cnn", (28, 28), augmentation=CHANGES),
    "fixed_permutation": medical_network("lstm_over_rows", (28, 28), rows="fixed_permutation"),
}
NETWORKS |= {
    f"{task}_{name}": slice_network(name, task)
    for task, (readers, _, _) in slices.TASKS.items()
    for name in (readers if task == "detection" else ("lstm", "maximum"))
    if task != "contracting" and name in readers
}


@pytest.mark.parametrize(("shape", "build"), NETWORKS.values(), ids=NETWORKS)
def test_every_network_is_saved_and_loaded_whole(shape, build, rng, tmp_path):
    x = rng.random((2, *shape), np.float32)
    model = build(1)
    assert not model.compiled
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(model(x, training=False), again(x, training=False))
    for mine, theirs in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_fresh_permutation_is_saved_and_loaded(rng, tmp_path):
    model = medical.build("lstm_over_rows", (28, 28), 3, 0, rows="fresh_permutation", **SMALL)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    x = rng.random((2, 28, 28), np.float32)
    np.testing.assert_array_equal(model(x), again(x))  # the state of the draws is saved, too
