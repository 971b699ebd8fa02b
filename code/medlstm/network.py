"""How are layers stacked?"""

import numpy as np

from medlstm.classifier import Classifier
from medlstm.layers import Dense
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
        `medlstm.optimizers.Adam` with its defaults unless given.
    dtype : dtype
        Floating-point type of weights and results.

    Attributes
    ----------
    lstms : list of LSTM
    head : Dense
    """

    def __init__(self, input_size, units, classes, seed=0, optimizer=None, dtype=np.float32):
        self._rng = np.random.default_rng(seed)
        sizes = [input_size, *units]
        self.lstms = [LSTM(d, h, dtype, self._rng) for d, h in zip(sizes, sizes[1:])]
        self.head = Dense(sizes[-1], classes, dtype, self._rng)
        self.named_layers = {f"lstm_{k}": lstm for k, lstm in enumerate(self.lstms)} | {"head": self.head}
        self.optimizer = optimizer or Adam()
        self.classes, self.input_shape = classes, ("N", "T", input_size)

    def forward(self, x, training=False):
        """Logits (N, K) of the sequences x (N, T, D); `training` changes nothing here."""
        for lstm in self.lstms:
            x, (h_last, _) = lstm.forward(x)
        return self.head.forward(h_last)

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

    @classmethod
    def _like(cls, arrays):
        depth = sum(name.endswith("/recurrent_kernel") for name in arrays)
        units = [len(arrays[f"lstm_{k}/recurrent_kernel"]) for k in range(depth)]
        return cls(len(arrays["lstm_0/kernel"]), units, len(arrays["head/bias"]),
                   dtype=arrays["head/bias"].dtype)
