"""How are layers stacked, over the steps of a sequence or along both axes of an image?"""

from itertools import pairwise

import numpy as np

from medlstm.bidirectional import Bidirectional
from medlstm.checks import check_size, check_sizes
from medlstm.classifier import Classifier
from medlstm.layers import Dense, Dropout, MeanAndMaximum
from medlstm.lstm import LSTM
from medlstm.optimizers import Adam


class SequenceClassifier(Classifier):
    """LSTM layers, one above the other, and a dense layer that reads the last hidden state.

    Parameters
    ----------
    input_size : int
        D, numbers in each time step.
    units : sequence of int
        Memory cells of each LSTM layer, from the input upwards.
    classes : int
        K, classes to tell apart.
    seed : int
        Decides the starting weights and the order of the training examples.
    optimizer : object with ``update(parameters, gradients)``, optional
        `medlstm.optimizers.Adam` with its defaults unless given; not shared with another network.
    dtype : dtype
        Floating-point type of weights and results.

    Attributes
    ----------
    lstms : list of LSTM
    head : Dense

    Raises
    ------
    TypeError, ValueError
        If a size is no whole number of at least 1, `classes` of at least 2, `seed` of at least 0, or
        `dtype` no floating-point type.
    """

    def __init__(self, input_size, units, classes, seed=0, optimizer=None, dtype=np.float32):
        check_sizes("units", units)
        super().__init__(("N", "T", input_size), classes, seed, optimizer or Adam())
        sizes = [input_size, *units]
        self.lstms = [LSTM(d, h, dtype, self._rng) for d, h in pairwise(sizes)]
        self.head = Dense(sizes[-1], classes, dtype, self._rng)
        self.named_layers = {f"lstm_{k}": lstm for k, lstm in enumerate(self.lstms)} | {"head": self.head}

    def forward(self, x, training=False):
        """Logits (N, K) of the sequences x (N, T, D); `training` changes nothing here."""
        return self.head.forward(self.last_states(x))

    def last_states(self, x):
        """The hidden states (N, H) of the upper layer after the last step of the sequences x (N, T, D)."""
        for lstm in self.lstms:
            x, (h_last, _) = lstm.forward(x)
        return h_last

    def forward_each_step(self, x):
        """What the logits would be if the sequence ended after each step.

        Parameters
        ----------
        x : array (N, T, D)

        Returns
        -------
        array (N, T, K)
            The read-out of the hidden state of each step; the last is that of `forward`, up to
            rounding. It was trained on the last step alone.

        Raises
        ------
        TypeError, ValueError
            As `medlstm.lstm.LSTM.forward`.
        """
        for lstm in self.lstms:
            x, _ = lstm.forward(x)
        return x @ self.head.kernel + self.head.bias

    def backward(self, dlogits, input_gradient=True):
        """Gradient (N, T, D) of the loss with respect to the latest input, from that of its logits."""
        dh_last = self.head.backward(dlogits)
        dx, last = None, (dh_last, np.zeros_like(dh_last))
        for depth, lstm in reversed(list(enumerate(self.lstms))):
            dx, _ = lstm.backward(dx, last, input_gradient or depth > 0)
            last = None
        return dx

    @staticmethod
    def _sizes(shapes):
        depth = sum(name.endswith("/recurrent_kernel") for name in shapes)
        units = [shapes[f"lstm_{k}/recurrent_kernel"][0] for k in range(depth)]
        return shapes["lstm_0/kernel"][0], units, shapes["head/bias"][0]

    @staticmethod
    def _count(input_size, units, classes):
        return sum(4 * h * (d + h + 1) for d, h in pairwise([input_size, *units])) + (units[-1] + 1) * classes


class RowsAndColumns(Classifier):
    """Bidirectional LSTMs over the rows of an image, beside others over its columns.

    The mean and the maximum over time of both readings meet in one dense layer. No convolution
    anywhere; a relative of ReNet (Visin et al. 2015), which reads one axis after the other.

    Parameters
    ----------
    rows, columns : int
        Height and width of the images, in pixels.
    units : sequence of int
        Memory cells of each direction, layer by layer, the same on both axes.
    classes : int
        K, classes to tell apart.
    seed : int
        Decides starting weights, dropout, augmentation, and the order of the training examples.
    dropout : float
        Share of the pooled numbers that is set to 0 in training; see `medlstm.layers.Dropout`.
    label_smoothing : float
        As for `medlstm.layers.softmax_cross_entropy`.
    optimizer : object with ``update(parameters, gradients)``, optional
        `medlstm.optimizers.Adam` with gradients clipped at norm 1 unless given; not shared with
        another network.
    dtype : dtype
        Floating-point type of weights and results.

    Raises
    ------
    TypeError, ValueError
        If a size is no whole number of at least 1, `classes` of at least 2, `seed` of at least 0,
        `dropout` or `label_smoothing` not at least 0 and below 1, or `dtype` no floating-point type.
    """

    def __init__(
        self,
        rows,
        columns,
        units,
        classes,
        seed=0,
        dropout=0.25,
        label_smoothing=0.05,
        optimizer=None,
        dtype=np.float32,
    ):
        check_size("rows", rows)
        check_size("columns", columns)
        check_sizes("units", units)
        super().__init__(("N", rows, columns), classes, seed, optimizer or Adam(clip_norm=1.0), label_smoothing)
        self.readings = [self._reading(size, units, dtype) for size in (columns, rows)]
        self.pools = [MeanAndMaximum(), MeanAndMaximum()]
        self.dropout = Dropout(dropout, self._rng)
        self.head = Dense(8 * units[-1], classes, dtype, self._rng)
        self.named_layers = {
            f"{axis}_{k}": layer
            for axis, layers in zip(("rows", "columns"), self.readings)
            for k, layer in enumerate(layers)
        } | {"head": self.head}

    def forward(self, x, training=False):
        """Logits (N, K) of images x (N, rows, columns); dropout acts in training only."""
        pooled = []
        for h, layers, pool in zip((x, x.swapaxes(1, 2)), self.readings, self.pools):
            for layer in layers:
                h, _ = layer.forward(h)
            pooled.append(pool.forward(h))
        return self.head.forward(self.dropout.forward(np.concatenate(pooled, axis=1), training))

    def backward(self, dlogits, input_gradient=True):
        """Gradient (N, rows, columns) of the loss with respect to the latest images, from that of its logits."""
        halves = np.split(self.dropout.backward(self.head.backward(dlogits)), 2, axis=1)
        dx = []
        for d, layers, pool in zip(halves, self.readings, self.pools):
            d = pool.backward(d)
            for depth, layer in reversed(list(enumerate(layers))):
                d, _ = layer.backward(d, None, input_gradient or depth > 0)
            dx.append(d)
        return dx[0] + dx[1].swapaxes(1, 2) if input_gradient else None

    def _reading(self, features, units, dtype):
        """The layers that read one axis."""
        sizes = [features, *(2 * h for h in units)]
        return [Bidirectional(d, h, dtype, self._rng) for d, h in zip(sizes, units)]

    @staticmethod
    def _sizes(shapes):
        kernel = "{}_{}/forward/kernel".format
        depth = sum(name.startswith("rows_") and name.endswith("/forward/kernel") for name in shapes)
        units = [shapes[kernel("rows", k)][1] // 4 for k in range(depth)]
        return shapes[kernel("columns", 0)][0], shapes[kernel("rows", 0)][0], units, shapes["head/bias"][0]

    @staticmethod
    def _count(rows, columns, units, classes):
        inputs = [[features, *(2 * h for h in units)] for features in (columns, rows)]
        recurrent = sum(2 * 4 * h * (d + h + 1) for sizes in inputs for d, h in zip(sizes, units))
        return recurrent + (8 * units[-1] + 1) * classes
