"""What may happen to an image without changing its class?"""

import numpy as np


def shift(images, rng, pixels=2):
    """Move each image by a random whole number of pixels along each axis; zeros come in.

    Parameters
    ----------
    images : array (N, rows, columns)
    rng : numpy.random.Generator
    pixels : int
        Largest shift in each direction.

    Returns
    -------
    array (N, rows, columns)
        New images, of the same dtype.
    """
    N, rows, columns = images.shape
    padded = np.pad(images, ((0, 0), (pixels, pixels), (pixels, pixels)))
    down, right = rng.integers(0, 2 * pixels + 1, (2, N, 1, 1))
    return padded[np.arange(N)[:, None, None], down + np.arange(rows)[:, None], right + np.arange(columns)]
