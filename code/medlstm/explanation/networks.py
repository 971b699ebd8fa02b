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


class LogOdds:
    """A network of two classes, asked for log odds: of each class its logit less that of the other.

    An answer of two classes rests on this difference alone: what raises both logits says nothing.

    Parameters
    ----------
    network : Explainable

    Raises
    ------
    ValueError
        If it has not two classes.
    """

    classes = 2

    def __init__(self, network):
        if network.classes != 2:
            raise ValueError(
                f"network: expected one of two classes, got {network.classes}; explain one logit of it instead"
            )
        self.network = network

    def forward(self, x):
        """Log odds (N, 2) of examples x (N, ...): those of class 1 are the negative of those of class 0."""
        logits = self.network.forward(x)
        return logits - logits[:, ::-1]

    def backward(self, dlogits):
        """Gradient (N, ...) with respect to the latest examples, from that of their log odds (N, 2)."""
        return self.network.backward(dlogits - dlogits[:, ::-1])


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
            raise TypeError(
                f"model: expected a Keras model, got {type(model).__name__}; networks of this package need no adapter"
            )
        head = model.layers[-1] if model.layers else None
        activation = getattr(getattr(head, "activation", None), "__name__", "none")
        if not isinstance(head, keras.layers.Dense) or activation not in ("linear", "softmax"):
            raise ValueError(
                "model: expected a Dense layer at its end, with softmax or without activation, "
                f"got {type(head).__name__} with {activation}; add one, or take a classifier"
            )
        self.classes = head.units
        self._x, self._body, self._head = None, keras.Model(model.inputs, head.input), head
        self._logits, self._gradient = self._compiled(self._body)

    def forward(self, x):
        """Logits (N, K) of examples x (N, ...)."""
        self._x = x
        return self._logits(x).numpy()

    def backward(self, dlogits):
        """Gradient (N, ...) with respect to the examples of the latest `forward`, from that of its logits (N, K)."""
        import tensorflow as tf

        return self._gradient(tf.constant(self._x), tf.constant(dlogits)).numpy()

    def forward_each_step(self, x):
        """Logits (N, T, K) of the sequences x (N, T, ...), each as if it ended after the step."""
        import keras
        import tensorflow as tf

        start = keras.Input((None, *x.shape[2:]))
        try:  # the same layers, on sequences of any length
            body = keras.models.clone_model(self._body, [start], clone_function=lambda layer: layer)
            logits, _ = self._compiled(body)
            return np.stack([logits(x[:, :t]) for t in range(1, x.shape[1] + 1)], axis=1)
        except (TypeError, ValueError, tf.errors.InvalidArgumentError) as error:
            raise ValueError(
                "model: expected layers that take sequences of any length, got "
                f"{', '.join(layer.name for layer in self._body.layers)}; use "
                "integrated_gradients or occlude_rows instead"
            ) from error

    def _compiled(self, body):
        """Logits of examples, and the gradient with respect to them from that of their logits, as graphs."""
        import tensorflow as tf

        examples = tf.TensorSpec(body.input_shape, body.inputs[0].dtype)

        @tf.function(input_signature=[examples])
        def logits(x):
            return tf.matmul(body(x, training=False), self._head.kernel) + self._head.bias

        @tf.function
        def gradient(x, dlogits):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(x)
                result = logits(x)
            return tape.gradient(result, x, output_gradients=dlogits)

        return logits, gradient
