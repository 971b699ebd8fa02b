"""Who else reads a sequence? An LSTM and what came beside and after it, at about the same number of weights.

Every network takes sequences (N, T, D) and gives logits (N, K).
"""

import math

import keras
import numpy as np
from keras import layers, ops

from medlstm.checks import check_choice
from medlstm.exponential import log_sigmoid
from medlstm.keras_models.cells import cell_layer
from medlstm.state_space import scan


@keras.saving.register_keras_serializable("medlstm")
class DiagonalStateSpace(layers.Layer):
    """A linear recurrence of H complex numbers between two linear maps, as in the LRU.

    ``s_t = a * s_{t-1} + g * (x_t B)``, ``y_t = Re(s_t C) + d * x_t`` with ``a = exp(-exp(nu) + 1j * theta)`` and
    ``g = sqrt(1 - |a|**2)`` (Orvieto et al. 2023, arXiv 2303.06349).

    Parameters
    ----------
    states : int
        H, complex numbers.
    slowest, fastest : float
        ``|a|`` starts between them.
    turn : float
        theta starts between 0 and this.
    """

    def __init__(self, states, slowest=0.999, fastest=0.9, turn=math.pi / 10, **kwargs):
        super().__init__(**kwargs)
        self.states, self.slowest, self.fastest, self.turn = states, slowest, fastest, turn

    def get_config(self):
        names = ("states", "slowest", "fastest", "turn")
        return super().get_config() | {name: getattr(self, name) for name in names}

    def build(self, input_shape):
        width, states = input_shape[-1], self.states
        even = keras.initializers.RandomUniform
        low, high = -math.log(self.slowest), -math.log(self.fastest)
        self.nu = self.add_weight((states,), even(math.log(low), math.log(high)), name="nu")
        self.theta = self.add_weight((states,), even(0, self.turn), name="theta")
        for name, shape in (("B", (width, states)), ("C", (states, width))):
            drawn = keras.initializers.RandomNormal(stddev=1 / math.sqrt(2 * shape[0]))
            for part in ("re", "im"):
                setattr(self, f"{name}_{part}", self.add_weight(shape, drawn, name=f"{name}_{part}"))
        self.d = self.add_weight((width,), keras.initializers.RandomNormal(stddev=1), name="d")

    def call(self, x):
        decay = ops.exp(-ops.exp(self.nu))
        a = decay * ops.cos(self.theta), decay * ops.sin(self.theta)
        gain = ops.sqrt(1 - decay**2)
        s_re, s_im = scan((gain * (x @ self.B_re), gain * (x @ self.B_im)), a, ops)
        return s_re @ self.C_re - s_im @ self.C_im + self.d * x


@keras.saving.register_keras_serializable("medlstm")
class MatrixLSTM(layers.Layer):
    """`medlstm.exponential.mlstm` for all steps at once: it looks like attention with a decay for a mask.

    Parameters
    ----------
    units : int
        Columns of the result, a multiple of `heads`.
    heads : int
        Memories, each a matrix of (units / heads) by itself.
    forget_bias : pair of float
        The forget gates' biases start evenly between them.
    """

    def __init__(self, units, heads=4, forget_bias=(3.0, 6.0), **kwargs):
        super().__init__(**kwargs)
        self.units, self.heads, self.forget_bias = units, heads, tuple(forget_bias)

    def get_config(self):
        return super().get_config() | {"units": self.units, "heads": self.heads, "forget_bias": self.forget_bias}

    def build(self, input_shape):
        columns = 4 * self.units + 2 * self.heads
        self.kernel = self.add_weight((input_shape[-1], columns), "glorot_uniform", name="kernel")
        bias = np.zeros(columns, "float32")
        bias[-self.heads :] = np.linspace(*self.forget_bias, self.heads)
        self.bias = self.add_weight((columns,), lambda shape, dtype: ops.cast(bias, dtype), name="bias")

    def call(self, x):
        steps, size = x.shape[1], self.units // self.heads
        blocks = [self.units * k for k in (1, 2, 3, 4)]
        q, k, v, z_o, gates = ops.split(x @ self.kernel + self.bias, blocks, axis=-1)
        q, k, v = (ops.transpose(ops.reshape(part, (-1, steps, self.heads, size)), (0, 2, 1, 3)) for part in (q, k, v))
        z_i, z_f = ops.split(ops.transpose(gates, (0, 2, 1)), 2, axis=1)
        kept = ops.cumsum(log_sigmoid(z_f, ops), axis=-1)
        exponents = kept[..., :, None] - kept[..., None, :] + z_i[..., None, :]
        past = np.tril(np.ones((steps, steps), bool))
        m = ops.max(ops.where(past, exponents, -1e30), axis=-1, keepdims=True)
        weights = ops.where(past, ops.exp(ops.where(past, exponents - m, 0)), 0) * (
            q @ ops.transpose(k, (0, 1, 3, 2)) / math.sqrt(size)
        )
        size_of = ops.maximum(ops.abs(ops.sum(weights, axis=-1, keepdims=True)), ops.exp(-m))
        found = ops.reshape(ops.transpose(weights / size_of @ v, (0, 2, 1, 3)), (-1, steps, self.units))
        return ops.sigmoid(z_o) * found


def sinusoids(steps, width):
    """Positions as waves (T, width), as in Vaswani et al. 2017."""
    angles = np.arange(steps)[:, None] / 10000 ** (np.arange(0, width, 2) / width)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(steps, -1)[:, :width].astype("float32")


def lstm(x, width, start):
    """One layer: three gates around a cell state."""
    return layers.LSTM(width, return_sequences=True, **_slow("lstm", width, start))(x)


def gru(x, width, start):
    """One layer: two gates, and the hidden state is the memory."""
    return layers.GRU(width, return_sequences=True, **_slow("gru", width, start))(x)


def slstm(x, width, start):
    """One layer: an LSTM with an exponential input gate."""
    return cell_layer("slstm", width, return_sequences=True)(x)


def conv1d(x, width, start):
    """Two convolutions of five steps: each output sees nine."""
    for _ in range(2):
        x = layers.Conv1D(width, 5, padding="same", activation="relu")(x)
    return x


def conv2d(x, width, start):
    """Three convolutions of an image T x D, with two poolings."""
    x = layers.Reshape((*x.shape[1:], 1))(x)
    for k in range(3):
        x = layers.MaxPooling2D(padding="same")(x) if k else x
        x = layers.Conv2D(width * (1 + (k > 0)), 3, padding="same", activation="relu")(x)
    return layers.Reshape((-1, x.shape[-1]))(x)


def transformer(x, width, start):
    """Two blocks of attention, with two heads, and a dense layer a position."""
    x = layers.Dense(width)(x)
    x = x + sinusoids(x.shape[1], width)
    for _ in range(2):
        y = layers.LayerNormalization()(x)
        x = x + layers.MultiHeadAttention(2, width // 2)(y, y)
        y = layers.Dense(2 * width, activation="gelu")(layers.LayerNormalization()(x))
        x = x + layers.Dense(width)(y)
    return layers.LayerNormalization()(x)


def state_space(x, width, start):
    """Two blocks of a diagonal state space and a gate."""
    fast = {"slowest": 0.9, "fastest": 0.1} if start == "fast" else {}
    return _blocks(x, width, lambda: DiagonalStateSpace(width, **fast))


def mlstm(x, width, start):
    """Two blocks of a matrix memory and a gate."""
    return _blocks(x, width, lambda: MatrixLSTM(width))


def _blocks(x, width, memory):
    x = layers.Dense(width)(x)
    for _ in range(2):
        y = layers.Activation("gelu")(memory()(layers.LayerNormalization()(x)))
        value, gate = ops.split(layers.Dense(2 * width)(y), 2, axis=-1)
        x = x + value * ops.sigmoid(gate)
    return layers.LayerNormalization()(x)


READERS = {reader.__name__: reader for reader in (lstm, gru, conv1d, conv2d, transformer, state_space, slstm, mlstm)}
STARTS = ("usual", "slow", "fast")


def _slow(kind, units, start):
    """Biases that keep for 1 to so many steps, spread evenly (Tallec and Ollivier 2018, draw them)."""
    if not isinstance(start, int):
        return {}
    spread = np.log(np.linspace(1, start - 1, units))
    if kind == "lstm":
        bias = np.concatenate([-spread, spread, np.zeros(2 * units)])
        return {"bias_initializer": lambda shape, dtype: ops.cast(bias, dtype), "unit_forget_bias": False}
    bias = np.stack([np.concatenate([spread, np.zeros(2 * units)]), np.zeros(3 * units)])
    return {"bias_initializer": lambda shape, dtype: ops.cast(bias, dtype)}


def build(name, input_shape, outputs, seed, width, last=False, start="usual"):
    """One of the networks above, not compiled.

    Parameters
    ----------
    name : str
        A key of `READERS`.
    input_shape : tuple of int
        Shape of one example, (T, D).
    outputs : int
        K.
    seed : int
        Decides all randomness from here on: Python's, NumPy's and the framework's.
    width : int
        Memory cells, filters or columns.
    last : bool
        Ask at the last step alone. Otherwise, and of convolutions always, the mean and the maximum over all steps.
    start : {"usual", "slow", "fast"}
        ``slow`` gives the gates of ``lstm`` and ``gru`` biases for memories of up to T steps, ``fast`` the state
        space decays of at most ten or so.

    Returns
    -------
    keras.Model
        Logits (N, K).

    Raises
    ------
    ValueError
        If there is no network of that name, or no such start for it.
    """
    check_choice("name", name, READERS)
    if start not in {"lstm": STARTS[:2], "gru": STARTS[:2], "state_space": STARTS[::2]}.get(name, STARTS[:1]):
        raise ValueError(f"start: expected one that {name} has, got {start!r}; leave it at 'usual'")
    keras.utils.set_random_seed(seed)
    sequence = x = keras.Input(input_shape)
    x = READERS[name](x, width, input_shape[0] if start == "slow" else start)
    if last and not name.startswith("conv"):
        x = x[:, -1]
    else:
        x = ops.concatenate([ops.mean(x, axis=1), ops.max(x, axis=1)], axis=-1)
    return keras.Model(sequence, layers.Dense(outputs)(x), name=name)
