"""The same network in every framework, ready to be timed by `medlstm.experiments.benchmark`.

Each contender is called with a `Task` and returns two functions without arguments: one training
step with Adam on one fixed batch, and one prediction, both ending with the result in the main
memory. Every framework is used as its own manual shows, compiled where it compiles.
"""

from typing import NamedTuple

import numpy as np


class Task(NamedTuple):
    """Sequences (batch, steps, features) through LSTM layers, and a dense layer after the last step."""

    batch: int = 128
    steps: int = 28
    units: tuple[int, ...] = (128, 64)
    features: int = 28
    classes: int = 10

    def data(self):
        """One batch of random numbers, float32, with random classes."""
        rng = np.random.default_rng(0)
        shape = self.batch, self.steps, self.features
        return rng.random(shape, np.float32), rng.integers(0, self.classes, self.batch)

    def sizes(self):
        """Input size and units of each LSTM layer."""
        return list(zip((self.features, *self.units), self.units))


def numpy_network(task):
    """This package."""
    from medlstm.network import SequenceClassifier

    x, y = task.data()
    network = SequenceClassifier(task.features, task.units, task.classes)
    return lambda: network.train_on_batch(x, y), lambda: network.predict(x, task.batch)


def products(task):
    """The limit of this arrangement: nothing but its matrix products, in NumPy."""
    rng = np.random.default_rng(0)
    draw = lambda *shape: rng.random(shape, np.float32)
    N, T = task.batch, task.steps
    forwards, backwards = [], []
    for depth, (D, H) in enumerate(task.sizes()):
        weights, stacked, z = draw(4 * H, D + H + 1), draw(D + H + 1, N), draw(4 * H, N)
        recurrent, kernel, dz, dh = draw(H, 4 * H), draw(D, 4 * H), draw(4 * H, T * N), draw(H, N)
        whole = draw(D + H + 1, T * N)
        forwards += [(weights, stacked, z)] * T
        backwards += [(recurrent, z, dh)] * T + [(whole, dz.T, draw(D + H + 1, 4 * H))]
        backwards += [(kernel, dz, draw(D, T * N))] * (depth > 0)
    multiply = lambda triples: [np.matmul(a, b, out=out) for a, b, out in triples]
    return lambda: multiply(forwards + backwards), lambda: multiply(forwards)


def keras_network(task, unroll=False, jit_compile=False):
    """Keras on TensorFlow, compiled as a graph; `unroll` writes out the loop, `jit_compile` asks for XLA."""
    import keras

    x, y = task.data()
    *lower, top = task.units
    model = keras.Sequential(
        [keras.Input((task.steps, task.features), batch_size=task.batch)]
        + [keras.layers.LSTM(units, return_sequences=True, unroll=unroll) for units in lower]
        + [keras.layers.LSTM(top, unroll=unroll), keras.layers.Dense(task.classes, activation="softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=jit_compile)
    return lambda: model.train_on_batch(x, y), lambda: model.predict_on_batch(x)


def keras_unrolled(task):
    """Keras with the loop over time written out."""
    return keras_network(task, unroll=True)


def keras_xla(task):
    """Keras compiled by XLA."""
    return keras_network(task, jit_compile=True)


def keras_unrolled_xla(task):
    """Keras with the loop written out, compiled by XLA."""
    return keras_network(task, unroll=True, jit_compile=True)


def pytorch_network(task):
    """PyTorch with its own LSTM layer, which calls oneDNN."""
    import torch

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstms = torch.nn.ModuleList(torch.nn.LSTM(D, H, batch_first=True) for D, H in task.sizes())
            self.head = torch.nn.Linear(task.units[-1], task.classes)

        def forward(self, x):
            for lstm in self.lstms:
                x, (h_last, _) = lstm(x)
            return self.head(h_last[0])

    x, y = (torch.tensor(array) for array in task.data())
    network = Network()
    optimizer = torch.optim.Adam(network.parameters())

    def train():
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(network(x), y)
        loss.backward()
        optimizer.step()
        return loss.item()

    def predict():
        with torch.inference_mode():
            return network(x).softmax(dim=-1).numpy()

    return train, predict


def jax_network(task):
    """JAX, which compiles the very lines of `medlstm.cells`."""
    import jax
    import jax.numpy as jnp

    from medlstm.cells import CELLS

    cell = CELLS["standard"]
    rng = np.random.default_rng(0)
    x, y = task.data()
    weights = {
        "lstms": [cell.initial_parameters(D, H, rng, np.float32) for D, H in task.sizes()],
        "head": rng.normal(0, 0.1, (task.units[-1], task.classes)).astype(np.float32),
        "bias": np.zeros(task.classes, np.float32),
    }

    def logits(weights, x):
        h = x.swapaxes(0, 1)
        for params in weights["lstms"]:
            zeros = jnp.zeros((x.shape[0], params["recurrent_kernel"].shape[0]))

            def step(state, x_t, params=params):
                state, _ = cell(x_t, state, params, jnp)
                return state, state[0]

            _, h = jax.lax.scan(step, (zeros, zeros), h)
        return h[-1] @ weights["head"] + weights["bias"]

    def loss(weights, x, y):
        return -jnp.take_along_axis(jax.nn.log_softmax(logits(weights, x)), y[:, None], 1).mean()

    @jax.jit
    def step(weights, mean, square, count, x, y):
        value, gradient = jax.value_and_grad(loss)(weights, x, y)
        mean = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, mean, gradient)
        square = jax.tree.map(lambda s, g: 0.999 * s + 0.001 * g * g, square, gradient)
        rate = 0.001 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        moved = jax.tree.map(lambda p, m, s: p - rate * m / (jnp.sqrt(s) + 1e-7), weights, mean, square)
        return value, (moved, mean, square, count + 1)

    zeros = jax.tree.map(jnp.zeros_like, weights)
    memory = [(weights, zeros, zeros, 1.0)]

    def train():
        value, memory[0] = step(*memory[0], x, y)
        return float(value)

    probabilities = jax.jit(lambda weights, x: jax.nn.softmax(logits(weights, x)))
    return train, lambda: np.asarray(probabilities(memory[0][0], x))


CONTENDERS = {
    "numpy": numpy_network,
    "products": products,
    "keras": keras_network,
    "keras_unrolled": keras_unrolled,
    "keras_xla": keras_xla,
    "keras_unrolled_xla": keras_unrolled_xla,
    "pytorch": pytorch_network,
    "jax": jax_network,
}
