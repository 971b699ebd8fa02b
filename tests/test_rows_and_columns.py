"""Rows beside columns: gradients, symmetry, training, files; and the shifts it is trained with."""

import numpy as np
import pytest

from medlstm.gradients import central_difference, relative_error
from medlstm.layers import softmax_cross_entropy
from medlstm.optimizers import Adam
from medlstm.rows_and_columns import RowsAndColumns


def small(**options):
    return RowsAndColumns(4, 5, (3, 2), 3, dtype=np.float64, **options)


def test_every_gradient_by_central_difference(rng):
    network = small(dropout=0.5, label_smoothing=0.1)
    x, y = rng.normal(size=(2, 4, 5)), np.array([2, 0])

    def forward(x):
        network._rng = np.random.default_rng(3)     # the same numbers are dropped each time
        return network.forward(x, training=True)

    loss, dlogits = softmax_cross_entropy(forward(x), y, 0.1)
    dx = network.backward(dlogits)
    gradients = {f"{name}/{key}": g for name, layer in network.named_layers.items()
                 for key, g in layer.gradients.items()}
    for name, array in network.parameters.items():
        def value(a, array=array):
            kept = array.copy()
            array[...] = a
            result = softmax_cross_entropy(forward(x), y, 0.1)[0]
            array[...] = kept
            return result
        assert relative_error(gradients[name], central_difference(value, array.copy())) < 1e-6, name
    value = lambda a: softmax_cross_entropy(forward(a), y, 0.1)[0]
    assert relative_error(dx, central_difference(value, x)) < 1e-6


def test_a_turned_image_swaps_the_two_readings(rng):
    network = RowsAndColumns(5, 5, (3,), 3, dtype=np.float64)
    turned = RowsAndColumns(5, 5, (3,), 3, dtype=np.float64)
    swap = {"rows_0": "columns_0", "columns_0": "rows_0"}
    for name, array in network.parameters.items():
        layer, _, key = name.partition("/")
        turned.parameters[f"{swap.get(layer, layer)}/{key}"][...] = array
    turned.head.kernel = np.roll(network.head.kernel, 12, axis=0)
    x = rng.normal(size=(4, 5, 5))
    np.testing.assert_allclose(turned.predict(x.swapaxes(1, 2)), network.predict(x), atol=1e-14)


def test_dropout_acts_in_training_only_and_keeps_the_mean(rng):
    network = RowsAndColumns(4, 5, (64,), 3, dropout=0.5)
    x = rng.random((40, 4, 5), np.float32)
    network.forward(x)
    assert (network._kept == 1).all()
    network.forward(x, training=True)
    assert set(np.unique(network._kept)) == {0, 2} and abs(network._kept.mean() - 1) < 0.05


def test_it_learns_and_comes_back_from_its_file(rng, tmp_path):
    y = rng.integers(0, 3, 90)
    x = rng.normal(0, 0.1, (90, 6, 7)).astype(np.float32)
    x[np.arange(90), y + 1] += 1      # a bright row whose place is the class
    network = RowsAndColumns(6, 7, (8, 5), 3, optimizer=Adam(0.02))
    history = network.fit(x, y, 15, batch_size=30, progress=False, validation_data=(x, y))
    assert history["val_accuracy"][-1] > 0.95
    network.save(tmp_path / "network.npz")
    again = RowsAndColumns.load(tmp_path / "network.npz")
    assert np.array_equal(again.predict(x), network.predict(x))
    with pytest.raises(ValueError, match=r"x: expected shape \(N, 6, 7\), got \(90, 7, 6\)"):
        again.predict(x.swapaxes(1, 2))


def test_labels_are_smoothed_in_training_only(rng):
    network = small(dropout=0.0, label_smoothing=0.3)
    x, y = rng.normal(size=(6, 4, 5)), rng.integers(0, 3, 6)
    logits = network.forward(x)
    assert network.evaluate(x, y)[0] == pytest.approx(softmax_cross_entropy(logits, y)[0])
    assert network.train_on_batch(x, y) == pytest.approx(softmax_cross_entropy(logits, y, 0.3)[0])


def test_looking_at_validation_data_changes_nothing(rng):
    x, y = rng.random((20, 4, 5)), rng.integers(0, 3, 20)
    a, b = (small().fit(x, y, 3, batch_size=5, progress=False, validation_data=data) for data in (None, (x, y)))
    assert a["loss"] == b["loss"]


def test_fit_sets_the_learning_rate_and_augments(rng):
    x, y = rng.random((10, 4, 5)), np.zeros(10, int)
    asked, trained, network = [], [], small()
    train_on_batch = network.train_on_batch
    network.train_on_batch = lambda x, y: trained.append(x) or train_on_batch(x, y)
    network.fit(x, y, 2, batch_size=5, progress=False, augment=lambda batch, rng: batch * 0,
                learning_rate=lambda done: asked.append(done) or 0.0)
    assert asked == [0, 0.25, 0.5, 0.75] and network.optimizer.learning_rate == 0
    assert len(trained) == 4 and not np.any(trained)
