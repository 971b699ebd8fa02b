"""What does a check tell the reader?"""

import numpy as np

from medlstm.gradients import complex_step


def check(condition, message):
    """Say "Right." if `condition` holds; otherwise stop with the line of thought that led astray.

    Parameters
    ----------
    condition : bool
        What a right answer makes true.
    message : str
        Shown when it is not.

    Raises
    ------
    AssertionError
        With `message`.
    """
    if not condition:
        raise AssertionError(message)
    print("Right.")


def near(answer, right, tolerance):
    """Is an answer the right number, or the right array of numbers? Words and other shapes are not.

    Parameters
    ----------
    answer : object
        What the reader found.
    right : array_like
        What is right.
    tolerance : float
        The largest difference, of any entry, that still passes.

    Returns
    -------
    bool
    """
    try:
        answer, right = np.squeeze(np.asarray(answer, float)), np.squeeze(np.asarray(right, float))
    except (TypeError, ValueError):
        return False
    return answer.shape == right.shape and bool((np.abs(answer - right) <= tolerance).all())


def tried(answer_passes):
    """What a test says of an answer; False if the answer is nothing that the test can work with.

    Parameters
    ----------
    answer_passes : callable
        The test, without arguments.

    Returns
    -------
    bool
    """
    try:
        return bool(answer_passes())
    except (TypeError, ValueError, LookupError, AttributeError):
        return False


def wrong_blocks(cell, backward):
    """Where does a backward step disagree with a complex step?

    Parameters
    ----------
    cell : Cell
        One with a cell state, of `medlstm.cells.CELLS`.
    backward : callable
        Maps dh, dc, c_old, c, each (N, H), and the dict of gates to the gradient of the blocks before
        their activations, (N, 4H) where there are four, and to that of the old cell state.

    Returns
    -------
    list of str
        The blocks that are wrong, in the order of the cell, and "old cell state" if that is.
    """
    rng = np.random.default_rng(0)
    examples, units, width = 2, 4, 4 * len(cell.blocks)
    params = {"kernel": np.eye(width), "recurrent_kernel": np.zeros((units, width)), "bias": np.zeros(width)}
    h, c_old, dh, dc = rng.normal(size=(4, examples, units))
    z = rng.normal(size=(examples, width))
    (_, c), gates = cell(z, (h, c_old), params)

    def loss(z, c_old):
        (h_new, c_new), _ = cell(z, (h, c_old), params)
        return (dh * h_new + dc * c_new).sum()

    dz, dc_old = backward(dh, dc, c_old, c, gates)
    exact = np.split(complex_step(lambda v: loss(v, c_old), z), len(cell.blocks), axis=-1)
    given = np.split(dz, len(cell.blocks), axis=-1)
    wrong = [name for name, a, b in zip(cell.blocks, given, exact) if not near(a, b, 1e-12)]
    right = complex_step(lambda v: loss(z, v), c_old)
    return wrong if near(dc_old, right, 1e-12) else [*wrong, "old cell state"]
