"""Which data can be made, with nothing hidden in it?"""

import numpy as np


def latch(examples, steps, rng, classes=4, noise=0.5):
    """Sequences whose class is shown in the first step and drowned in noise ever after.

    The task of remembering one thing, of Hochreiter and Schmidhuber (1997) and many since.

    Parameters
    ----------
    examples, steps : int
        N and T.
    rng : numpy.random.Generator
    classes : int
        K, which is also the number of features.
    noise : float
        Standard deviation of the later steps.

    Returns
    -------
    x : array of float32 (N, T, K)
        Step 0 is 1 at the class and 0 elsewhere; all later steps are Gaussian noise.
    y : array of int64 (N,)
        The classes, drawn evenly.
    """
    y = rng.integers(0, classes, examples)
    x = rng.normal(0, noise, (examples, steps, classes)).astype(np.float32)
    x[:, 0] = np.eye(classes, dtype=np.float32)[y]
    return x, y
