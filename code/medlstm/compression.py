"""How does a trained network become smaller? Fewer bits, fewer weights, a lower rank, or a smaller pupil.

The first three change one kernel at a time, and `with_kernels` takes them to a whole network. They say what is
stored; whether that also saves time depends on who multiplies (NumPy multiplies a zero like any other number).
"""

import logging
import tempfile
from pathlib import Path

import numpy as np

from medlstm.cells import softmax
from medlstm.checks import check_array, check_number, check_probabilities, check_size, generator
from medlstm.network import SequenceClassifier


def with_kernels(network, change, *arguments, seed=0):
    """A copy of a network with every kernel changed, and its biases as they are.

    Parameters
    ----------
    network : SequenceClassifier
        Stays as it is.
    change : callable
        ``change(kernel, *arguments)`` returns an array of the same shape; `rounded`, `pruned` and `of_rank` do.
    seed : int
        Decides the order of the examples, should the copy be trained on.

    Returns
    -------
    SequenceClassifier
        Kernels, recurrent kernels and the kernel of the dense layer are changed.

    Raises
    ------
    TypeError
        If `network` is no `SequenceClassifier`.
    """
    if not isinstance(network, SequenceClassifier):
        raise TypeError(f"network: expected a SequenceClassifier, got {type(network).__name__}; convert it first")
    units = [lstm.units for lstm in network.lstms]
    sizes = network.lstms[0].input_size, units, network.classes
    copy = SequenceClassifier(*sizes, seed, dtype=network.head.kernel.dtype)
    for name, array in copy.parameters.items():
        original = network.parameters[name]
        array[...] = change(original, *arguments) if original.ndim == 2 else original
    return copy


def quantise(array, bits=8):
    """The nearest whole multiples of one step, which a few bits can hold.

    Symmetric: 0 stays 0, and the largest magnitude becomes the largest whole number.

    Parameters
    ----------
    array : array of floats
    bits : int
        From 2 to 8.

    Returns
    -------
    integers : array of int8
        From ``1 - 2**(bits - 1)`` to ``2**(bits - 1) - 1``.
    step : float
        No entry of ``step * integers`` is further than half a step from `array`.

    Raises
    ------
    TypeError, ValueError
        If `array` is no array of finite floats, or `bits` no whole number from 2 to 8.
    """
    check_array("array", array, array.shape if isinstance(array, np.ndarray) else ("N",))
    check_size("bits", bits, 2)
    if bits > 8:
        raise ValueError(f"bits: expected 2 to 8, got {bits}; with more there is no int8 to put them in")
    largest = 2 ** (bits - 1) - 1
    step = float(np.abs(array).max()) / largest or 1.0
    return np.rint(array / step).astype(np.int8), step


def rounded(kernel, bits=8):
    """A kernel as a few bits hold it: `quantise`, and back again. Shapes, dtypes and errors as there."""
    integers, step = quantise(kernel, bits)
    return (integers * step).astype(kernel.dtype)


def pruned(kernel, share, rng=None):
    """A kernel with a share of its weights set to zero: the smallest ones, or, with `rng`, any.

    Parameters
    ----------
    kernel : array of floats (D, K)
    share : float
        From 0, which changes nothing, to 1, which leaves nothing; rounded down to whole weights.
    rng : numpy.random.Generator or int, optional
        Draws the weights to remove, as a control; their size unless given (Han et al. 2015, arXiv 1506.02626).

    Returns
    -------
    array (D, K)

    Raises
    ------
    TypeError, ValueError
        If `kernel` is no such array, or `share` no number from 0 to 1.
    """
    check_array("kernel", kernel, ("D", "K"))
    check_number("share", share, "[0, 1]")
    order = np.abs(kernel).ravel().argsort() if rng is None else generator(rng).permutation(kernel.size)
    result = kernel.copy()
    result.flat[order[: int(share * kernel.size)]] = 0
    return result


def of_rank(kernel, rank):
    """The matrix of that rank that is closest to a kernel, by its largest singular values (Eckart and Young 1936).

    Parameters
    ----------
    kernel : array of floats (D, K)
    rank : int
        r, at least 1. From min(D, K) on nothing is left out, and the kernel comes back to the bit.

    Returns
    -------
    array (D, K)
        A product of (D, r) and (r, K), which have r (D + K) numbers where the kernel has D K.

    Raises
    ------
    TypeError, ValueError
        If `kernel` is no such array, or `rank` no whole number of at least 1.
    """
    check_array("kernel", kernel, ("D", "K"))
    check_size("rank", rank)
    if rank >= min(kernel.shape):
        return kernel.copy()
    left, values, right = np.linalg.svd(kernel, full_matrices=False)
    return ((left[:, :rank] * values[:rank]) @ right[:rank]).astype(kernel.dtype)


def multiply_adds(network, steps, rank=None):
    """Multiplications, each with its addition, in the matrix products of one prediction of one sequence.

    Parameters
    ----------
    network : SequenceClassifier
    steps : int
        T, time steps of the sequence.
    rank : int, optional
        Each product is done through two factors of that rank where that is less work.

    Returns
    -------
    int
        ``T (D 4H + H 4H)`` for each LSTM layer, and ``H K`` for the dense one. The element-wise work of the gates,
        ``T H`` times a few, is left out.
    """
    check_size("steps", steps)

    def product(rows, columns):
        whole = rows * columns
        return whole if rank is None else min(whole, rank * (rows + columns))

    *recurrent, head = [array.shape for array in network.parameters.values() if array.ndim == 2]
    return steps * sum(product(*shape) for shape in recurrent) + product(*head)


class HoldZeros:
    """An optimizer that leaves pruned weights at zero: for training on after `pruned`.

    Parameters
    ----------
    optimizer : object with ``update(parameters, gradients)``
        Moves the other weights. Every entry of a kernel that is zero at the first update stays zero.
    """

    def __init__(self, optimizer):
        self.optimizer, self._kept = optimizer, None

    @property
    def learning_rate(self):
        """That of the optimizer, to be read and set."""
        return self.optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, rate):
        self.optimizer.learning_rate = rate

    def update(self, parameters, gradients):
        """Move each array by one step, then set what was pruned back to zero."""
        if self._kept is None:
            self._kept = [array != 0 if array.ndim == 2 else np.True_ for array in parameters]
        self.optimizer.update(parameters, gradients)
        for array, kept in zip(parameters, self._kept, strict=True):
            array *= kept


def distil(student, x, y, taught, epochs, temperature=2.0, trust=0.5, batch_size=128, seed=0):
    """Train a small network on what a large one says, beside the labels (Hinton et al. 2015, arXiv 1503.02531).

    Parameters
    ----------
    student : Classifier
        Its weights are changed, by its optimizer.
    x : array of its ``input_shape``
    y : array of integers (N,)
        True classes.
    taught : array (N, K)
        Probabilities of the large network for the same examples.
    epochs, batch_size : int
    temperature : float
        Above 0. Both networks' probabilities are compared after their logarithms were divided by it: above 1 the
        small ones count for more. Gradients are multiplied by its square, as in the paper.
    trust : float
        From 0, labels alone, to 1, the large network alone.
    seed : int
        Decides the order of the examples.

    Returns
    -------
    list of float
        Mean cross-entropy with the true classes, in nats, of each epoch.

    Raises
    ------
    TypeError, ValueError
        If an array or a number is not such.
    """
    check_size("epochs", epochs)
    check_size("batch_size", batch_size)
    check_number("temperature", temperature, "(0, inf)")
    check_number("trust", trust, "[0, 1]")
    check_probabilities("taught", taught, (len(x), student.classes))
    rng, losses = np.random.default_rng(seed), []
    soft = softmax(np.log(np.maximum(taught, np.finfo(taught.dtype).tiny)) / temperature)
    for _ in range(epochs):
        total, order = 0.0, rng.permutation(len(x))
        for k in range(0, len(x), batch_size):
            batch = order[k : k + batch_size]
            logits = student.forward(x[batch], training=True)
            said = softmax(logits)
            total -= float(np.log(said[np.arange(len(batch)), y[batch]]).sum())
            from_labels = said - np.eye(student.classes, dtype=said.dtype)[y[batch]]
            from_teacher = temperature * (softmax(logits / temperature) - soft[batch])
            gradient = (1 - trust) * from_labels + trust * from_teacher
            student.backward((gradient / len(batch)).astype(logits.dtype), input_gradient=False)
            gradients = [layer.gradients[key] for layer in student.layers for key in layer.parameters]
            student.optimizer.update(list(student.parameters.values()), gradients)
        losses.append(total / len(x))
    return losses


def int8_onnx(model):
    """What onnxruntime makes of a network when it is told to compute its products with 8 bits.

    Kernels become int8 beforehand; what they are multiplied with is rounded as it comes, which is called dynamic
    quantisation. Biases, gates and states stay in floating point.

    Parameters
    ----------
    model : onnx.ModelProto
        Such as `medlstm.weights.to_onnx` makes.

    Returns
    -------
    bytes
        Another ONNX model, ready for ``onnxruntime.InferenceSession``.
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder, "before.onnx"), Path(folder, "after.onnx")
        onnx.save(model, before)
        logging.disable(logging.WARNING)  # it advises a step that changes nothing here
        try:
            quantize_dynamic(before, after, weight_type=QuantType.QInt8)
        finally:
            logging.disable(logging.NOTSET)
        return after.read_bytes()
