"""How weights start, and what may be written to them."""

import numpy as np
import pytest

from medlstm.cells import CELLS
from medlstm.checks import NotFinite
from medlstm.lstm import LSTM
from medlstm.parameters import glorot_uniform, orthogonal, recurrent_parameters


def test_glorot_stays_within_its_limit_and_fills_it(rng):
    kernel = glorot_uniform((30, 50), rng, np.float32)
    assert kernel.dtype == np.float32 and 0.99 * np.sqrt(6 / 80) < np.abs(kernel).max() <= np.sqrt(6 / 80)
    assert abs(kernel.mean()) < 0.02


@pytest.mark.parametrize("shape", [(3, 12), (12, 3), (5, 5)])
def test_orthogonal_rows_or_columns_are_orthonormal(shape, rng):
    matrix = orthogonal(shape, rng, np.float64)
    gram = matrix @ matrix.T if shape[0] <= shape[1] else matrix.T @ matrix
    assert matrix.shape == shape
    np.testing.assert_allclose(gram, np.eye(min(shape)), atol=1e-14)


@pytest.mark.parametrize("name", CELLS)
def test_the_forget_bias_alone_starts_at_one(name, rng):
    cell = CELLS[name]
    parameters = cell.initial_parameters(3, 2, rng)
    bias = parameters["bias"].reshape(len(cell.blocks), 2)
    assert np.array_equal(bias, [[float(block == "forget")] * 2 for block in cell.blocks])
    assert ("peephole" in parameters) == bool(cell.peepholes)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0, 2), ValueError, "input_size: expected a whole number of at least 1, got 0"),
        ((2, 1.0), TypeError, "units: expected a whole number of at least 1, got 1.0"),
    ],
)
def test_bad_sizes_get_one_clear_sentence(arguments, error, message, rng):
    with pytest.raises(error, match=message):
        recurrent_parameters(*arguments, ("hidden",), rng, np.float32)


def test_assigning_a_weight_writes_in_place():
    layer = LSTM(4, 2)
    kernel = layer.kernel
    layer.kernel = np.ones((4, 8))
    layer.kernel += 1
    assert kernel is layer.kernel and (kernel == 2).all()
    layer.bias, layer.kernel = 3, np.arange(32).reshape(4, 8)
    assert (layer.bias == 3).all() and layer.kernel[3, 7] == 31


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (np.ones((4, 8), complex), TypeError, "kernel: expected real numbers, got dtype complex128"),
        (1j, TypeError, "kernel: expected real numbers, got dtype complex128"),
        (1e300, ValueError, "kernel: expected numbers that fit into float32, got larger"),
        (np.full((4, 8), 1e39), ValueError, "kernel: expected numbers that fit into float32, got larger"),
        (float("nan"), NotFinite, "kernel: expected finite numbers, got NaN"),
        (np.ones(8), ValueError, r"kernel: expected shape \(4, 8\), got \(8,\)"),
        ("1", TypeError, "kernel: expected floating-point numbers, got dtype"),
        (None, TypeError, "kernel: expected floating-point numbers, got dtype object"),
        (10**400, TypeError, "kernel: expected floating-point numbers, got dtype object"),
    ],
)
def test_what_is_no_such_weight_gets_one_clear_sentence(value, error, message):
    layer = LSTM(4, 2)
    before = layer.kernel.copy()
    with pytest.raises(error, match=message):
        layer.kernel = value
    assert np.array_equal(layer.kernel, before)
