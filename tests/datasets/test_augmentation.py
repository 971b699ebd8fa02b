"""What may happen to an image."""

import numpy as np
import pytest

from medlstm.datasets import shift


def test_shifts_move_whole_images_and_lose_nothing_inside(rng):
    images = np.zeros((200, 9, 9))
    images[:, 4, 4] = np.arange(1, 201)
    moved = shift(images, rng, 2)
    assert np.array_equal(moved.max(axis=(1, 2)), np.arange(1, 201)) and (moved > 0).sum() == 200
    rows, columns = np.nonzero(moved.max(axis=0))
    assert set(rows) == set(columns) == {2, 3, 4, 5, 6} and len(rows) == 25  # in any combination
    assert np.array_equal(shift(images, rng, 0), images)


def test_bad_requests_get_one_clear_sentence(rng):
    images = np.zeros((2, 9, 9))
    with pytest.raises(TypeError, match=r"images: expected a NumPy array .*, got one of shape \(9, 9\); convert"):
        shift(images[0], rng)
    with pytest.raises(TypeError, match="images: expected a NumPy array .*, got list"):
        shift(images.tolist(), rng)
    with pytest.raises(ValueError, match="pixels: expected a whole number of at least 0, got -1"):
        shift(images, rng, -1)
