"""How is a sequence of small images read? Each slice alone first, then, or not, with its neighbours."""

import keras
from keras import layers, ops

from medlstm.checks import check_choice

FEATURES = 32
"""K, what is left of a slice before its neighbours are asked."""
UNITS = {"alone": 0, "rolling_mean": 0, "conv1d": 28, "lstm": 32, "bilstm": 20, "one_frame": 0, "mean": 0, "maximum": 0}
"""Filters, or memory cells a direction: 8,320 to 8,480 weights for each that has any."""


def build(name, input_shape, task, seed):
    """A network that reads volumes or clips, not compiled.

    Every slice goes through the same two convolutions and a dense layer, by itself. `name` says what it
    learns of the others:

    - ``alone``: nothing;
    - ``rolling_mean``: the mean of its features and those of the two beside it. Where one logit follows,
      which is linear, this is the rolling mean of the logits;
    - ``conv1d``: two convolutions along the sequence, which see four slices to either side;
    - ``lstm``: all before it; ``bilstm``: all before it and all after it.

    One number for the whole clip takes instead ``one_frame`` (the first), ``mean`` or ``maximum`` (of the
    features over time), or ``lstm`` (its last hidden state).

    Parameters
    ----------
    name : str
        As above.
    input_shape : tuple of int
        Shape of one example, (T, S, S), S a multiple of 4.
    task : {"detection", "segmentation", "ejection_fraction", "contracting", "contrast"}
        A logit a slice, a logit a pixel, one number in per cent, a logit a frame, twice.
    seed : int
        Decides all randomness from here on: Python's, NumPy's and the framework's.

    Returns
    -------
    keras.Model
        Maps float32 (N, T, S, S) to (N, T), (N, T, S, S), (N,) or (N, T).

    Raises
    ------
    ValueError
        If there is no such task, or no network of that name for it.
    """
    check_choice("task", task, TASKS)
    readers, head, _ = TASKS[task]
    if name not in readers:
        raise ValueError(f"name: expected one of {', '.join(readers)} for {task}, got {name!r}; choose one of these")
    keras.utils.set_random_seed(seed)
    images = keras.Input(input_shape)
    fine, features = _each_slice(images)
    outputs = head(fine, features, readers[name](features, UNITS[name]))
    return keras.Model(images, outputs, name=f"{name}_{task}")


def compile_for(task, model, learning_rate=0.003):
    """Make a network of `build` ready to train on its task, with Adam and gradients clipped at norm 1.

    Parameters
    ----------
    task : str
        As in `build`; it decides the loss.
    model : keras.Model
    learning_rate : float or schedule of Keras
    """
    _, _, loss = TASKS[task]
    model.compile(keras.optimizers.Adam(learning_rate, global_clipnorm=1.0), loss)


def _each_slice(images):
    """Images (N, T, S, S) to maps (N*T, S, S, 8) and features (N, T, K), slice by slice."""
    _, steps, size, _ = images.shape
    x = ops.reshape(images, (-1, size, size, 1))
    fine = layers.Conv2D(8, 3, padding="same", activation="relu")(x)
    coarse = layers.Conv2D(16, 3, padding="same", activation="relu")(layers.MaxPooling2D()(fine))
    flat = layers.Flatten()(layers.MaxPooling2D()(coarse))
    features = layers.Dense(FEATURES, activation="relu")(flat)
    return fine, ops.reshape(features, (-1, steps, FEATURES))


def _conv1d(features, units):
    for _ in range(2):
        features = layers.Conv1D(units, 5, padding="same", activation="relu")(features)
    return features


SEQUENCES = {
    "alone": lambda features, units: features,
    "rolling_mean": lambda features, units: layers.AveragePooling1D(3, 1, padding="same")(features),
    "conv1d": _conv1d,
    "lstm": lambda features, units: layers.LSTM(units, return_sequences=True)(features),
    "bilstm": lambda features, units: layers.Bidirectional(layers.LSTM(units, return_sequences=True))(features),
}

SUMMARIES = {
    "one_frame": lambda features, units: features[:, 0],
    "mean": lambda features, units: ops.mean(features, axis=1),
    "maximum": lambda features, units: ops.max(features, axis=1),
    "lstm": lambda features, units: layers.LSTM(units)(features),
}


def _one_logit(fine, features, context):
    return ops.squeeze(layers.Dense(1)(context), axis=-1)


def _a_logit_a_pixel(fine, features, context):
    """What the slice shows finely, beside a grid of 4 x 4 and four numbers of what the sequence knows of it."""
    _, steps, _ = features.shape
    _, size, _, _ = fine.shape
    known = layers.Concatenate()([features, context])
    grid = ops.reshape(layers.Dense(4 * 4)(known), (-1, 4, 4, 1))
    whole = ops.reshape(layers.Dense(4)(known), (-1, 1, 1, 4))
    everywhere = layers.UpSampling2D(size)(whole)
    x = layers.Concatenate()([fine, layers.UpSampling2D(size // 4, interpolation="bilinear")(grid), everywhere])
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(x)
    return ops.reshape(layers.Conv2D(1, 3, padding="same")(x), (-1, steps, size, size))


def _per_cent(fine, features, summary):
    return 50 + 20 * ops.squeeze(layers.Dense(1)(summary), axis=-1)


def _overlap(y, logits):
    """Cross-entropy, and 1 less the Dice coefficient of probabilities over the whole batch."""
    y, p = ops.cast(y, logits.dtype), ops.sigmoid(logits)
    dice = 2 * ops.sum(y * p) / (ops.sum(y) + ops.sum(p) + 1)
    return 1 - dice + ops.mean(ops.softplus(logits) - y * logits)


_logistic = keras.losses.BinaryCrossentropy(from_logits=True)

TASKS = {
    "detection": (SEQUENCES, _one_logit, _logistic),
    "segmentation": (SEQUENCES, _a_logit_a_pixel, _overlap),
    "ejection_fraction": (SUMMARIES, _per_cent, "mean_squared_error"),
    "contracting": (SEQUENCES, _one_logit, _logistic),
    "contrast": (SEQUENCES, _one_logit, _logistic),
}
