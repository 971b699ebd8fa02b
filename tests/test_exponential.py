"""The cells of xLSTM: what the stabiliser changes, and what it does not."""

import numpy as np
import pytest

from medlstm.cells import run, sigmoid
from medlstm.exponential import EXPONENTIAL, empty_matrix, log_sigmoid, mlstm

SLSTM = EXPONENTIAL["slstm"]


def plain_slstm(x, params):
    """The same without a stabiliser: exponentials as they are."""
    h, c, n = np.zeros((3, len(x), params["recurrent_kernel"].shape[0]))
    for t in range(x.shape[1]):
        z_i, z_f, z_g, z_o = np.split(
            x[:, t] @ params["kernel"] + h @ params["recurrent_kernel"] + params["bias"], 4, axis=-1
        )
        i, f = np.exp(z_i), 1 / (1 + np.exp(-z_f))
        c, n = f * c + i * np.tanh(z_g), f * n + i
        h = c / n / (1 + np.exp(-z_o))
    return h


def plain_mlstm(x, kernel, bias, units):
    """The same of the matrix memory, written as sums over the past."""
    z = x @ kernel + bias
    q, k, v, z_o = (z[..., j * units : (j + 1) * units] for j in range(4))
    i, f = np.exp(z[..., -2]), 1 / (1 + np.exp(-z[..., -1]))
    h = np.zeros_like(q)
    for t in range(x.shape[1]):
        total, weight = 0, 0
        for s in range(t + 1):
            w = i[:, s] * f[:, s + 1 : t + 1].prod(axis=1) * (q[:, t] * k[:, s]).sum(axis=-1) / np.sqrt(units)
            total, weight = total + w[:, None] * v[:, s], weight + w
        h[:, t] = total / np.maximum(np.abs(weight), 1)[:, None] / (1 + np.exp(-z_o[:, t]))
    return h


def run_mlstm(x, params, units):
    state, hidden = empty_matrix(len(x), units, np.result_type(x, params["kernel"])), []
    for t in range(x.shape[1]):
        state, _ = mlstm(x[:, t], state, params)
        hidden.append(state[0])
    return np.stack(hidden, axis=1)


def test_the_stabiliser_changes_no_answer_of_the_scalar_memory(rng):
    params = SLSTM.initial_parameters(3, 5, rng)
    params = {name: 2 * array for name, array in params.items()}
    x = rng.normal(size=(4, 9, 3))
    np.testing.assert_allclose(run(SLSTM, x, params)[1][0], plain_slstm(x, params), rtol=1e-12)


def test_the_stabiliser_changes_no_answer_of_the_matrix_memory(rng):
    kernel, bias, x = rng.normal(size=(3, 22)), rng.normal(size=22), rng.normal(size=(4, 9, 3))
    given = run_mlstm(x, {"kernel": kernel, "bias": bias}, 5)
    np.testing.assert_allclose(given, plain_mlstm(x, kernel, bias, 5), rtol=1e-10)


@pytest.mark.parametrize("exponent", [-900.0, 900.0])
def test_nothing_overflows_where_a_plain_exponential_does(exponent, rng):
    params = SLSTM.initial_parameters(3, 5, rng)
    params["bias"][:5] += exponent
    x = rng.normal(size=(4, 9, 3))
    moved = run(SLSTM, x, params)[1][0]
    params["bias"][:5] -= exponent
    np.testing.assert_allclose(moved, run(SLSTM, x, params)[1][0], rtol=1e-9)
    mine = {"kernel": rng.normal(size=(3, 22)), "bias": np.zeros(22)}
    mine["bias"][-2] = exponent
    assert np.isfinite(run_mlstm(x, mine, 5)).all()


def test_what_is_kept_is_a_mean_of_candidates(rng):
    params = SLSTM.initial_parameters(3, 5, rng)
    trace, _ = run(SLSTM, 3 * rng.normal(size=(20, 30, 3)), params)
    mean = trace["cell"] / trace["normaliser"]
    assert (np.abs(mean) <= np.abs(trace["candidate"]).max(axis=1, keepdims=True)).all()
    np.testing.assert_allclose(mean[:, 0], trace["candidate"][:, 0])


def test_the_matrix_memory_returns_the_value_that_a_key_was_stored_with():
    keys, values, x = np.eye(4), np.arange(16.0).reshape(4, 4), np.zeros((1, 5, 12))
    x[0, :4, 4:] = np.concatenate([10 * keys, values], axis=1)
    x[0, 4, :4] = keys[2]
    kernel, bias = np.zeros((12, 18)), np.zeros(18)
    kernel[:, :12] = np.eye(12)  # queries, keys and values are taken as they come
    bias[12:16] = bias[17] = 40  # output and forget gates open
    assert run_mlstm(x, {"kernel": kernel, "bias": bias}, 4)[0, 4] == pytest.approx(values[2])


def test_log_sigmoid():
    z = np.array([-30.0, -1.0, 0.0, 30.0])
    np.testing.assert_allclose(np.exp(log_sigmoid(z)), 1 / (1 + np.exp(-z)))
    far = np.array([-1000.0, -100.0], np.float32)
    assert log_sigmoid(far).tolist() == far.tolist() and log_sigmoid(far).dtype == np.float32
    np.testing.assert_allclose(log_sigmoid(np.array([-50 + 1e-30j, -1 + 1e-30j])).imag / 1e-30, [1, 1 - sigmoid(-1.0)])
