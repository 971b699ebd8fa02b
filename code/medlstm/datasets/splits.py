"""What is a part of a data set, and do the parts overlap?"""

from collections import defaultdict
from typing import NamedTuple

import numpy as np


class Split(NamedTuple):
    """Images, and the label of each."""

    images: np.ndarray
    labels: np.ndarray


class Splits(NamedTuple):
    """The three parts of a data set, as its authors made them."""

    train: Split
    val: Split
    test: Split


def scaled(images, count=None):
    """The first `count` images, all unless given: uint8 from 0 to 255 as float32 from 0 to 1."""
    return images[:count].astype(np.float32) / 255


def scaled_parts(splits, count=None):
    """Images from 0 to 1 and labels of each part, by its name: the first `count`, all unless given."""
    return {name: (scaled(split.images, count), split.labels[:count]) for name, split in splits._asdict().items()}


def duplicates(splits):
    """Images that occur more than once, pixel for pixel, whatever their labels.

    Parameters
    ----------
    splits : Splits
        As `load_medmnist` returns them.

    Returns
    -------
    list of lists of (str, int)
        Each group of equal images, as pairs of split and index.
    """
    places = defaultdict(list)
    for name, split in splits._asdict().items():
        for index, image in enumerate(split.images):
            places[image.tobytes()].append((name, index))
    return [group for group in places.values() if len(group) > 1]
