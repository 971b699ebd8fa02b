"""Rows beside columns: gradients, symmetry, training, settings; and the shifts it is trained with."""

import numpy as np
import pytest

from medlstm.gradients import central_difference
from medlstm.layers import softmax_cross_entropy
from medlstm.network import RowsAndColumns
from medlstm.optimizers import Adam


def small(**options):
    return RowsAndColumns(4, 5, (3, 2), 3, dtype=np.float64, **options)


def test_every_gradient_by_central_difference(rng):
    network = small(dropout=0.5, label_smoothing=0.1)
    x, y = rng.normal(size=(2, 4, 5)), np.array([2, 0])

    def forward(x):
        network.dropout._rng = np.random.default_rng(3)  # the same numbers are dropped each time
        return network.forward(x, training=True)

    _loss, dlogits = softmax_cross_entropy(forward(x), y, 0.1)
    dx = network.backward(dlogits)
    gradients = {
        f"{name}/{key}": g for name, layer in network.named_layers.items() for key, g in layer.gradients.items()
    }
    gradients["x"] = dx
    for name, array in (network.parameters | {"x": x}).items():
        start, direction = array.copy(), rng.normal(size=array.shape)  # along which every entry counts

        def value(step, array=array, start=start, direction=direction):
            array[...] = start + step * direction
            return softmax_cross_entropy(forward(x), y, 0.1)[0]

        slope = central_difference(value, np.zeros(()))
        assert slope == pytest.approx((gradients[name] * direction).sum(), rel=1e-6, abs=1e-9), name
        array[...] = start


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


def test_it_learns_and_comes_back_from_its_file(rng, tmp_path):
    y = rng.integers(0, 3, 90)
    x = rng.normal(0, 0.1, (90, 6, 7)).astype(np.float32)
    x[np.arange(90), y + 1] += 1  # a bright row whose place is the class
    network = RowsAndColumns(6, 7, (8, 5), 3, optimizer=Adam(0.02))
    history = network.fit(x, y, 15, batch_size=30, progress=False, validation_data=(x, y))
    assert history["val_accuracy"][-1] > 0.95
    network.save(tmp_path / "network.npz")
    again = RowsAndColumns.load(tmp_path / "network.npz")
    assert np.array_equal(again.predict(x), network.predict(x))
    with pytest.raises(ValueError, match=r"x: expected shape \(N, 6, 7\), got \(90, 7, 6\)"):
        again.predict(x.swapaxes(1, 2))


def test_dropout_draws_from_the_generator_of_the_network(rng):
    network, x = small(dropout=0.5), rng.normal(size=(2, 4, 5))
    expected = np.random.default_rng()
    expected.bit_generator.state = network._rng.bit_generator.state
    network.forward(x, training=True)
    expected.random((2, 16))
    assert network._rng.random() == expected.random()
    assert np.array_equal(network.forward(x), network.forward(x))


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"rows": 0}, ValueError, "rows: expected a whole number of at least 1, got 0"),
        ({"columns": 5.0}, TypeError, "columns: expected a whole number of at least 1, got 5.0"),
        ({"units": []}, TypeError, "units: expected a sequence of one whole number or more"),
        ({"dropout": 2}, ValueError, r"rate: expected a number in \[0, 1\), got 2"),
        ({"label_smoothing": 5}, ValueError, r"label_smoothing: expected a number in \[0, 1\), got 5"),
        ({"classes": 0}, ValueError, "classes: expected a whole number of at least 2, got 0"),
    ],
)
def test_bad_settings_get_one_clear_sentence(settings, error, message):
    with pytest.raises(error, match=message):
        RowsAndColumns(**{"rows": 4, "columns": 5, "units": (3,), "classes": 3} | settings)
