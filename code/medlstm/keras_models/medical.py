"""Which networks read medical images? From pixels to one logit a class, all built alike.

Each network takes grey images (N, 28, 28), coloured ones (N, 28, 28, 3) or volumes (N, 28, 28, 28)
with values from 0 to 1. In training it changes them a little, volumes within their slices; then it
standardises them, reads them, and ends in dropout and a dense layer. Logistic regression does
without the changes and the dropout.
"""

import keras
import numpy as np
from keras import layers, ops

from medlstm.checks import check_choice


def logistic_regression(x, units, width):
    """Every pixel has a weight for each class, and nothing else."""
    return layers.Flatten()(x)


def lstm_over_rows(x, units, width):
    """An LSTM reads the rows from top to bottom."""
    return _summary(layers.LSTM(2 * units, return_sequences=True)(_rows(x)))


def rows_and_columns(x, units, width):
    """Two LSTMs read the rows, downwards and upwards, two more the columns, from either side."""
    return layers.Concatenate()([_summary(_both_ways(units, lines)) for lines in (_rows(x), _columns(x))])


def conv_over_rows(x, units, width):
    """Convolutions along the sequence of rows: the second sees nine rows, none the whole."""
    x = _rows(x)
    for _ in range(2):
        x = _convolution(layers.Conv1D, x, 4 * width, 5)
    return _summary(x)


def cnn(x, units, width):
    """Five convolutions in two dimensions, with two poolings."""
    return _spread_summary(_stem(x, width))


def conv_lstm(x, units, width):
    """The same five convolutions; then LSTMs read what they found row by row and column by column.

    A row is given by its mean and its maximum over the columns, a column by those over the rows.
    """
    x = _stem(x, width)
    lines = [ops.concatenate([ops.mean(x, axis), ops.max(x, axis)], axis=-1) for axis in (2, 1)]
    return layers.Concatenate()([_summary(_both_ways(units, sequence)) for sequence in lines])


def mean_over_slices(x, units, width):
    """The projections of each slice, averaged over the slices: three profiles of the whole volume."""
    return layers.Concatenate()([layers.GlobalAveragePooling1D()(slices) for slices in _projections(x)])


def lstm_over_slices(x, units, width):
    """The projections of each slice, read by LSTMs from slice to slice, both ways, along each axis."""
    return layers.Concatenate()([_summary(_both_ways(units, slices)) for slices in _projections(x)])


def cnn_3d(x, units, width):
    """Three convolutions in three dimensions."""
    x = layers.Reshape((*x.shape[1:], 1))(x)
    for channels, stride in ((width, 2), (2 * width, 2), (4 * width, 1)):
        x = _convolution(layers.Conv3D, x, channels, 3, stride)
    return layers.Concatenate()([layers.GlobalAveragePooling3D()(x), layers.GlobalMaxPooling3D()(x)])


NETWORKS = {
    network.__name__: network
    for network in (
        logistic_regression,
        lstm_over_rows,
        rows_and_columns,
        conv_over_rows,
        cnn,
        conv_lstm,
        mean_over_slices,
        lstm_over_slices,
        cnn_3d,
    )
}
ROWS = ("in_order", "fixed_permutation", "fresh_permutation")


def _rows(x):
    """A sequence of rows (N, 28, numbers in a row)."""
    return x if len(x.shape) == 3 else layers.Reshape((x.shape[1], -1))(x)


def _columns(x):
    return _rows(layers.Permute((2, 1, *range(3, len(x.shape))))(x))


def _both_ways(units, x):
    return layers.Bidirectional(layers.LSTM(units, return_sequences=True))(x)


def _projections(x):
    """A volume (N, 28, 28, 28) cut along each of its axes into slices (N, 28, 56).

    A slice is given by two projections: its means over its rows and over its columns.
    """
    volumes = [layers.Permute(order)(x) for order in ((1, 2, 3), (2, 1, 3), (3, 1, 2))]
    return [ops.concatenate([ops.mean(v, 2), ops.mean(v, 3)], axis=-1) for v in volumes]


def _stem(x, width):
    """Five convolutions: (N, 28, 28) or (N, 28, 28, F) to (N, 7, 7, 4 width)."""
    if len(x.shape) == 3:
        x = layers.Reshape((*x.shape[1:], 1))(x)
    for k, channels in enumerate((width, width, 2 * width, 2 * width, 4 * width)):
        x = layers.MaxPooling2D()(x) if k in (2, 4) else x
        x = _convolution(layers.Conv2D, x, channels, 3)
    return x


def _convolution(kind, x, channels, size, stride=1):
    x = kind(channels, size, stride, padding="same", use_bias=False)(x)
    return layers.Activation("relu")(layers.BatchNormalization()(x))


def _summary(h):
    """Mean and maximum over time."""
    return layers.Concatenate()([layers.GlobalAveragePooling1D()(h), layers.GlobalMaxPooling1D()(h)])


def _spread_summary(x):
    """Mean and maximum over both dimensions of a picture."""
    return layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)])


def build(
    name,
    input_shape,
    classes,
    seed,
    units=32,
    width=16,
    dropout=0.3,
    augmentation=None,
    mean=0.5,
    std=0.25,
    rows="in_order",
):
    """One of the networks above, not compiled, with its start decided by the seed.

    Parameters
    ----------
    name : str
        A key of `NETWORKS`.
    input_shape : tuple of int
        Shape of one example: (28, 28), (28, 28, 3) or (28, 28, 28).
    classes : int
        K, classes to tell apart.
    seed : int
        Decides starting weights and dropout.
    units : int
        Memory cells of each direction of each bidirectional LSTM; the single LSTM has twice as many.
    width : int
        Channels of the first convolution.
    dropout : float
        Share of the summary that is dropped in training; logistic regression has none.
    augmentation : layer, optional
        What is done to the images in training, such as `medlstm.keras_models.Augmentation`; logistic
        regression does without.
    mean, std : float
        Of the training images' pixels; used to standardise.
    rows : str
        One of `ROWS`. The last two shuffle the rows of grey images: by one permutation for all images, which the seed
        decides, or by a fresh one for each image at each call, in training and after it.

    Returns
    -------
    keras.Model
        Logits (N, K) of examples (N, *input_shape), float32. Ask it with ``predict``; a plain call
        changes the images as in training, unless it says ``training=False``.

    Raises
    ------
    ValueError
        If there is no network of that name, or no such order of rows.
    """
    check_choice("name", name, NETWORKS)
    check_choice("rows", rows, ROWS)
    keras.utils.set_random_seed(seed)
    x = images = keras.Input(input_shape)
    plain = name == "logistic_regression"
    if augmentation is not None and not plain:
        x = augmentation(x)
    if rows != "in_order":
        x = RowOrder(fresh=rows == "fresh_permutation", seed=seed)(x)
    x = layers.Rescaling(1 / std, -mean / std)(x)
    x = NETWORKS[name](x, units, width)
    if not plain:
        x = layers.Dropout(dropout, seed=seed)(x)
    return keras.Model(images, layers.Dense(classes)(x), name=name)


@keras.saving.register_keras_serializable("medlstm")
class RowOrder(layers.Layer):
    """Images (N, T, F) with their rows in another order.

    Parameters
    ----------
    fresh : bool
        Whether each image gets an order of its own at each call, or all share one for good.
    seed : int
        Decides the orders.
    """

    def __init__(self, fresh, seed, **kwargs):
        super().__init__(**kwargs)
        self.fresh, self.seed = fresh, seed
        self.draws = keras.random.SeedGenerator(seed)

    def get_config(self):
        return super().get_config() | {"fresh": self.fresh, "seed": self.seed}

    def call(self, x):
        if self.fresh:
            order = ops.argsort(keras.random.uniform(ops.shape(x)[:2], seed=self.draws), axis=1)
            return ops.take_along_axis(x, ops.expand_dims(order, -1), axis=1)
        return ops.take(x, np.random.default_rng(self.seed).permutation(x.shape[1]), axis=1)


def fit(model, x, y, epochs, batch_size, learning_rate, weight_decay):
    """Train with AdamW on cross-entropy: a short rise of the learning rate, then half a cosine almost to zero.

    Parameters
    ----------
    model : keras.Model
        As `build` made it.
    x : array of float32 (N, ...), or a list of such arrays
        Training images from 0 to 1, and what else the network takes.
    y : array of integers (N,)
        Their classes.
    epochs, batch_size : int
    learning_rate : float
        Its highest value.
    weight_decay : float
        Share of each weight, times the learning rate, that is taken off at each step.

    Returns
    -------
    list of float
        Mean loss of each epoch.
    """
    steps = epochs * -(-len(y) // batch_size)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps, warmup_target=learning_rate, warmup_steps=max(1, steps // 20)
    )
    model.compile(
        keras.optimizers.AdamW(rate, weight_decay, global_clipnorm=1.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model.fit(x, y, batch_size, epochs, verbose=0).history["loss"]
