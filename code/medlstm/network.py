"""How are layers stacked and trained?"""

import time
import zipfile
from pathlib import Path

import numpy as np

from medlstm.checks import check_array, check_labels
from medlstm.files import whole_file
from medlstm.layers import Dense, softmax, softmax_cross_entropy
from medlstm.lstm import LSTM
from medlstm.optimizers import Adam


class SequenceClassifier:
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
        self.optimizer = optimizer or Adam()

    @property
    def layers(self):
        """All layers, from the input upwards."""
        return [*self.lstms, self.head]

    @property
    def parameters(self):
        """Every weight array by name, such as ``lstm_0/kernel``."""
        names = [f"lstm_{k}" for k in range(len(self.lstms))] + ["head"]
        return {f"{name}/{key}": array for name, layer in zip(names, self.layers)
                for key, array in layer.parameters.items()}

    def forward(self, x):
        """Logits (N, K) of the sequences x (N, T, D)."""
        for lstm in self.lstms:
            x, (h_last, _) = lstm.forward(x)
        return self.head.forward(h_last)

    def backward(self, dlogits, input_gradient=True):
        """Gradient (N, T, D) of the loss with respect to the latest input, from that of its logits."""
        dh_last = self.head.backward(dlogits)
        dx, last = None, (dh_last, np.zeros_like(dh_last))
        for depth, lstm in reversed(list(enumerate(self.lstms))):
            dx, _ = lstm.backward(dx, last, input_gradient or depth > 0)
            last = None
        return dx

    def train_on_batch(self, x, y):
        """One step of training.

        Parameters
        ----------
        x : array (N, T, D)
        y : array of integers (N,)

        Returns
        -------
        float
            Mean cross-entropy of the batch in nats, before the step.
        """
        loss, dlogits = softmax_cross_entropy(self.forward(x), y)
        self.backward(dlogits, input_gradient=False)
        self.optimizer.update(
            list(self.parameters.values()),
            [layer.gradients[key] for layer in self.layers for key in layer.parameters])
        return float(loss)

    def fit(self, x, y, epochs, batch_size=128, validation_data=None, progress=True):
        """Train for some epochs, each over all examples in a fresh order.

        Parameters
        ----------
        x : array (N, T, D)
        y : array of integers (N,)
        epochs, batch_size : int
        validation_data : tuple of arrays (x, y), optional
            Evaluated after each epoch, never trained on.
        progress : bool
            Print a line an epoch.

        Returns
        -------
        dict of lists
            ``loss`` (mean over the epoch's batches) and, with validation data, ``val_loss`` and
            ``val_accuracy``: one number an epoch.
        """
        self._check(x, y)
        history = {"loss": []}
        for epoch in range(epochs):
            start = time.perf_counter()
            order = self._rng.permutation(len(x))
            batches = [order[k:k + batch_size] for k in range(0, len(x), batch_size)]
            losses = [len(b) * self.train_on_batch(x[b], y[b]) for b in batches]
            history["loss"].append(sum(losses) / len(x))
            line = f"epoch {epoch + 1}/{epochs}: loss {history['loss'][-1]:.4f}"
            if validation_data is not None:
                for name, value in zip(("val_loss", "val_accuracy"), self.evaluate(*validation_data)):
                    history.setdefault(name, []).append(value)
                line += f", validation accuracy {history['val_accuracy'][-1]:.4f}"
            if progress:
                print(f"{line} ({time.perf_counter() - start:.0f} s)")
        return history

    def predict(self, x, batch_size=256):
        """Probabilities (N, K) of the sequences x (N, T, D)."""
        return softmax(self._logits(x, batch_size))

    def evaluate(self, x, y, batch_size=256):
        """Mean cross-entropy in nats, and accuracy, on examples x (N, T, D) with classes y (N,)."""
        self._check(x, y)
        logits = self._logits(x, batch_size)
        loss, _ = softmax_cross_entropy(logits, y)
        return float(loss), float((logits.argmax(axis=1) == y).mean())

    def save(self, path):
        """Write all weights to an .npz file, whole or not at all."""
        with whole_file(path) as part:
            np.savez(part, **self.parameters)

    @classmethod
    def load(cls, path):
        """Read a network that `save` wrote.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If the file is damaged, or holds something else.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"{path}: expected a saved network, got no file; "
                                    "check the path, or save the network again")
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                arrays = dict(arrays)
            depth = sum(name.endswith("/recurrent_kernel") for name in arrays)
            units = [len(arrays[f"lstm_{k}/recurrent_kernel"]) for k in range(depth)]
            model = cls(len(arrays["lstm_0/kernel"]), units, len(arrays["head/bias"]),
                        dtype=arrays["head/bias"].dtype)
            for name, array in model.parameters.items():
                if array.shape != arrays[name].shape:
                    raise ValueError(name)
                array[...] = arrays[name]
        except (KeyError, ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path}: expected a network written by SequenceClassifier.save, got "
                             f"a file that cannot be read as one ({error}); save it again") from error
        return model

    def _logits(self, x, batch_size):
        check_array("x", x, ("N", "T", self.lstms[0].input_size))
        return np.concatenate([self.forward(x[k:k + batch_size]) for k in range(0, len(x), batch_size)])

    def _check(self, x, y):
        check_array("x", x, ("N", "T", self.lstms[0].input_size))
        check_labels(y, len(x), len(self.head.bias))
