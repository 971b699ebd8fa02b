"""What if a gate could grow without bound? The two cells of xLSTM (Beck et al. 2024, arXiv 2405.04517).

Written like `medlstm.cells`, in the same letters, for NumPy or another module ``xp`` with the same names.
An input gate ``exp(z_i)`` can outweigh all that was stored before, which a sigmoid cannot. So that nothing
overflows, each state is kept divided by ``exp(m)``; ``m``, the stabiliser, follows the largest exponent.
"""

import math

import numpy as np

from medlstm.cells import Cell, sigmoid


def log_sigmoid(z, xp=np):
    """Logarithm of the logistic function; far below 0 it is z itself, to rounding, where ``exp(-z)`` would overflow."""
    far = z < -40
    return xp.where(far, z, -xp.log1p(xp.exp(-xp.where(far, 0 * z, z))))


def slstm(x_t, state, params, xp=np):
    """The scalar memory: exponential input gate, and a normaliser n that counts what was let in.

    ``c / n`` is a weighted mean of all candidates so far, the weights being their input gates times the forget
    gates since. The first step, where n is 0, sets the scale.
    """
    h, c, n, m = state
    W, U, b = params["kernel"], params["recurrent_kernel"], params["bias"]
    z_i, z_f, z_g, z_o = xp.split(x_t @ W + h @ U + b, 4, axis=-1)
    log_f = log_sigmoid(z_f, xp)
    m_old = xp.where(n == 0, z_i, m)
    m = xp.maximum(log_f + m_old, z_i)
    i = xp.exp(z_i - m)
    f = xp.exp(log_f + m_old - m)
    g = xp.tanh(z_g)
    c = f * c + i * g
    n = f * n + i
    o = sigmoid(z_o, xp)
    h = o * c / n
    return (h, c, n, m), {"forget": f, "input": i, "candidate": g, "output": o}


def mlstm(x_t, state, params, xp=np):
    """The matrix memory: values are stored under keys and fetched by queries; h feeds nothing.

    ``params`` holds ``kernel`` (D, 4H + 2) and ``bias`` (4H + 2,) for query, key, value, output gate, and one input
    and one forget gate for the whole memory. The state is h (N, H), C (N, H, H), n (N, H) and m (N, 1).
    """
    h, C, n, m_old = state
    W, b = params["kernel"], params["bias"]
    H = h.shape[-1]
    q, k, v, z_o, z_i, z_f = xp.split(x_t @ W + b, [H, 2 * H, 3 * H, 4 * H, 4 * H + 1], axis=-1)
    k = k / math.sqrt(H)
    log_f = log_sigmoid(z_f, xp)
    m = xp.maximum(log_f + m_old, z_i)
    i = xp.exp(z_i - m)
    f = xp.exp(log_f + m_old - m)
    C = f[..., None] * C + i[..., None] * v[..., :, None] * k[..., None, :]
    n = f * n + i * k
    found, weight = xp.einsum("nij,nj->ni", C, q), xp.sum(n * q, axis=-1, keepdims=True)
    h = sigmoid(z_o, xp) * found / xp.maximum(xp.maximum(weight, -weight), xp.exp(-m))
    return (h, C, n, m), {"forget": f, "input": i}


def empty_matrix(examples, units, dtype=np.float64):
    """The state of `mlstm` before the first step.

    Parameters
    ----------
    examples, units : int
        N and H.
    dtype : dtype

    Returns
    -------
    tuple of arrays
        h (N, H), C (N, H, H), n (N, H), m (N, 1), all zero.
    """
    shapes = [(units,), (units, units), (units,), (1,)]
    return tuple(np.zeros((examples, *shape), dtype) for shape in shapes)


EXPONENTIAL = {"slstm": Cell(slstm, states=("hidden", "cell", "normaliser", "stabiliser"))}
"""Cells for `medlstm.cells.run` and `medlstm.keras_models.cell_layer`, beside `medlstm.cells.CELLS`."""
