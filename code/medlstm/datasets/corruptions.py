"""What may happen to an image between the patient and the network, without changing the patient?

Seven corruptions of grey images, each in five severities. Severity 0 is the image itself, to the bit. They imitate in
a few lines what acquisition does; MedMNIST-C (Di Salvo et al. 2024, arXiv 2406.17536) has others, made for each set.
Three more, in `ACQUISITION`, are settings of a whole device: how it counts, how much it exposes, what it shows.
"""

import numpy as np
from scipy import ndimage

from medlstm.checks import check_array, check_choice, check_size, generator

SEVERITIES = range(6)


def corrupt(images, name, severity, rng):
    """Images as a worse device, or a restless patient, would have given them.

    Parameters
    ----------
    images : array of floats (N, rows, columns)
        From 0 to 1.
    name : str
        A key of `CORRUPTIONS` or of `ACQUISITION`.
    severity : int
        0 to 5.
    rng : numpy.random.Generator or int
        Draws what differs from image to image.

    Returns
    -------
    array (N, rows, columns)
        Of the same dtype, from 0 to 1; at severity 0 the same numbers.

    Raises
    ------
    TypeError, ValueError
        If `images` is no such array, or there is no such corruption or severity.
    """
    check_array("images", images, ("N", "rows", "columns"))
    check_size("severity", severity, 0)
    known = CORRUPTIONS | ACQUISITION
    check_choice("name", name, known)
    if severity not in SEVERITIES:
        raise ValueError(f"severity: expected 0 to 5, got {severity}; 5 is the worst")
    if images.size and not 0 <= images.min() <= images.max() <= 1:
        raise ValueError(f"images: expected 0 to 1, got {images.min():.3g} to {images.max():.3g}; divide them by 255")
    if severity == 0:
        return images.copy()
    change, amounts = known[name]
    return np.clip(change(images, amounts[severity - 1], generator(rng)), 0, 1).astype(images.dtype)


def noise(images, deviation, rng):
    """Independent normal noise on every pixel, as from too low a dose."""
    return images + rng.normal(0, deviation, images.shape)


def blur(images, pixels, rng):
    """A Gaussian of that standard deviation, as from a large focal spot or a lens out of focus."""
    return ndimage.gaussian_filter(images, (0, pixels, pixels), mode="nearest")


def motion(images, pixels, rng):
    """The mean along a line of that length, along the rows or the columns of an image, as from a patient who moved."""
    ways = [ndimage.uniform_filter1d(images, pixels, axis, mode="nearest") for axis in (1, 2)]
    return np.where(rng.random((len(images), 1, 1)) < 0.5, *ways)


def contrast(images, share, rng):
    """Only a share of every difference from the image's mean is left."""
    means = images.mean((1, 2), keepdims=True)
    return means + share * (images - means)


def bias_field(images, strength, rng):
    """Brightness that rises across the image in a random direction, as from a coil or a tube that sits askew."""
    rows, columns = np.meshgrid(*(np.linspace(-1, 1, size) for size in images.shape[1:]), indexing="ij")
    angle = rng.uniform(0, 2 * np.pi, (len(images), 1, 1))
    return images * (1 + strength * (np.cos(angle) * rows + np.sin(angle) * columns))


def rotation(images, degrees, rng):
    """Turned by that angle, to either side; the border is repeated."""
    sides = rng.choice([-1, 1], len(images))
    return np.stack(
        [
            ndimage.rotate(image, side * degrees, reshape=False, order=1, mode="nearest")
            for image, side in zip(images, sides)
        ]
    )


def shift(images, pixels, rng):
    """Moved by that many pixels in one of four directions; the border is repeated."""
    moves = [(pixels, 0), (-pixels, 0), (0, pixels), (0, -pixels)]
    ways = np.stack([ndimage.shift(images, (0, *move), order=0, mode="nearest") for move in moves])
    return ways[rng.integers(0, 4, len(images)), np.arange(len(images))]


def grey_levels(images, levels, rng):
    """So many shades of grey are left, black and white among them."""
    return np.round(images * (levels - 1)) / (levels - 1)


def dose(images, photons, rng):
    """So many photons a pixel reach the detector where the image is black, and a twentieth of them where it is white.

    The image is taken for the logarithm of what the body lets through; each pixel counts its photons, and counting is
    Poisson. A pixel that none has reached counts half a one.
    """
    depth = np.log(20)
    counted = rng.poisson(photons * np.exp(-depth * images))
    return -np.log(np.maximum(counted, 0.5) / photons) / depth


def window(images, share, rng):
    """The window is moved up by that share of its width: the image darkens, and what was darkest turns black."""
    return images - share


CORRUPTIONS = {
    "noise": (noise, (0.04, 0.08, 0.12, 0.18, 0.26)),
    "blur": (blur, (0.5, 0.8, 1.1, 1.5, 2.0)),
    "motion": (motion, (3, 5, 7, 9, 11)),
    "contrast": (contrast, (0.8, 0.6, 0.45, 0.3, 0.2)),
    "bias_field": (bias_field, (0.1, 0.2, 0.35, 0.5, 0.7)),
    "rotation": (rotation, (4, 8, 12, 18, 25)),
    "shift": (shift, (1, 2, 3, 4, 6)),
}  # name: the function, and its amount at severities 1 to 5
ACQUISITION = {
    "grey_levels": (grey_levels, (32, 16, 8, 4, 2)),
    "dose": (dose, (1000, 300, 100, 30, 10)),
    "window": (window, (0.1, 0.2, 0.3, 0.4, 0.5)),
}  # the same, for settings of a device: fewer shades, a lower dose, another window
