"""What does an explanation ask of a network? The same of ours and, through an adapter, of one in Keras."""

from typing import Protocol

import numpy as np


class Explainable(Protocol):
    """A network that turns examples into one logit a class, and gradients of the logits into those of the examples.

    `medlstm.network.SequenceClassifier` and `RowsAndColumns` are such networks as they are.
    """

    classes: int
    """K, classes to tell apart."""

    def forward(self, x):
        """Logits (N, K) of examples x (N, ...)."""

    def backward(self, dlogits):
        """Gradient (N, ...) with respect to the latest examples, from that of their logits (N, K)."""


class KerasNetwork:
    """A Keras model as explanations see it: it works as in use, never as in training.

    Parameters
    ----------
    model : keras.Model
        One input, and at its end a Dense layer with as many units as there are classes, with softmax or
        without. For `evidence` its other layers must take sequences of any length.

    Raises
    ------
    TypeError, ValueError
        If it is no such model.
    """

    def __init__(self, model):
        import keras

        if not isinstance(model, keras.Model):
            raise TypeError(f"model: expected a Keras model, got {type(model).__name__}; "
                            "networks of this package need no adapter")
        head = model.layers[-1] if model.layers else None
        activation = getattr(getattr(head, "activation", None), "__name__", "none")
        if not isinstance(head, keras.layers.Dense) or activation not in ("linear", "softmax"):
            raise ValueError("model: expected a Dense layer at its end, with softmax or without activation, "
                             f"got {type(head).__name__} with {activation}; add one, or take a classifier")
        self.classes, self._head = head.units, head
        self._body = keras.Model(model.inputs, head.input)

    def forward(self, x):
        """Logits (N, K) of examples x (N, ...)."""
        return self._logits(self._body, x)

    def backward(self, dlogits):
        """Gradient (N, ...) with respect to the examples of the latest `forward`, from that of its logits (N, K)."""
        tape, source, logits = self._record
        return tape.gradient(logits, source, output_gradients=dlogits).numpy()

    def forward_each_step(self, x):
        """Logits (N, T, K) of the sequences x (N, T, ...), each as if it ended after the step."""
        import keras
        import tensorflow as tf

        start = keras.Input((None, *x.shape[2:]))
        try:        # the same layers, on sequences of any length
            body = keras.models.clone_model(self._body, [start], clone_function=lambda layer: layer)
            return np.stack([self._logits(body, x[:, :t]) for t in range(1, x.shape[1] + 1)], axis=1)
        except (TypeError, ValueError, tf.errors.InvalidArgumentError) as error:
            raise ValueError("model: expected layers that take sequences of any length, got "
                             f"{', '.join(layer.name for layer in self._body.layers)}; use "
                             "integrated_gradients or occlude_rows instead") from error

    def _logits(self, body, x):
        import tensorflow as tf

        with tf.GradientTape(watch_accessed_variables=False) as tape:
            source = tf.constant(x)
            tape.watch(source)
            logits = tf.matmul(body(source, training=False), self._head.kernel) + self._head.bias
        self._record = tape, source, logits
        return logits.numpy()
