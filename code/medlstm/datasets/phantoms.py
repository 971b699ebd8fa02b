"""Which data can be made, with nothing hidden in it?"""

import hashlib
from typing import NamedTuple

import numpy as np

from medlstm.checks import check_array, check_number, check_size, generator

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


class Films(NamedTuple):
    """Films in which contrast medium comes and goes, and which bright spots count."""

    images: np.ndarray
    """float32 (N, T, S, S). A frame that sets the state shows a large disc, bright or dark."""
    counts: np.ndarray
    """bool (N, T). Does the frame hold a spot while contrast medium is in?"""
    since: np.ndarray
    """int64 (N, T). Frames since the state was set; 0 in the frame that sets it."""


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
    rng = _volume_arguments(examples, rng, slices, size, noise)
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


def vessels(examples, rng, slices=24, size=16, contrast=(0.8, 1.6), noise=1.0):
    """Volumes in which the look-alike of a lesion is a vessel, which goes on where a lesion ends.

    Half of the volumes hold one lesion, as in `lesions`. All hold a vessel: a disc through every slice, as
    wide as some slice of some lesion, whose place drifts as a lesion's does. That it spans several slices
    makes nothing a lesion here; that it ends does. A single slice shows at most that there are two.

    Parameters
    ----------
    examples, rng, slices, size, contrast, noise
        As in `lesions`.

    Returns
    -------
    Lesions

    Raises
    ------
    TypeError, ValueError
        As in `lesions`.
    """
    rng = _volume_arguments(examples, rng, slices, size, noise)
    images = rng.normal(0, noise, (examples, slices, size, size)).astype(np.float32)
    masks = np.zeros(images.shape, bool)
    for image, mask in zip(images, masks):
        image += rng.uniform(*contrast) * _vessel(slices, size, rng)
        if rng.random() < 0.5:
            blob = _lesion(rng.choice(LENGTHS), size, rng)
            first = rng.integers(0, slices - len(blob) + 1)
            here = slice(first, first + len(blob))
            mask[here] = blob >= 0.5
            image[here] += rng.uniform(*contrast) * blob
    return Lesions(images, masks)


def _volume_arguments(examples, rng, slices, size, noise):
    """The generator of random numbers, if volumes of this size have room for a lesion."""
    _check_sizes(examples=examples, slices=slices, size=size)
    check_number("noise", noise, "[0, inf)")
    rng = generator(rng)
    if slices < 16 or size < 12:
        raise ValueError(f"slices, size: expected at least 16 and 12, got {slices} and {size}; make the volumes larger")
    return rng


def _vessel(length, size, rng):
    """Discs (length, size, size) of one radius, whose centre drifts and is turned back near the edge."""
    heights = (2 * np.arange(6) + 1) / 6 - 1
    radius = rng.uniform(2, 3) * rng.choice(np.sqrt(1 - heights**2))
    centres = rng.uniform(4, size - 5, 2) + rng.normal(0, 0.3, (length, 2)).cumsum(axis=0)
    low, high = 4, size - 5
    centres = high - np.abs((centres - low) % (2 * (high - low)) - (high - low))
    return _discs(centres, np.full(length, radius), size)


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


def contrast_films(examples, rng, frames=24, size=16, contrast=(0.8, 1.6), noise=1.0):
    """Films in which now and then one frame sets a state by which all later frames must be read.

    Frame 0, and one frame after every 5 to 11 others, shows a disc in the middle: bright, contrast medium
    is in, or dark, it is out; either, whatever was before. Each other frame holds a bright spot with
    probability 1/2, which counts while contrast medium is in. Neither the frame nor the set of frames
    says whether it does: only the last disc before it, up to 11 frames ago.

    Parameters
    ----------
    examples : int
        N.
    rng : numpy.random.Generator
    frames, size : int
        T, and S, at least 12.
    contrast : tuple of float
        Least and largest brightness of a spot above the background.
    noise : float
        Standard deviation of each pixel. The same state of `rng` with 0 shows the same films clean.

    Returns
    -------
    Films

    Raises
    ------
    TypeError, ValueError
        If a size, a number or the generator is no such thing, or the frames are too small for a spot.
    """
    _check_sizes(examples=examples, frames=frames, size=size)
    check_number("noise", noise, "[0, inf)")
    rng = generator(rng)
    if size < 12:
        raise ValueError(f"size: expected at least 12, got {size}; make the frames larger")
    images = rng.normal(0, noise, (examples, frames, size, size)).astype(np.float32)
    middle = _discs(np.full((1, 2), (size - 1) / 2), np.full(1, 4.0), size)[0]
    state, since = np.empty((2, examples, frames), int)
    for n in range(examples):
        starts = np.cumsum([0, *rng.integers(6, 13, frames // 6)])
        starts = starts[starts < frames]
        which = np.searchsorted(starts, np.arange(frames), side="right") - 1
        states = rng.integers(0, 2, len(starts))
        state[n], since[n] = states[which], np.arange(frames) - starts[which]
        images[n, starts] += np.where(states, 1.5, -1.5)[:, None, None] * middle
    spot = (rng.random(since.shape) < 0.5) & (since > 0)
    discs = _discs(rng.uniform(4, size - 5, (*since.shape, 2)), rng.uniform(2, 3, since.shape), size)
    images += ((rng.uniform(*contrast, since.shape) * spot)[..., None, None] * discs).astype(np.float32)
    return Films(images, spot & (state == 1), since)


def fit_discs(images, radii=None):
    """Areas of the dark discs that fit the frames of `ventricle` best: an outline without any training.

    Every radius is tried at 25 places near the middle, one place for a whole clip. The wall's brightness
    is that of the corners, which no cavity reaches; a cavity is taken to have two fifths of it.

    Parameters
    ----------
    images : array (N, T, S, S)
        Clips of a dark cavity in a bright wall.
    radii : array, optional
        In pixels; 1.5 to 7.9 in tenths unless told otherwise.

    Returns
    -------
    array (N, T)
        In pixels.

    Raises
    ------
    TypeError, ValueError
        If `images` is no such array.
    """
    check_array("images", images, ("N", "T", "S", "S"))
    radii = np.arange(1.5, 8, 0.1) if radii is None else np.asarray(radii)
    clips, frames, size, _ = images.shape
    wall = images[..., [0, 0, -1, -1], [0, -1, 0, -1]].mean(axis=(1, 2))
    x = images.reshape(clips, frames, -1) / wall[:, None, None]
    least, areas = np.full(clips, np.inf), np.zeros((clips, frames))
    for place in np.mgrid[-1:1:5j, -1:1:5j].reshape(2, -1).T:
        centres = np.tile((size - 1) / 2 + place, (len(radii), 1))
        disc = 1 - 0.6 * _discs(centres, radii, size).reshape(len(radii), -1)
        disc = disc.astype(np.float32)
        misfit = (disc**2).sum(axis=1) - 2 * x @ disc.T
        total, best = misfit.min(axis=2).sum(axis=1), misfit.argmin(axis=2)
        better = total < least
        least[better] = total[better]
        areas[better] = np.pi * radii[best[better]] ** 2
    return areas


def _check_sizes(**sizes):
    for name, value in sizes.items():
        check_size(name, value)


def drawn_checksum(phantom, *arguments, **options):
    """SHA-256 of what a generator of this module draws from seed 0, rounded to three decimals.

    It names made data, as a file's checksum names the data in it: another generator, another sum.

    Parameters
    ----------
    phantom : callable
        `latch`, `lesions`, `vessels`, `ventricle` or `contrast_films`.
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
