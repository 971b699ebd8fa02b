"""Each check passes what is right, and says one sentence about what is not."""

import re
from fractions import Fraction

import numpy as np
import pytest

from medlstm.checks import (
    NotFinite,
    check_array,
    check_dtype,
    check_every_class,
    check_labels,
    check_number,
    check_probabilities,
    check_size,
    check_sizes,
    generator,
)


def refuses(error, message, check, *arguments, **options):
    with pytest.raises(error, match=re.escape(message)) as caught:
        check(*arguments, **options)
    assert str(caught.value).count("; ") == 1 and "\n" not in str(caught.value)  # one sentence, with advice


def test_sizes():
    for value in (1, np.int64(3), np.uint8(7), 10**30):
        check_size("units", value)
    check_size("seed", 0, least=0)
    for value in (0, -1, np.int8(-3)):
        refuses(ValueError, "units: expected a whole number of at least 1, got", check_size, "units", value)
    for value in (1.0, "1", True, None, np.array([1]), np.bool_(True), float("nan")):
        refuses(TypeError, "units: expected a whole number of at least 1, got", check_size, "units", value)


def test_sequences_of_sizes():
    for values in ((1,), [2, 3], np.array([4, 5])):
        check_sizes("units", values)
    for values in ((), [], np.array([]), 3, "12", None, {1: 2}):
        refuses(TypeError, "units: expected a sequence of one whole number or more", check_sizes, "units", values)
    refuses(ValueError, "units[1]: expected a whole number", check_sizes, "units", (1, 0))
    refuses(TypeError, "units[0]: expected a whole number", check_sizes, "units", (1.5, 1))


@pytest.mark.parametrize(
    ("interval", "good", "bad"),
    [
        ("[0, 1)", (0, 0.5, np.float32(0.9), Fraction(1, 3)), (1, -1e-9, 5, float("nan"), float("inf"))),
        ("(0, inf)", (1e-300, 1, 1e300), (0, 0.0, -1, float("inf"), float("nan"))),
        ("(0, inf]", (1, float("inf")), (0, float("nan"))),
        ("[-1, 1]", (-1, 0, 1), (1.1, -1.1, float("nan"))),
    ],
)
def test_numbers(interval, good, bad):
    for value in good:
        check_number("rate", value, interval)
    for value in bad:
        message = f"rate: expected a number in {interval}, got {value!r}"
        refuses(ValueError, message, check_number, "rate", value, interval)
    for value in ("0.5", None, True, 0.5j, [0.5], np.array([0.5])):
        refuses(TypeError, f"rate: expected a number in {interval}", check_number, "rate", value, interval)


def test_dtypes():
    assert [check_dtype(dtype) for dtype in ("float32", np.float64, float)] == [np.float32, np.float64, np.float64]
    for dtype in (np.int32, complex, bool, object, "nonsense", "U3", 32):
        refuses(TypeError, "dtype: expected a floating-point type, got", check_dtype, dtype)


def test_generators():
    rng = np.random.default_rng(3)
    assert generator(rng) is rng
    for given, seed in ((None, 0), (5, 5), (np.int64(5), 5)):
        assert generator(given).random() == np.random.default_rng(seed).random()
    for given in (-1, 1.0, True, "5", np.random.RandomState(0), np.random, [1, 2]):
        refuses(TypeError, "rng: expected a numpy.random.Generator or a seed of at least 0, got", generator, given)


def test_arrays_that_pass():
    check_array("x", np.zeros((2, 3, 4)), ("N", 3, "D"))
    check_array("x", np.ones(2, complex), ("N",))
    check_array("y", np.ones(2, np.uint8), (2,), kind="i")
    check_array("x", np.full(2, 1e38), ("N",), dtype=np.float32)
    check_array("x", np.full(2, 1e300), ("N",), dtype=np.float64)


@pytest.mark.parametrize(
    ("array", "options", "error", "message"),
    [
        ([1.0], {}, TypeError, "x: expected a NumPy array, got list"),
        (np.zeros((1, 1)), {}, ValueError, "x: expected shape (N,), got (1, 1)"),
        (np.zeros(0), {}, ValueError, "x: expected shape (N,), got (0,), which is empty"),
        (np.zeros(1, int), {}, TypeError, "x: expected floating-point numbers, got dtype int64"),
        (np.zeros(1), {"kind": "i"}, TypeError, "x: expected integers, got dtype float64"),
        (np.array([1e39]), {"dtype": np.float32}, ValueError, "x: expected numbers that fit into float32"),
        (np.array([7e4], np.float32), {"dtype": np.float16}, ValueError, "x: expected numbers that fit into float16"),
        (np.array([1j]), {"dtype": np.float64}, TypeError, "x: expected real numbers, got dtype complex128"),
        (np.array([np.inf]), {}, NotFinite, "x: expected finite numbers, got NaN or infinity"),
        (np.array([np.nan * 1j]), {}, NotFinite, "x: expected finite numbers, got NaN or infinity"),
    ],
)
def test_arrays_that_do_not(array, options, error, message):
    refuses(error, message, check_array, "x", array, ("N",), **options)


def test_labels_and_probabilities():
    check_labels(np.array([0, 2]), 2, 3)
    check_every_class(np.array([0, 2, 1]), 3, 3)
    check_probabilities("p", np.array([[0.25, 0.75]]), ("N", 2))
    refuses(ValueError, "y: expected classes from 0 to 2, got values from 0 to 3", check_labels, np.array([0, 3]), 2, 3)
    refuses(ValueError, "got none of [1]", check_every_class, np.array([0, 2]), 2, 3)
    refuses(ValueError, "p: expected probabilities", check_probabilities, "p", np.array([[0.5, 0.75]]), ("N", 2))
    refuses(ValueError, "p: expected one column", check_probabilities, "p", np.ones((2, 1)), ("N", "K"))
