"""Networks in Keras: what they read differs, how they are built does not.

Each module has a ``build(name, input_shape, ..., seed)`` that returns a network with fresh weights, not
compiled. All can be saved and loaded with Keras.
"""

from medlstm.keras_models import medical, multimodal, sequences, slices
from medlstm.keras_models.augmentation import Augmentation
from medlstm.keras_models.cells import cell_layer
from medlstm.keras_models.digits import build

__all__ = ["Augmentation", "build", "cell_layer", "medical", "multimodal", "sequences", "slices"]
