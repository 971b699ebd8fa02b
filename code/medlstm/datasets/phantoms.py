"""Which data can be made, with nothing hidden in it?"""

import hashlib
from typing import NamedTuple

import numpy as np

from medlstm.checks import check_number, check_size, generator

LENGTHS = np.arange(3, 9)
"""Slices that a lesion may span."""
SYSTOLE = 1 / 3
"""Share of a beat in which the ventricle contracts."""


class Lesions(NamedTuple):
    """Volumes, and where the lesions in them are."""

    images: np.ndarray
    """float32 (N, T, S, S). Noise, blobs and no blobs."""
    masks: np.ndarray
    """bool (N, T, S, S). Pixels of a lesion; ``masks.any((2, 3))`` labels slices."""


class Ventricles(NamedTuple):
    """Clips of a beating cavity, and what is true of them."""

    images: np.ndarray
    """float32 (N, T, S, S). A dark cavity in a bright wall."""
    area: np.ndarray
    """float32 (N, T). Of the cavity, in pixels; its volume goes as area ** 1.5."""
    ejection_fraction: np.ndarray
    """float32 (N,). The share of the largest volume that is ejected until the smallest, in per cent."""
    contracting: np.ndarray
    """bool (N, T). Is the volume falling at that moment?"""


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

    Raises
    ------
    TypeError, ValueError
        If a size, a number or the generator is no such thing.
    """
    _check_sizes(examples=examples, steps=steps, classes=classes)
    check_number("noise", noise, "[0, inf)")
    rng = generator(rng)
    y = rng.integers(0, classes, examples)
    x = rng.normal(0, noise, (examples, steps, classes)).astype(np.float32)
    x[:, 0] = np.eye(classes, dtype=np.float32)[y]
    return x, y


def lesions(examples, rng, slices=24, size=16, contrast=(0.8, 1.6), noise=1.0):
    """Volumes with lesions that span several slices, and artefacts of the same look that span one.

    Half of the volumes hold one lesion: an ellipsoid cut into 3 to 8 neighbouring slices, so that its
    radius waxes and wanes while its place drifts a little. Each volume holds 0 to 8 artefacts, in
    slices without lesion, one in a slice, each in a place of its own. An artefact is a slice of a lesion
    drawn in the same way, of which the others are left out: a single slice cannot tell the two apart,
    only its neighbours can.

    Parameters
    ----------
    examples : int
        N.
    rng : numpy.random.Generator
    slices, size : int
        T, at least 16, and S, at least 12.
    contrast : tuple of float
        Least and largest brightness of a blob above the background.
    noise : float
        Standard deviation of each pixel. The same state of `rng` with 0 shows the same blobs clean.

    Returns
    -------
    Lesions

    Raises
    ------
    TypeError, ValueError
        If a size, a number or the generator is no such thing, or the volumes are too small for a lesion
        and its artefacts.
    """
    _check_sizes(examples=examples, slices=slices, size=size)
    check_number("noise", noise, "[0, inf)")
    rng = generator(rng)
    if slices < 16 or size < 12:
        raise ValueError(f"slices, size: expected at least 16 and 12, got {slices} and {size}; make the volumes larger")
    images = rng.normal(0, noise, (examples, slices, size, size)).astype(np.float32)
    masks = np.zeros(images.shape, bool)
    for image, mask in zip(images, masks):
        free = np.ones(slices, bool)
        if rng.random() < 0.5:
            blob = _lesion(rng.choice(LENGTHS), size, rng)
            first = rng.integers(0, slices - len(blob) + 1)
            here = slice(first, first + len(blob))
            free[here], mask[here] = False, blob >= 0.5
            image[here] += rng.uniform(*contrast) * blob
        for t in rng.choice(np.flatnonzero(free), rng.integers(0, 9), replace=False):
            blob = _lesion(rng.choice(LENGTHS, p=LENGTHS / LENGTHS.sum()), size, rng)
            image[t] += rng.uniform(*contrast) * rng.choice(blob)
    return Lesions(images, masks)


def _lesion(length, size, rng):
    """Discs (length, size, size) between 0 and 1, with soft edges: an ellipsoid, slice by slice."""
    heights = (2 * np.arange(length) + 1) / length - 1
    radii = rng.uniform(2, 3) * np.sqrt(1 - heights**2)
    centres = rng.uniform(4, size - 5, 2) + rng.normal(0, 0.3, (length, 2)).cumsum(axis=0)
    return _discs(centres, radii, size)


def ventricle(examples, rng, frames=20, size=16, speckle=0.7):
    """Clips of a ventricle that beats once to 2.2 times, and contracts faster than it fills.

    A dark disc in a bright wall. The first third of a beat is systole: the volume falls along half a
    cosine, and rises along a slower one in the other two thirds. Systole and diastole pass through the
    same volumes, each for the same share of its time, so a frame alone cannot tell them apart. Phase,
    rate, resting size, place, brightness and ejection fraction (20 to 75 %) differ from clip to clip.

    Parameters
    ----------
    examples : int
        N.
    rng : numpy.random.Generator
    frames, size : int
        T and S.
    speckle : float
        Strength of the noise, which multiplies: 0 for none, 1 for the full Rayleigh speckle of ultrasound.

    Returns
    -------
    Ventricles
        The ejection fraction is that of the frames shown, 100 (max V - min V) / max V with V = area ** 1.5.

    Raises
    ------
    TypeError, ValueError
        If a size, a number or the generator is no such thing.
    """
    _check_sizes(examples=examples, frames=frames, size=size)
    check_number("speckle", speckle, "[0, 1]")
    rng = generator(rng)
    draw = lambda low, high: rng.uniform(low, high, (examples, 1))
    phase = (draw(0, 1) + draw(1, 2.2) * np.arange(frames) / frames) % 1
    contracting = phase < SYSTOLE
    angle = np.where(contracting, phase / SYSTOLE, (1 - phase) / (1 - SYSTOLE))  # 0 full, 1 empty
    volume = 1 - draw(0.2, 0.75) * (1 - np.cos(np.pi * angle)) / 2
    area = np.pi * (size * draw(0.25, 0.42)) ** 2 * volume ** (2 / 3)

    centres = (size - 1) / 2 + rng.uniform(-1, 1, (examples, 1, 2))
    cavity = _discs(centres, np.sqrt(area / np.pi), size)
    clean = draw(0.7, 1.3)[..., None, None] * (1 - 0.6 * cavity)
    images = clean * (1 + speckle * (rng.rayleigh(np.sqrt(2 / np.pi), cavity.shape) - 1))
    ejection_fraction = 100 * (1 - volume.min(axis=1) / volume.max(axis=1))
    return Ventricles(
        images.astype(np.float32), area.astype(np.float32), ejection_fraction.astype(np.float32), contracting
    )


def _check_sizes(**sizes):
    for name, value in sizes.items():
        check_size(name, value)


def drawn_checksum(phantom, *arguments, **options):
    """SHA-256 of what a generator of this module draws from seed 0, rounded to three decimals.

    It names made data, as a file's checksum names the data in it: another generator, another sum.

    Parameters
    ----------
    phantom : callable
        `latch`, `lesions` or `ventricle`.
    *arguments, **options
        Passed to it, the generator of random numbers after the positional ones.
    """
    digest = hashlib.sha256()
    for array in phantom(*arguments, np.random.default_rng(0), **options):
        digest.update(f"{array.shape}\n".encode())
        digest.update(np.round(array.astype(float), 3) + 0.0)  # no zero has a sign
    return digest.hexdigest()


def _discs(centres, radii, size):
    """Discs (..., size, size), 1 inside and 0 outside, for centres (..., 2) and radii (...) in pixels."""
    offsets = np.arange(size) - centres[..., None]
    distance = np.hypot(offsets[..., 0, :, None], offsets[..., 1, None, :])
    return np.clip(radii[..., None, None] + 0.5 - distance, 0, 1)
