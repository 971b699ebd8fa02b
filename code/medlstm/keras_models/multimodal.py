"""How can an image and a table be joined? Four ways, from pixels and numbers to one logit a class."""

import keras
from keras import layers, ops


def early(image, table, units, classes, head):
    """The table is written beside every row, and the LSTM reads both."""
    beside = layers.RepeatVector(image.shape[1])(table)
    return head(_read(layers.Concatenate()([image, beside]), units))


def late(image, table, units, classes, head, start="glorot_uniform"):
    """Each has its say, and the logits are added; if the two are independent given the class, log odds do add."""
    told = layers.Dense(classes, use_bias=False, kernel_initializer=start, name="table")(table)
    return layers.Add()([head(_read(image, units)), told])


def summed(image, table, units, classes, head):
    """The late fusion, with a table that has no say before training: its weights start at zero."""
    return late(image, table, units, classes, head, start="zeros")


def gated(image, table, units, classes, head):
    """A gate, computed from both, decides for each feature how much of it is the image's and how much the table's."""
    seen = layers.Dense(units, "tanh")(_read(image, units))
    told = layers.Dense(units, "tanh")(layers.Dense(units, "relu")(table))
    gate = layers.Dense(units, "sigmoid", name="gate")(layers.Concatenate()([seen, told]))
    return head(gate * seen + (1 - gate) * told)


FUSIONS = {fusion.__name__: fusion for fusion in (early, late, summed, gated)}


def build(fusion, columns, seed, units=32, classes=2, dropout=0.3, augmentation=None, mean=0.5, std=0.25):
    """A network for an image and a table, not compiled, with its start decided by the seed.

    Parameters
    ----------
    fusion : str or None
        A key of `FUSIONS`; None for the same network without a table.
    columns : int
        K, numbers in the table for each patient.
    seed : int
        Decides starting weights and dropout.
    units : int
        Half the memory cells of the LSTM that reads the rows.
    classes : int
    dropout : float
        Share of the features that is dropped in training.
    augmentation : layer, optional
        What is done to the images in training, such as `medlstm.keras_models.Augmentation`.
    mean, std : float
        Of the training images' pixels; used to standardise.

    Returns
    -------
    keras.Model
        Logits (N, classes) of ``[images, table]``, with images (N, 28, 28) from 0 to 1 and a table (N, K).

    Raises
    ------
    ValueError
        If there is no fusion of that name.
    """
    if fusion is not None and fusion not in FUSIONS:
        raise ValueError(f"fusion: expected None or one of {', '.join(FUSIONS)}, got {fusion!r}; choose one of these")
    keras.utils.set_random_seed(seed)
    images, table = keras.Input((28, 28), name="image"), keras.Input((columns,), name="columns")
    x = images if augmentation is None else augmentation(images)
    x = layers.Rescaling(1 / std, -mean / std)(x)
    drop, dense = layers.Dropout(dropout, seed=seed), layers.Dense(classes)
    head = lambda features: dense(drop(features))
    logits = head(_read(x, units)) if fusion is None else FUSIONS[fusion](x, table, units, classes, head)
    return keras.Model([images, table], logits, name=fusion or "image")


def _read(rows, units):
    """Mean and maximum over time of an LSTM's hidden states."""
    h = layers.LSTM(2 * units, return_sequences=True)(rows)
    return ops.concatenate([ops.mean(h, axis=1), ops.max(h, axis=1)], axis=-1)
