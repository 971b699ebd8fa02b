"""The networks that read medical images: what they return, what training changes, what they may see."""

import keras
import numpy as np
import pytest

from medlstm.keras_models import Augmentation, medical
from medlstm.keras_models.medical import NETWORKS, RowOrder, build, fit

SMALL = {"units": 3, "width": 2}
CHANGES = {"angle": 10, "scale": 0.1, "translation": 2, "brightness": 0.1, "contrast": 0.1, "flip": True}
PICTURES = ["logistic_regression", "lstm_over_rows", "rows_and_columns", "conv_over_rows", "cnn", "conv_lstm"]
VOLUMES = ["logistic_regression", "mean_over_slices", "lstm_over_slices", "cnn_3d"]


def images(rng, *shape):
    return rng.random(shape, dtype=np.float32)


def test_every_network_is_tried_here():
    assert set(PICTURES) | set(VOLUMES) == set(NETWORKS)


@pytest.mark.parametrize(
    ("name", "shape"),
    [(n, (28, 28)) for n in PICTURES]
    + [("conv_lstm", (28, 28, 3)), ("rows_and_columns", (28, 28, 3))]
    + [(n, (28, 28, 28)) for n in VOLUMES],
)
def test_one_logit_a_class_and_no_chance_outside_training(name, shape, rng):
    model = build(name, shape, 3, seed=0, augmentation=Augmentation(0, **CHANGES), **SMALL)
    x = images(rng, 4, *shape)
    logits = model(x, training=False).numpy()
    assert logits.shape == (4, 3) and np.isfinite(logits).all() and logits.dtype == np.float32
    assert np.allclose(logits[1:2], model(x[1:2], training=False), atol=1e-4)


def test_training_moves_images_and_logistic_regression_gets_them_as_they_are(rng):
    x = images(rng, 4, 28, 28)
    for name, moved in (("lstm_over_rows", True), ("logistic_regression", False)):
        model = build(name, (28, 28), 2, seed=0, dropout=0.0, augmentation=Augmentation(0, **CHANGES), **SMALL)
        assert np.array_equal(model(x, training=True), model(x, training=False)) != moved


def test_images_are_standardised(rng):
    x = images(rng, 4, 28, 28)
    model = build("logistic_regression", (28, 28), 2, seed=0, mean=0.3, std=0.2)
    kernel, bias = model.layers[-1].get_weights()
    assert np.allclose(model(x, training=False), ((x - 0.3) / 0.2).reshape(4, -1) @ kernel + bias, atol=1e-4)


def test_the_seed_decides_the_start():
    start = [build("rows_and_columns", (28, 28), 2, seed, **SMALL).get_weights()[0] for seed in (1, 1, 2)]
    assert np.array_equal(start[0], start[1]) and not np.array_equal(start[0], start[2])


def test_columns_are_read_as_rows_are(rng):
    model = build("rows_and_columns", (28, 28), 2, seed=0, **SMALL)
    rows, columns = [layer for layer in model.layers if isinstance(layer, keras.layers.Bidirectional)]
    columns.set_weights(rows.get_weights())
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([np.vstack(np.split(kernel, 2)[::-1]), bias])
    x = images(rng, 2, 28, 28)
    swapped = model(x.swapaxes(1, 2)).numpy()
    model.layers[-1].set_weights([kernel, bias])
    assert np.allclose(model(x), swapped, atol=1e-5)


def test_projections_are_means_of_slices_cut_along_each_axis(rng):
    volume = images(rng, 2, 28, 28, 28)
    projections = [s.numpy() for s in medical._projections(keras.ops.convert_to_tensor(volume))]
    slices = [volume, volume.transpose(0, 2, 1, 3), volume.transpose(0, 3, 1, 2)]
    for got, v in zip(projections, slices):
        assert np.allclose(got, np.concatenate([v.mean(axis=2), v.mean(axis=3)], axis=-1), atol=1e-6)


def test_one_order_for_all_and_an_order_for_each(rng):
    x = np.broadcast_to(np.arange(28, dtype=np.float32)[:, None], (5, 28, 28))
    fixed, fresh = RowOrder(False, seed=3), RowOrder(True, seed=3)
    once, again = fixed(x).numpy()[..., 0], fixed(x).numpy()[..., 0]
    assert np.array_equal(once, again) and (once == once[0]).all()
    assert sorted(once[0]) == list(range(28)) and list(once[0]) != list(range(28))
    first, second = fresh(x).numpy()[..., 0], fresh(x).numpy()[..., 0]
    for orders in (first, second):
        assert len(np.unique(orders, axis=0)) == 5 and (np.sort(orders) == np.arange(28)).all()
    assert not np.array_equal(first, second)
    assert not np.array_equal(once, RowOrder(False, seed=4)(x).numpy()[..., 0])


def test_shuffled_rows_reach_the_network(rng):
    x = images(rng, 3, 28, 28)
    order = np.random.default_rng(0).permutation(28)
    plain, one = (
        build("lstm_over_rows", (28, 28), 2, seed=0, rows=rows, **SMALL) for rows in ("in_order", "fixed_permutation")
    )
    assert np.allclose(one(x), plain(x[:, order]), atol=1e-5) and not np.allclose(one(x), plain(x), atol=1e-5)


def test_it_learns(rng):
    x, y = images(rng, 64, 28, 28), np.repeat([0, 1], 32)
    x[y == 1, 10:15] += 0.5
    model = build("lstm_over_rows", (28, 28), 2, seed=0, **SMALL | {"units": 8})
    losses = fit(model, x, y, epochs=20, batch_size=16, learning_rate=0.01, weight_decay=0.001)
    assert len(losses) == 20 and losses[-1] < 0.2 < losses[0]


def test_an_unknown_name():
    with pytest.raises(ValueError, match="name: expected one of logistic_regression, .* got 'vit'"):
        build("vit", (28, 28), 2, seed=0)
    with pytest.raises(ValueError, match="rows: expected one of in_order, .* got 'sorted'"):
        build("cnn", (28, 28), 2, seed=0, rows="sorted")
