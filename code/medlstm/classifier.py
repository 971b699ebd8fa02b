"""How is a network trained, used and kept, whatever its layers are?"""

import time
from abc import ABC, abstractmethod
from contextlib import contextmanager

import numpy as np

from medlstm.archives import read_arrays
from medlstm.cells import softmax
from medlstm.checks import NotFinite, check_array, check_labels, check_number, check_size
from medlstm.files import expanded, whole_file
from medlstm.layers import softmax_cross_entropy


class Classifier(ABC):
    """What all networks of this package share: a network sets `named_layers` and writes the abstract methods.

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

    def __init__(self, input_shape, classes, seed, optimizer, label_smoothing=0.0):
        check_size("classes", classes, 2)
        check_size("seed", seed, 0)
        check_number("label_smoothing", label_smoothing, "[0, 1)")
        self.input_shape, self.classes, self.optimizer = input_shape, classes, optimizer
        self.label_smoothing = label_smoothing
        self._rng = np.random.default_rng(seed)

    @abstractmethod
    def forward(self, x, training=False):
        """Logits (N, K) of examples x of `input_shape`."""

    @abstractmethod
    def backward(self, dlogits, input_gradient=True):
        """Gradient with respect to the latest x, or None; leaves the ``gradients`` of each layer behind."""

    @staticmethod
    @abstractmethod
    def _sizes(shapes):
        """The first arguments of the constructor, from the shapes of saved arrays by name."""

    @staticmethod
    @abstractmethod
    def _count(*sizes):
        """How many numbers the weights of a network of these sizes are."""

    @property
    def layers(self):
        """All layers, from the input upwards."""
        return list(self.named_layers.values())

    @property
    def parameters(self):
        """Every weight array by name, such as ``lstm_0/kernel``."""
        return {
            f"{name}/{key}": array
            for name, layer in self.named_layers.items()
            for key, array in layer.parameters.items()
        }

    def count_params(self):
        """How many numbers are learned, as a Keras model counts them."""
        return sum(array.size for array in self.parameters.values())

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

        Raises
        ------
        TypeError, ValueError
            If `x` or `y` is not such an array.
        NotFinite
            If a weight is, or the square of the loss or of a gradient; the weights stay as they were.
        """
        self._check(x, y)
        with self._finite():
            loss, dlogits = softmax_cross_entropy(self.forward(x, training=True), y, self.label_smoothing)
            self.backward(dlogits, input_gradient=False)
            gradients = [layer.gradients[key] for layer in self.layers for key in layer.parameters]
            _check_squares(loss, *gradients)
            self.optimizer.update(list(self.parameters.values()), gradients)
        return float(loss)

    def fit(self, x, y, epochs, batch_size=128, validation_data=None, progress=True, augment=None, learning_rate=None):
        """Train for some epochs, each over all examples in a fresh order.

        Parameters
        ----------
        x : array of `input_shape`
        y : array of integers (N,)
        epochs, batch_size : int
            Both at least 1.
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

        Raises
        ------
        TypeError, ValueError
            If an array, a number or a rate that `learning_rate` returns is not such.
        NotFinite
            As `train_on_batch`; the weights stay as the last good batch left them.
        """
        check_size("epochs", epochs)
        check_size("batch_size", batch_size)
        self._check(x, y)
        if validation_data is not None:
            self._check(*validation_data)
        history = {"loss": []}
        for epoch in range(epochs):
            start = time.perf_counter()
            order = self._rng.permutation(len(x))
            batches = [order[k : k + batch_size] for k in range(0, len(x), batch_size)]
            total = 0
            for number, batch in enumerate(batches):
                if learning_rate is not None:
                    rate = learning_rate((epoch + number / len(batches)) / epochs)
                    check_number("learning_rate", rate, "[0, inf)")
                    self.optimizer.learning_rate = rate
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
        """Probabilities (N, K) of examples x of `input_shape`; raises `NotFinite` where weights or logits are not."""
        return softmax(self._logits(x, batch_size))

    def evaluate(self, x, y, batch_size=256):
        """Mean cross-entropy in nats, and accuracy, on examples x with classes y (N,); raises as `predict`."""
        self._check(x, y)
        logits = self._logits(x, batch_size)
        loss, _ = softmax_cross_entropy(logits, y)
        return float(loss), float((logits.argmax(axis=1) == y).mean())

    def save(self, path):
        """Write all weights to an .npz file, whole or not at all; ``~`` is the home folder."""
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
        path = expanded(path)
        if not path.is_file():
            raise FileNotFoundError(
                f"{path}: expected a saved network, got no file; check the path, or save the network again"
            )
        try:
            arrays = read_arrays(path)
            sizes = cls._sizes({name: array.shape for name, array in arrays.items()})
            if cls._count(*sizes) != sum(array.size for array in arrays.values()):
                raise ValueError(f"it holds other weights than a network of sizes {sizes}")
            model = cls(*sizes, dtype=arrays["head/bias"].dtype)
            for name, array in model.parameters.items():
                if (array.shape, array.dtype) != (arrays[name].shape, arrays[name].dtype):
                    raise ValueError(name)
                array[...] = arrays[name]
        except (LookupError, ValueError) as error:
            raise ValueError(
                f"{path}: expected a network written by {cls.__name__}.save, got "
                f"a file that cannot be read as one ({error}); save it again"
            ) from error
        return model

    def _logits(self, x, batch_size):
        check_size("batch_size", batch_size)
        check_array("x", x, self.input_shape)
        with self._finite():
            logits = np.concatenate([self.forward(x[k : k + batch_size]) for k in range(0, len(x), batch_size)])
            _check_squares(logits)
        return logits

    @contextmanager
    def _finite(self):
        """Name weights that are not finite, or too large to compute with, as what they are."""
        bad = [name for name, array in self.parameters.items() if not np.isfinite(array).all()]
        if bad:
            raise NotFinite(
                f"weights: expected finite numbers, got NaN or infinity in {', '.join(bad)}; "
                "build or load the network again, and train it with a smaller learning rate"
            )
        try:
            with np.errstate(over="ignore", invalid="ignore"):
                yield
        except NotFinite as error:
            raise NotFinite(
                "loss: expected finite logits, loss and gradients, got NaN, infinity or numbers too large "
                "to be squared; the weights are as they were before this batch, but train the network "
                "again, with a smaller learning rate or clip_norm"
            ) from error

    def _check(self, x, y):
        check_array("x", x, self.input_shape)
        check_labels(y, len(x), self.classes)


def _check_squares(*arrays):
    """Raise `NotFinite` unless the sum of squares of each array is finite, and so all that is made of it."""
    if not all(np.isfinite(np.vdot(a, a)) for a in arrays):
        raise NotFinite("expected finite numbers")
