"""What does a check tell the reader?"""

import numpy as np


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


def hers(dh, dc, c_old, c, gates):
    """A colleague's backward step for the exercise "Which line is wrong?"; it has one mistake.

    Parameters
    ----------
    dh, dc, c_old, c : arrays (N, H)
        Gradients that reach the step, and the cell state before and after it.
    gates : dict of arrays (N, H)
        As `medlstm.cells.standard` returns them.

    Returns
    -------
    array (N, 4H)
        Her gradient with respect to the four blocks before their activations.
    """
    f, i, g, o = (gates[name] for name in ("forget", "input", "candidate", "output"))
    do = dh * np.tanh(c)
    dc = dc + dh * o
    return np.concatenate(
        [dc * g * i * (1 - i), dc * c_old * f * (1 - f), dc * i * (1 - g**2), do * o * (1 - o)], axis=-1
    )
