"""What if an image is read along both of its axes, and in both directions?"""

import numpy as np

from medlstm.bidirectional import Bidirectional
from medlstm.classifier import Classifier
from medlstm.layers import Dense, MeanAndMaximum
from medlstm.optimizers import Adam


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
        Share of the pooled numbers, below 1, that is set to 0 in training (Srivastava et al. 2014).
    label_smoothing : float
        As for `medlstm.layers.softmax_cross_entropy`.
    optimizer : object with ``update(parameters, gradients)``, optional
        `medlstm.optimizers.Adam` with gradients clipped at norm 1 unless given.
    dtype : dtype
        Floating-point type of weights and results.
    """

    def __init__(self, rows, columns, units, classes, seed=0, dropout=0.25, label_smoothing=0.05,
                 optimizer=None, dtype=np.float32):
        self._rng = np.random.default_rng(seed)
        self.readings = [self._reading(size, units, dtype) for size in (columns, rows)]
        self.pools = [MeanAndMaximum(), MeanAndMaximum()]
        self.head = Dense(8 * units[-1], classes, dtype, self._rng)
        self.named_layers = {f"{axis}_{k}": layer for axis, layers in zip(("rows", "columns"), self.readings)
                             for k, layer in enumerate(layers)} | {"head": self.head}
        self.optimizer = optimizer or Adam(clip_norm=1.0)
        self.classes, self.input_shape = classes, ("N", rows, columns)
        self.dropout, self.label_smoothing = dropout, label_smoothing

    def forward(self, x, training=False):
        """Logits (N, K) of images x (N, rows, columns); dropout acts in training only."""
        pooled = []
        for h, layers, pool in zip((x, x.swapaxes(1, 2)), self.readings, self.pools):
            for layer in layers:
                h, _ = layer.forward(h)
            pooled.append(pool.forward(h))
        pooled = np.concatenate(pooled, axis=1)
        self._kept = np.ones_like(pooled)
        if training:
            self._kept[self._rng.random(pooled.shape) < self.dropout] = 0
            self._kept /= 1 - self.dropout
        return self.head.forward(pooled * self._kept)

    def backward(self, dlogits, input_gradient=True):
        """Gradient (N, rows, columns) of the loss with respect to the latest images, from that of its logits."""
        halves = np.split(self.head.backward(dlogits) * self._kept, 2, axis=1)
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

    @classmethod
    def _like(cls, arrays):
        kernel = "{}_{}/forward/kernel".format
        depth = sum(name.startswith("rows_") and name.endswith("/forward/kernel") for name in arrays)
        units = [arrays[kernel("rows", k)].shape[1] // 4 for k in range(depth)]
        return cls(len(arrays[kernel("columns", 0)]), len(arrays[kernel("rows", 0)]), units,
                   len(arrays["head/bias"]), dtype=arrays["head/bias"].dtype)
