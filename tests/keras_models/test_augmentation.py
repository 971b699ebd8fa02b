"""What is done to training images."""

import numpy as np

from medlstm.keras_models import Augmentation


def test_changes_of_an_image_are_independent_unless_tied():
    x = np.zeros((400, 11, 11), np.float32)
    x[:, 5, 2] = 1
    for tied in (False, True):
        moved = Augmentation(0, translation=2, flip=True, tied=tied)(x, training=True).numpy()
        down, right = (moved.sum(axis) @ np.arange(11) / moved.sum((1, 2)) for axis in (2, 1))
        assert (abs(np.corrcoef(down, right > 5)[0, 1]) > 0.3) == tied
