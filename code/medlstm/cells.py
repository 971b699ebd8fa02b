"""What is one time step?

Every recurrent cell of the book, written as its equations are printed: same letters, same order.
Nothing here is fast. `medlstm.lstm` is, and a test proves the two equal.

A cell is called as ``cell(x_t, state, params)`` and returns ``(state, gates)``.
``x_t`` has shape (N, D), each state (N, H); ``state`` is a tuple with the hidden state first.
``params`` holds ``kernel`` (D, B*H), ``recurrent_kernel`` (H, B*H) and ``bias`` (B*H,), where the
B column blocks are those named in ``cell.blocks``, and with peepholes ``peephole`` (3, H). Any
floating or complex dtype passes through.

``xp`` is NumPy, or another module with the same names: `medlstm.keras_models` passes ``keras.ops``
and so trains the very lines below.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from medlstm.checks import check_array, check_choice, check_number, generator
from medlstm.parameters import recurrent_parameters


def sigmoid(z, xp=np):
    """Logistic function 1 / (1 + exp(-z)), as the shifted tanh that it is, which never overflows."""
    return 0.5 + 0.5 * xp.tanh(0.5 * z)


def softmax(z, xp=np):
    """Exponentials of z over their sum along the last axis; the largest is subtracted first, so none overflows."""
    e = xp.exp(z - xp.max(z, axis=-1, keepdims=True))
    return e / xp.sum(e, axis=-1, keepdims=True)


def simple_rnn(x_t, state, params, xp=np):
    """The plain recurrent cell (Elman 1990): it overwrites its memory at every step."""
    (h,) = state
    W, U, b = params["kernel"], params["recurrent_kernel"], params["bias"]
    h = xp.tanh(x_t @ W + h @ U + b)
    return (h,), {}


def standard(x_t, state, params, xp=np):
    """The LSTM of today (Gers, Schmidhuber and Cummins 2000): three gates around a cell state."""
    h, c = state
    W, U, b = params["kernel"], params["recurrent_kernel"], params["bias"]
    z_i, z_f, z_g, z_o = xp.split(x_t @ W + h @ U + b, 4, axis=-1)
    i = sigmoid(z_i, xp)
    f = sigmoid(z_f, xp)
    g = xp.tanh(z_g)
    c = f * c + i * g
    o = sigmoid(z_o, xp)
    h = o * xp.tanh(c)
    return (h, c), {"forget": f, "input": i, "candidate": g, "output": o}


def article(x_t, state, params, xp=np):
    """A misprint found in the wild, to the letter: softmax output gate, no c_{t-1}, no o_t in h_t."""
    h, c = state
    W, U, b = params["kernel"], params["recurrent_kernel"], params["bias"]
    z_i, z_f, z_g, z_o = xp.split(x_t @ W + h @ U + b, 4, axis=-1)
    i = sigmoid(z_i, xp)
    f = sigmoid(z_f, xp)
    o = softmax(z_o, xp)
    c = xp.tanh(z_g)
    h = i * xp.tanh(c) + f * h
    return (h, c), {"forget": f, "input": i, "candidate": c, "output": o}


def variant(x_t, state, params, xp=np, *, forget="gate", peepholes=False, cell_path=True, output_activation=sigmoid):
    """The standard cell with one switch turned.

    ``forget`` is "gate", "one" (the cell of 1997, before there was a forget gate) or "coupled"
    (f = 1 - i, as in a GRU); ``peepholes`` let the gates see the cell state (Gers, Schraudolph and
    Schmidhuber 2002); without ``cell_path`` the term f * c_{t-1} is left out.
    """
    h, c = state
    W, U, b = params["kernel"], params["recurrent_kernel"], params["bias"]
    z = xp.split(x_t @ W + h @ U + b, 4 if forget == "gate" else 3, axis=-1)
    z_i, z_g, z_o = z[0], z[-2], z[-1]
    p_i, p_f, p_o = xp.split(params["peephole"], 3) if peepholes else (0, 0, 0)
    i = sigmoid(z_i + p_i * c, xp)
    if forget == "gate":
        f = sigmoid(z[1] + p_f * c, xp)
    else:
        f = xp.ones_like(i) if forget == "one" else 1 - i
    g = xp.tanh(z_g)
    c = f * c + i * g if cell_path else i * g
    o = output_activation(z_o + p_o * c, xp)
    h = o * xp.tanh(c)
    return (h, c), {"forget": f, "input": i, "candidate": g, "output": o}


def gru(x_t, state, params, xp=np):
    """The gated recurrent unit (Cho et al. 2014): two gates, and the hidden state is the memory."""
    (h,) = state
    W, U, b = params["kernel"], params["recurrent_kernel"], params["bias"]
    units = U.shape[0]
    x_z, x_r, x_g = xp.split(x_t @ W + b, 3, axis=-1)
    h_z, h_r = xp.split(h @ U[:, : 2 * units], 2, axis=-1)
    z = sigmoid(x_z + h_z, xp)
    r = sigmoid(x_r + h_r, xp)
    g = xp.tanh(x_g + (r * h) @ U[:, 2 * units :])
    h = z * h + (1 - z) * g
    return (h,), {"update": z, "reset": r, "candidate": g}


@dataclass(frozen=True)
class Cell:
    """One time step, with the names of its column blocks, of their activations and of its states.

    Parameters
    ----------
    step : callable
        ``step(x_t, state, params, xp)``, which returns ``(state, gates)``.
    blocks : tuple of str
        What the column blocks of the kernels compute, in order.
    activations : tuple of {"sigmoid", "tanh", "softmax"}
        What each block passes through, in the same order.
    states : tuple of str
        What the members of ``state`` are called, the hidden state first.
    peepholes : int
        How many gates see the cell state.

    Raises
    ------
    ValueError
        If there are not as many activations as blocks.
    """

    step: Callable
    blocks: tuple[str, ...] = ("input", "forget", "candidate", "output")
    activations: tuple[str, ...] = ("sigmoid", "sigmoid", "tanh", "sigmoid")
    states: tuple[str, ...] = ("hidden", "cell")
    peepholes: int = 0

    def __post_init__(self):
        if len(self.activations) != len(self.blocks):
            raise ValueError(
                f"activations: expected {len(self.blocks)}, one a block, got {len(self.activations)}; "
                f"name those of {', '.join(self.blocks)}"
            )

    def __call__(self, x_t, state, params, xp=np):
        return self.step(x_t, state, params, xp)

    def initial_parameters(self, input_size, units, rng, dtype=np.float64):
        """Fresh ``params``, started as Keras starts them; see `medlstm.parameters`."""
        return recurrent_parameters(input_size, units, self.blocks, generator(rng), dtype, self.peepholes)


WITHOUT_FORGET = {"blocks": ("input", "candidate", "output"), "activations": ("sigmoid", "tanh", "sigmoid")}
SOFTMAX_OUTPUT = ("sigmoid", "sigmoid", "tanh", "softmax")

CELLS = {
    "simple_rnn": Cell(simple_rnn, ("hidden",), ("tanh",), states=("hidden",)),
    "standard": Cell(standard),
    "no_forget": Cell(partial(variant, forget="one"), **WITHOUT_FORGET),
    "coupled": Cell(partial(variant, forget="coupled"), **WITHOUT_FORGET),
    "peephole": Cell(partial(variant, peepholes=True), peepholes=3),
    "no_cell_path": Cell(partial(variant, cell_path=False)),
    "softmax_output": Cell(partial(variant, output_activation=softmax), activations=SOFTMAX_OUTPUT),
    "article": Cell(article, activations=SOFTMAX_OUTPUT),
    "gru": Cell(gru, ("update", "reset", "candidate"), ("sigmoid", "sigmoid", "tanh"), states=("hidden",)),
}
KEEPING = {"coupled": ("input", -1), "gru": ("update", 1)}
"""Block that keeps the memory, and the sign with which it does; "forget" and 1 elsewhere."""


def run(cell, x, params, initial_state=None):
    """Apply a cell along time and keep everything it computes.

    Parameters
    ----------
    cell : Cell
        A value of `CELLS`.
    x : array (N, T, D)
        Input sequences.
    params : dict of arrays
        As described at the top of this module.
    initial_state : tuple of arrays (N, H), optional
        Zeros unless given.

    Returns
    -------
    trace : dict of arrays (N, T, H)
        Each state and each gate by name, at every time step.
    state : tuple of arrays (N, H)
        The state after the last step.

    Raises
    ------
    TypeError, ValueError
        If `x` is not a finite array of shape (N, T, D), or a parameter is missing.
    """
    _check_params(cell, params)
    check_array("x", x, ("N", "T", params["kernel"].shape[0]))
    units = params["recurrent_kernel"].shape[0]
    dtype = np.result_type(x, *params.values())
    state = initial_state
    if state is None:
        state = tuple(np.zeros((len(x), units), dtype) for _ in cell.states)
    steps = []
    for t in range(x.shape[1]):
        state, gates = cell(x[:, t], state, params)
        steps.append(dict(zip(cell.states, state, strict=True)) | gates)
    return {name: np.stack([step[name] for step in steps], axis=1) for name in steps[0]}, state


def clamp(cell, params, /, **values):
    """A copy of `params` with some blocks held at a fixed value, whatever the input.

    Parameters
    ----------
    cell : Cell
        A value of `CELLS`.
    params : dict of arrays
        Its parameters; left unchanged.
    **values : float or array (H,)
        Block name and value, of all cells or of each, such as ``forget=1.0, input=0.0``: from 0 to 1
        for a gate, from -1 to 1 for the candidate, ends included. The weights of the block become 0 and
        its bias the inverse of its activation at the value; at the ends, so large that rounding leaves 0
        or 1. A softmax gate cannot be held, since its units share one sum.

    Returns
    -------
    dict of arrays

    Raises
    ------
    ValueError
        If the cell has no such block, the block is a softmax, the value is out of its range, or a
        parameter is missing.
    """
    _check_params(cell, params)
    params = {name: array.copy() for name, array in params.items()}
    units = params["recurrent_kernel"].shape[0]
    for name, value in values.items():
        if name not in cell.blocks:
            raise ValueError(f"{name}: expected one of {', '.join(cell.blocks)}; choose one of these")
        activation = cell.activations[cell.blocks.index(name)]
        if activation == "softmax":
            raise ValueError(
                f"{name}: expected a sigmoid or a tanh, got a softmax, whose units share one sum; hold another block"
            )
        for number in value if np.ndim(value) else [value]:
            check_number(name, number, "[-1, 1]" if activation == "tanh" else "[0, 1]")
        block = slice(cell.blocks.index(name) * units, (cell.blocks.index(name) + 1) * units)
        params["kernel"][:, block] = params["recurrent_kernel"][:, block] = 0
        with np.errstate(divide="ignore"):
            z = np.arctanh(value) if activation == "tanh" else np.log(value) - np.log1p(-value)
        params["bias"][block] = np.clip(z, -1000, 1000)
        if cell.peepholes and name != "candidate":
            params["peephole"][("input", "forget", "output").index(name)] = 0
    return params


def keep(name, bias, value):
    """Start the gate that keeps the memory, if the cell has one, with a bias: the larger, the longer it keeps.

    Parameters
    ----------
    name : str
        A key of `CELLS`. The gate is the forget gate, or what stands for it: the update gate of
        ``gru``, and in ``coupled`` the input gate, whose bias becomes -`value`.
    bias : array (B*H,)
        Of such a cell; changed in place. Left as it is if no gate keeps, as in ``simple_rnn``.
    value : float

    Raises
    ------
    TypeError, ValueError
        If there is no such cell, `bias` is no floating-point array of that shape, or `value` is not finite.
    """
    check_choice("name", name, CELLS)
    blocks = CELLS[name].blocks
    check_array("bias", bias, (f"{len(blocks)}*H",))
    if len(bias) % len(blocks):
        raise ValueError(
            f"bias: expected one number a unit for each of {', '.join(blocks)}, got {len(bias)} in all; "
            "pass the bias of such a cell"
        )
    check_number("value", value, "(-inf, inf)")
    block, sign = KEEPING.get(name, ("forget", 1))
    if block in blocks:
        bias.reshape(len(blocks), -1)[blocks.index(block)] = sign * value


def _check_params(cell, params):
    expected = ["kernel", "recurrent_kernel", "bias", *["peephole"] * bool(cell.peepholes)]
    if missing := [name for name in expected if name not in params]:
        raise ValueError(
            f"params: expected {', '.join(expected)}, got no {', '.join(missing)}; start from cell.initial_parameters"
        )
