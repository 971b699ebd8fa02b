"""What does a network of `medlstm.keras_models.sequences` cost? One count for all of them."""

import ctypes

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


def peak_memory(work):
    """How much memory a call takes at its highest, beyond what the process held before.

    Parameters
    ----------
    work : callable
        Is called once. Call it before to leave out what only a first call takes.

    Returns
    -------
    int
        Bytes, to whole pages: the growth of the peak of resident memory, as Linux counts it.

    Raises
    ------
    OSError
        If the system is no Linux.
    """
    library = ctypes.CDLL(None)
    library.mallopt(-3, 2**16)  # arrays above 64 KB come from the system, and go back to it
    library.malloc_trim(0)
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # forget the old peak
    before = _resident("VmRSS")
    work()
    return max(0, _resident("VmHWM") - before)


def _resident(name):
    with open("/proc/self/status") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith(name))
