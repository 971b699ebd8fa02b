"""How is a network trained, used and kept, whatever its layers are?"""

import time
import zipfile
from pathlib import Path

import numpy as np

from medlstm.cells import softmax
from medlstm.checks import check_array, check_labels
from medlstm.files import whole_file
from medlstm.layers import softmax_cross_entropy


class Classifier:
    """What all networks of this package share.

    A network sets the attributes below and ``_rng``, its source of random numbers, and writes ``forward(x, training)`` from examples to logits
    (N, K), ``backward(dlogits, input_gradient)``, and ``_like(arrays)``, an untrained network of the
    shape of saved arrays.

    Attributes
    ----------
    named_layers : dict
        Each layer by name, in the order of computation, with ``parameters`` and ``gradients``.
    optimizer : object with ``update(parameters, gradients)``
    classes : int
        K, classes to tell apart.
    input_shape : tuple
        Of one batch; letters stand for any length.
    label_smoothing : float
        Share of each target that is spread evenly over all classes in training.
    """

    label_smoothing = 0.0

    @property
    def layers(self):
        """All layers, from the input upwards."""
        return list(self.named_layers.values())

    @property
    def parameters(self):
        """Every weight array by name, such as ``lstm_0/kernel``."""
        return {f"{name}/{key}": array for name, layer in self.named_layers.items()
                for key, array in layer.parameters.items()}

    def train_on_batch(self, x, y):
        """One step of training.

        Parameters
        ----------
        x : array of `input_shape`
        y : array of integers (N,)

        Returns
        -------
        float
            Mean cross-entropy of the batch in nats, before the step, with `label_smoothing` and whatever
            the network does in training only.
        """
        loss, dlogits = softmax_cross_entropy(self.forward(x, training=True), y, self.label_smoothing)
        self.backward(dlogits, input_gradient=False)
        self.optimizer.update(
            list(self.parameters.values()),
            [layer.gradients[key] for layer in self.layers for key in layer.parameters])
        return float(loss)

    def fit(self, x, y, epochs, batch_size=128, validation_data=None, progress=True, augment=None,
            learning_rate=None):
        """Train for some epochs, each over all examples in a fresh order.

        Parameters
        ----------
        x : array of `input_shape`
        y : array of integers (N,)
        epochs, batch_size : int
        validation_data : tuple of arrays (x, y), optional
            Evaluated after each epoch, never trained on.
        progress : bool
            Print a line an epoch.
        augment : callable, optional
            ``augment(x, rng)`` turns a batch into the one that is trained on.
        learning_rate : callable, optional
            Maps the share of the training that is done, from 0 to 1, to the optimizer's rate.

        Returns
        -------
        dict of lists
            ``loss`` (of `train_on_batch`, mean over the epoch's examples) and, with validation data, ``val_loss`` and
            ``val_accuracy``: one number an epoch.
        """
        self._check(x, y)
        if validation_data is not None:
            self._check(*validation_data)
        history = {"loss": []}
        for epoch in range(epochs):
            start = time.perf_counter()
            order = self._rng.permutation(len(x))
            batches = [order[k:k + batch_size] for k in range(0, len(x), batch_size)]
            total = 0
            for number, batch in enumerate(batches):
                if learning_rate is not None:
                    self.optimizer.learning_rate = learning_rate((epoch + number / len(batches)) / epochs)
                chosen = x[batch] if augment is None else augment(x[batch], self._rng)
                total += len(batch) * self.train_on_batch(chosen, y[batch])
            history["loss"].append(total / len(x))
            line = f"epoch {epoch + 1}/{epochs}: loss {history['loss'][-1]:.4f}"
            if validation_data is not None:
                for name, value in zip(("val_loss", "val_accuracy"), self.evaluate(*validation_data)):
                    history.setdefault(name, []).append(value)
                line += f", validation accuracy {history['val_accuracy'][-1]:.4f}"
            if progress:
                print(f"{line} ({time.perf_counter() - start:.0f} s)")
        return history

    def predict(self, x, batch_size=256):
        """Probabilities (N, K) of examples x of `input_shape`."""
        return softmax(self._logits(x, batch_size))

    def evaluate(self, x, y, batch_size=256):
        """Mean cross-entropy in nats, and accuracy, on examples x with classes y (N,)."""
        self._check(x, y)
        logits = self._logits(x, batch_size)
        loss, _ = softmax_cross_entropy(logits, y)
        return float(loss), float((logits.argmax(axis=1) == y).mean())

    def save(self, path):
        """Write all weights to an .npz file, whole or not at all."""
        with whole_file(path) as part, part.open("wb") as file:
            np.savez(file, **self.parameters)

    @classmethod
    def load(cls, path):
        """Read a network that `save` wrote: its layers and weights, with all other settings at their defaults.

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
            model = cls._like(arrays)
            for name, array in model.parameters.items():
                if array.shape != arrays[name].shape:
                    raise ValueError(name)
                array[...] = arrays[name]
        except (KeyError, TypeError, ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path}: expected a network written by {cls.__name__}.save, got "
                             f"a file that cannot be read as one ({error}); save it again") from error
        return model

    def _logits(self, x, batch_size):
        check_array("x", x, self.input_shape)
        return np.concatenate([self.forward(x[k:k + batch_size]) for k in range(0, len(x), batch_size)])

    def _check(self, x, y):
        check_array("x", x, self.input_shape)
        check_labels(y, len(x), self.classes)
