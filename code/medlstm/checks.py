"""Is this array what we expect? If not, one sentence says what came instead, and what to do."""

import numpy as np


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
        If its shape differs, if it is empty, or if a number in it is not finite.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{name}: expected a NumPy array, got {type(array).__name__}; "
                        "convert it with numpy.asarray")
    expected = "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"
    matches = array.ndim == len(shape) and all(
        isinstance(want, str) or want == got for want, got in zip(shape, array.shape))
    if not matches:
        raise ValueError(f"{name}: expected shape {expected}, got {array.shape}; "
                         "reshape or transpose it before the call")
    if array.size == 0:
        raise ValueError(f"{name}: expected shape {expected}, got {array.shape}, which is empty; "
                         "pass at least one example")
    allowed, wanted, advice = {"f": ("fc", "floating-point numbers", "x.astype('float32') / 255"),
                               "i": ("iu", "integers", "y.astype('int64')")}[kind]
    if array.dtype.kind not in allowed:
        raise TypeError(f"{name}: expected {wanted}, got dtype {array.dtype}; "
                        f"convert it first, for example with {advice}")
    if dtype is not None and array.dtype.kind == "c":
        raise TypeError(f"{name}: expected real numbers, got dtype {array.dtype}; use x.real, or cells.run")
    if kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{name}: expected finite numbers, got NaN or infinity; "
                         "find where they come from before you train on them")
    if dtype is not None and np.abs(array).max() > np.finfo(dtype).max:
        raise ValueError(f"{name}: expected numbers that fit into {np.dtype(dtype)}, got larger ones; "
                         "scale them, or build the layer in float64")


def check_mask(name, mask, shape):
    """Raise unless `mask` is a boolean array of the given shape."""
    got = f"{mask.dtype} {mask.shape}" if isinstance(mask, np.ndarray) else type(mask).__name__
    if not isinstance(mask, np.ndarray) or mask.dtype != bool or mask.shape != shape:
        raise ValueError(f"{name}: expected a boolean array of shape {shape}, got {got}; "
                         "mark each step that exists with True")


def check_labels(y, examples, classes, name="y"):
    """Raise unless `y` holds one integer class from 0 to `classes` - 1 for each example."""
    check_array(name, y, (examples,), kind="i")
    if y.min() < 0 or y.max() >= classes:
        raise ValueError(f"{name}: expected classes from 0 to {classes - 1}, "
                         f"got values from {y.min()} to {y.max()}; renumber them")


def check_every_class(y, examples, classes):
    """Raise unless `check_labels` passes and each class from 0 to `classes` - 1 occurs."""
    check_labels(y, examples, classes)
    missing = np.setdiff1d(np.arange(classes), y)
    if len(missing):
        raise ValueError(f"y: expected examples of every class from 0 to {classes - 1}, "
                         f"got none of {missing.tolist()}; judge on images that show them all")


def check_probabilities(name, probabilities, shape):
    """Raise unless `probabilities` has this shape and sums to 1 over its last axis, two classes or more."""
    check_array(name, probabilities, shape, dtype=np.float64)
    if probabilities.shape[-1] < 2:
        raise ValueError(f"{name}: expected one column for each of two or more classes, got 1; "
                         "stack 1 - p and p along the last axis")
    sums = probabilities.sum(axis=-1, dtype=np.float64)
    if probabilities.min() < 0 or np.abs(sums - 1).max() > 1e-3:
        raise ValueError(f"{name}: expected probabilities that sum to 1 over the classes, got values from "
                         f"{probabilities.min():.3g} and sums up to {sums.max():.3g}; apply a softmax first")
