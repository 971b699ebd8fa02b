"""What may happen to a training image without changing its class? Drawn anew at each step."""

import keras
import numpy as np
from keras import layers, ops


@keras.saving.register_keras_serializable("medlstm")
class Augmentation(layers.Layer):
    """Small random changes that leave the class as it is, in training only; what comes in repeats the border.

    Parameters
    ----------
    seed : int
        Decides all changes.
    angle : float
        Largest rotation, in degrees.
    scale : float
        Largest change of size, as a share.
    translation : float
        Largest shift along each axis, in pixels.
    brightness : float
        Largest change of brightness, in parts of the range from 0 to 1.
    contrast : float
        Largest change of contrast, as a share.
    flip : bool
        Whether left and right may change places.
    tied : bool
        Whether one and the same random number drives all changes of an image, so that one that is flipped is
        also turned to one side, and so on. A mistake of the stored experiment `medmnist`, kept for it alone.
    """

    def __init__(
        self,
        seed,
        angle=0.0,
        scale=0.0,
        translation=0.0,
        brightness=0.0,
        contrast=0.0,
        flip=False,
        tied=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.settings = {
            "seed": seed,
            "angle": angle,
            "scale": scale,
            "translation": translation,
            "brightness": brightness,
            "contrast": contrast,
            "flip": flip,
            "tied": tied,
        }

    def build(self, input_shape):
        s, (rows, columns) = self.settings, input_shape[1:3]
        seeds = iter([s["seed"]] * 6 if s["tied"] else np.random.SeedSequence(s["seed"]).generate_state(6).tolist())
        border = {"fill_mode": "nearest", "interpolation": "bilinear"}
        self.changes = [
            layers.RandomFlip("horizontal", seed=next(seeds)) if s["flip"] else None,
            layers.RandomRotation(s["angle"] / 360, seed=next(seeds), **border),
            layers.RandomZoom((-s["scale"], s["scale"]), seed=next(seeds), **border),
            layers.RandomTranslation(s["translation"] / rows, s["translation"] / columns, seed=next(seeds), **border),
            layers.RandomBrightness(s["brightness"], value_range=(0, 1), seed=next(seeds)),
            layers.RandomContrast(s["contrast"], value_range=(0, 1), seed=next(seeds)),
        ]

    def call(self, x, training=None):
        if not training:
            return x
        flat = len(x.shape) == 3
        x = ops.expand_dims(x, -1) if flat else x
        for change in self.changes:
            x = x if change is None else change(x, training=True)
        return ops.squeeze(x, -1) if flat else x

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return super().get_config() | self.settings
