"""What does a network of `medlstm.keras_models.sequences` cost? One count for all of them."""

import numpy as np
from keras import layers

from medlstm.keras_models.sequences import MatrixLSTM


def multiply_adds(model):
    """Multiplications, each with its addition, in the matrix products of one prediction of one sequence.

    Counted as in `medlstm.compression.multiply_adds`: every kernel once at each position where it is applied; for
    attention, and for a matrix memory computed all at once, also the products of every position with every other.
    Element-wise work is left out: gates, sums, norms, and the scan of a state space.

    Parameters
    ----------
    model : keras.Model
        Reads sequences (N, T, D).

    Returns
    -------
    int
    """
    total = 0
    for layer in model.layers:
        matrices = [w.shape for w in layer.weights if len(w.shape) > 1 and w.name != "bias"]  # some biases are (2, 3H)
        kernels = sum(int(np.prod(shape)) for shape in matrices)
        if kernels == 0:
            continue
        *positions, width = layer.output.shape[1:]
        total += int(np.prod(positions)) * kernels
        if isinstance(layer, (layers.MultiHeadAttention, MatrixLSTM)):
            total += 2 * positions[0] ** 2 * width
    return total
