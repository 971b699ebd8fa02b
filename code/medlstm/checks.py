"""Is this what we expect? If not, one sentence says what came instead, and what to do."""

from numbers import Integral, Real

import numpy as np


class NotFinite(ValueError):
    """NaN or infinity stands where a finite number is expected."""


def check_size(name, value, least=1):
    """Raise unless `value` is a whole number, and at least `least`.

    Raises
    ------
    TypeError
        If it is no integer; ``4.0`` and True are none.
    ValueError
        If it is too small.
    """
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or value < least:
        raise (ValueError if whole else TypeError)(
            f"{name}: expected a whole number of at least {least}, got {value!r}; pass such an int"
        )


def check_sizes(name, values):
    """Raise unless `values` is a sequence of one whole number or more, each at least 1."""
    if not isinstance(values, (tuple, list, np.ndarray)) or len(values) == 0:
        raise TypeError(
            f"{name}: expected a sequence of one whole number or more, got {values!r}; "
            "pass one size a layer, such as (128, 64)"
        )
    for k, value in enumerate(values):
        check_size(f"{name}[{k}]", value)


def check_number(name, value, interval):
    """Raise unless `value` is a real number within an interval.

    Parameters
    ----------
    name : str
        What the message calls the number.
    value : object
        The candidate.
    interval : str
        As mathematics writes it: ``"[0, 1)"`` holds 0 and not 1, ``"[0, inf)"`` every finite
        number that is not negative.

    Raises
    ------
    TypeError
        If it is no real number.
    ValueError
        If it lies outside, or is NaN.
    """
    low, high = map(float, interval[1:-1].split(","))
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not (
        low < value < high or (value == low and interval[0] == "[") or (value == high and interval[-1] == "]")
    ):
        raise (ValueError if number else TypeError)(
            f"{name}: expected a number in {interval}, got {value!r}; choose one within"
        )


def check_choice(name, value, known):
    """Raise ValueError unless `value` is among the names in `known`."""
    if value not in known:
        raise ValueError(f"{name}: expected one of {', '.join(known)}, got {value!r}; choose one of these")


def check_dtype(dtype):
    """The NumPy dtype that `dtype` names; raise TypeError unless it is a real floating-point type."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if found is None or found.kind != "f":
        raise TypeError(f"dtype: expected a floating-point type, got {dtype!r}; use numpy.float32 or numpy.float64")
    return found


def generator(rng):
    """A random generator: `rng` itself, or a new one from a seed; None stands for the seed 0.

    Raises
    ------
    TypeError
        If `rng` is neither a ``numpy.random.Generator`` nor a whole number of at least 0, nor None.
    """
    if isinstance(rng, np.random.Generator):
        return rng
    seed = 0 if rng is None else rng
    if not isinstance(seed, Integral) or isinstance(seed, bool) or seed < 0:
        raise TypeError(
            f"rng: expected a numpy.random.Generator or a seed of at least 0, got {rng!r}; "
            "pass numpy.random.default_rng(0)"
        )
    return np.random.default_rng(seed)


def check_forward_came_first(memory):
    """Raise RuntimeError if `memory`, what `forward` leaves behind for `backward`, is None."""
    if memory is None:
        raise RuntimeError("backward: expected a call of forward first, got none; run forward on the same batch")


def check_array(name, array, shape, kind="f", dtype=None):
    """Raise unless `array` is a non-empty, finite array of the given shape.

    Parameters
    ----------
    name : str
        What the message calls the array.
    array : object
        The candidate.
    shape : tuple of int or str
        An integer must match exactly; a letter stands for any length above zero.
    kind : {"f", "i"}
        Floating (or complex) or integer numbers.
    dtype : dtype, optional
        Real type that the numbers will be turned into; they must fit.

    Raises
    ------
    TypeError
        If `array` is no NumPy array, or holds numbers of another kind.
    ValueError
        If its shape differs, if it is empty, or if a number in it is not finite (`NotFinite`) or
        does not fit.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name}: expected a NumPy array, got {type(array).__name__}; convert it with numpy.asarray")
    expected = "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"
    matches = array.ndim == len(shape) and all(
        isinstance(want, str) or want == got for want, got in zip(shape, array.shape)
    )
    if not matches:
        raise ValueError(
            f"{name}: expected shape {expected}, got {array.shape}; reshape or transpose it before the call"
        )
    if array.size == 0:
        raise ValueError(
            f"{name}: expected shape {expected}, got {array.shape}, which is empty; pass at least one example"
        )
    allowed, wanted, advice = {
        "f": ("fc", "floating-point numbers", "x.astype('float32') / 255"),
        "i": ("iu", "integers", "y.astype('int64')"),
    }[kind]
    if array.dtype.kind not in allowed:
        raise TypeError(
            f"{name}: expected {wanted}, got dtype {array.dtype}; convert it first, for example with {advice}"
        )
    if dtype is not None and array.dtype.kind == "c":
        raise TypeError(f"{name}: expected real numbers, got dtype {array.dtype}; take the real part, or cells.run")
    if kind == "f" and not np.isfinite(array).all():
        raise NotFinite(
            f"{name}: expected finite numbers, got NaN or infinity; find where they come from before you train on them"
        )
    if dtype is not None and not np.can_cast(array.dtype, dtype) and np.abs(array).max() > np.finfo(dtype).max:
        raise ValueError(
            f"{name}: expected numbers that fit into {np.dtype(dtype)}, got larger ones; "
            "scale them, or build the layer in float64"
        )


def check_mask(name, mask, shape):
    """Raise unless `mask` is a boolean array of the given shape."""
    got = f"{mask.dtype} {mask.shape}" if isinstance(mask, np.ndarray) else type(mask).__name__
    if not isinstance(mask, np.ndarray) or mask.dtype != bool or mask.shape != shape:
        raise ValueError(
            f"{name}: expected a boolean array of shape {shape}, got {got}; mark each step that exists with True"
        )


def check_labels(y, examples, classes, name="y"):
    """Raise unless `y` holds one integer class from 0 to `classes` - 1 for each example."""
    check_array(name, y, (examples,), kind="i")
    if y.min() < 0 or y.max() >= classes:
        raise ValueError(
            f"{name}: expected classes from 0 to {classes - 1}, got values from {y.min()} to {y.max()}; renumber them"
        )


def check_every_class(y, examples, classes):
    """Raise unless `check_labels` passes and each class from 0 to `classes` - 1 occurs."""
    check_labels(y, examples, classes)
    missing = np.setdiff1d(np.arange(classes), y)
    if len(missing):
        raise ValueError(
            f"y: expected examples of every class from 0 to {classes - 1}, "
            f"got none of {missing.tolist()}; judge on images that show them all"
        )


def check_probabilities(name, probabilities, shape):
    """Raise unless `probabilities` has this shape and sums to 1 over its last axis, two classes or more."""
    check_array(name, probabilities, shape, dtype=np.float64)
    if probabilities.shape[-1] < 2:
        raise ValueError(
            f"{name}: expected one column for each of two or more classes, got 1; stack 1 - p and p along the last axis"
        )
    sums = probabilities.sum(axis=-1, dtype=np.float64)
    if probabilities.min() < 0 or np.abs(sums - 1).max() > 1e-3:
        raise ValueError(
            f"{name}: expected probabilities that sum to 1 over the classes, got values from "
            f"{probabilities.min():.3g} and sums up to {sums.max():.3g}; apply a softmax first"
        )
