"""How does Keras train a cell of `medlstm.cells`? As a layer that runs the very lines printed there."""

import keras
from keras import ops

from medlstm.cells import CELLS
from medlstm.checks import check_choice
from medlstm.exponential import EXPONENTIAL

KNOWN = CELLS | EXPONENTIAL


@keras.saving.register_keras_serializable("medlstm")
class RecurrentCell(keras.Layer):
    """One step of a cell of the book, for ``keras.layers.RNN``.

    Parameters
    ----------
    name_in_cells : str
        A key of `CELLS` or `EXPONENTIAL`.
    units : int
        H, memory cells.
    """

    def __init__(self, name_in_cells, units, **kwargs):
        super().__init__(**kwargs)
        self.cell = KNOWN[name_in_cells]
        self.name_in_cells, self.units = name_in_cells, units
        self.state_size = [units] * len(self.cell.states)
        self.output_size = units

    def build(self, input_shape):
        columns = len(self.cell.blocks) * self.units
        self.kernel = self.add_weight((input_shape[-1], columns), "glorot_uniform", name="kernel")
        self.recurrent_kernel = self.add_weight((self.units, columns), "orthogonal", name="recurrent_kernel")
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
    """Any cell of the book as a trainable recurrent layer.

    Parameters
    ----------
    name : str
        A key of `CELLS` or `medlstm.exponential.EXPONENTIAL`.
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
    check_choice("name", name, KNOWN)
    return keras.layers.RNN(RecurrentCell(name, units, dtype=kwargs.get("dtype")), **kwargs)
