"""Networks for an image and a table: what each fusion can see, and that the late one adds."""

import keras
import numpy as np
import pytest

from medlstm.keras_models import Augmentation
from medlstm.keras_models.medical import fit
from medlstm.keras_models.multimodal import FUSIONS, build


@pytest.fixture
def pair(rng):
    return [rng.random((6, 28, 28), dtype=np.float32), rng.normal(size=(6, 3)).astype(np.float32)]


@pytest.mark.parametrize("fusion", [None, *FUSIONS])
def test_one_logit_a_class_and_only_fusions_see_the_table(fusion, pair):
    model = build(fusion, 3, seed=0, units=4, augmentation=Augmentation(0, angle=10))
    logits = model.predict(pair, verbose=0)
    assert logits.shape == (6, 2) and np.isfinite(logits).all()
    np.testing.assert_array_equal(logits, model.predict(pair, verbose=0))
    other_table = model.predict([pair[0], pair[1] + 1], verbose=0)
    other_image = model.predict([1 - pair[0], pair[1]], verbose=0)
    assert np.array_equal(other_table, logits) == (fusion in (None, "summed"))  # a sum starts with zero weights
    assert not np.allclose(other_image, logits)


def test_late_fusion_adds_logits(pair):
    model = build("late", 3, seed=0, units=4)
    without = model.predict([pair[0], 0 * pair[1]], verbose=0)
    table = model.get_layer("table").get_weights()[0]
    np.testing.assert_allclose(model.predict(pair, verbose=0), without + pair[1] @ table, atol=1e-5)


def test_the_gate_lies_between_image_and_table(pair):
    model = build("gated", 3, seed=0, units=4)
    gate = keras.Model(model.inputs, model.get_layer("gate").output).predict(pair, verbose=0)
    assert gate.shape == (6, 4) and 0 < gate.min() < gate.max() < 1


@pytest.mark.parametrize("fusion", FUSIONS)
def test_every_fusion_learns_from_a_table(fusion, rng):
    labels = np.arange(64) % 2
    images = rng.random((64, 28, 28), dtype=np.float32)
    table = (2.0 * labels[:, None] - 1 + rng.normal(0, 0.3, (64, 1))).astype(np.float32)
    losses = fit(build(fusion, 1, 0, 4), [images, table], labels, 10, 16, 0.03, 0.001)
    assert losses[-1] < 0.6 * losses[0]


def test_an_unknown_fusion_is_named():
    with pytest.raises(ValueError, match="fusion: expected None or one of early, late, summed, gated, got 'middle'"):
        build("middle", 3, 0)
