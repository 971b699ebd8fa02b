"""The same networks in Keras, and any cell of `medlstm.cells` as a layer that Keras trains."""

import keras
from keras import ops

from medlstm.cells import CELLS


def stacked_lstm(input_shape, classes):
    """LSTM(128), LSTM(64), Dense(10, softmax): the classic example, 130,442 weights on MNIST rows."""
    return [keras.Input(input_shape),
            keras.layers.LSTM(128, return_sequences=True),
            keras.layers.LSTM(64),
            keras.layers.Dense(classes, activation="softmax")]


def small_cnn(input_shape, classes):
    """Two convolutions with pooling and one dense layer: the baseline that no LSTM here may ignore."""
    return [keras.Input(input_shape),
            keras.layers.Reshape((*input_shape, 1)),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(classes, activation="softmax")]


NETWORKS = {"stacked_lstm": stacked_lstm, "small_cnn": small_cnn}


def build(name, input_shape, classes, seed):
    """One of the book's networks, compiled with Adam and cross-entropy on integer classes.

    Parameters
    ----------
    name : str
        A key of `NETWORKS`.
    input_shape : tuple of int
        Shape of one example, (T, D).
    classes : int
        K, classes to tell apart.
    seed : int
        Decides all randomness from here on: Python's, NumPy's and the framework's.

    Returns
    -------
    keras.Model
        Probabilities (N, K) of examples (N, T, D).

    Raises
    ------
    ValueError
        If there is no network of that name.
    """
    if name not in NETWORKS:
        raise ValueError(f"name: expected one of {', '.join(NETWORKS)}, got {name!r}; "
                         "choose one of these")
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(NETWORKS[name](input_shape, classes), name=name)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@keras.saving.register_keras_serializable("medlstm")
class RecurrentCell(keras.Layer):
    """One step of a cell of `CELLS`, for ``keras.layers.RNN``.

    Parameters
    ----------
    name_in_cells : str
        A key of `CELLS`.
    units : int
        H, memory cells.
    """

    def __init__(self, name_in_cells, units, **kwargs):
        super().__init__(**kwargs)
        self.cell = CELLS[name_in_cells]
        self.name_in_cells, self.units = name_in_cells, units
        self.state_size = [units] * len(self.cell.states)
        self.output_size = units

    def build(self, input_shape):
        columns = len(self.cell.blocks) * self.units
        self.kernel = self.add_weight((input_shape[-1], columns), "glorot_uniform", name="kernel")
        self.recurrent_kernel = self.add_weight((self.units, columns), "orthogonal",
                                                name="recurrent_kernel")
        self.bias = self.add_weight((columns,), self._start_bias, name="bias")
        if self.cell.peepholes:
            self.peephole = self.add_weight((self.cell.peepholes, self.units), "zeros", name="peephole")

    def _start_bias(self, shape, dtype):
        ones = [float(block == "forget") for block in self.cell.blocks]
        return ops.cast(ops.repeat(ops.array(ones), self.units), dtype)

    def call(self, x_t, states, training=None):
        params = {weight.name: weight for weight in self.weights}
        states, _ = self.cell(x_t, tuple(states), params, ops)
        return states[0], list(states)

    def get_config(self):
        return super().get_config() | {"name_in_cells": self.name_in_cells, "units": self.units}


def cell_layer(name, units, **kwargs):
    """Any of `CELLS` as a trainable recurrent layer.

    Parameters
    ----------
    name : str
        A key of `CELLS`.
    units : int
        H, memory cells.
    **kwargs
        Passed to ``keras.layers.RNN``, such as ``return_sequences=True``.

    Returns
    -------
    keras.layers.RNN
        Its weights are ``kernel``, ``recurrent_kernel``, ``bias`` and with peepholes ``peephole``,
        as in `medlstm.cells`.

    Raises
    ------
    ValueError
        If there is no cell of that name.
    """
    if name not in CELLS:
        raise ValueError(f"name: expected one of {', '.join(CELLS)}, got {name!r}; choose one of these")
    return keras.layers.RNN(RecurrentCell(name, units, dtype=kwargs.get("dtype")), **kwargs)
