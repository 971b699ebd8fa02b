"""What may happen to an image without changing its class? For networks in Keras see `keras_models.augmentation`."""

import numpy as np

from medlstm.checks import check_size, generator


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

    Raises
    ------
    TypeError, ValueError
        If `images` is no such array, or `pixels` no whole number from 0 on.
    """
    if not isinstance(images, np.ndarray) or images.ndim != 3:
        raise TypeError(
            f"images: expected a NumPy array (N, rows, columns), got {_kind(images)}; convert or reshape them first"
        )
    check_size("pixels", pixels, least=0)
    rng = generator(rng)
    N, rows, columns = images.shape
    padded = np.pad(images, ((0, 0), (pixels, pixels), (pixels, pixels)))
    down, right = rng.integers(0, 2 * pixels + 1, (2, N, 1, 1))
    return padded[np.arange(N)[:, None, None], down + np.arange(rows)[:, None], right + np.arange(columns)]


def _kind(images):
    return f"one of shape {images.shape}" if isinstance(images, np.ndarray) else type(images).__name__
