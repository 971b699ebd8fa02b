"""The cells, against values worked out with Python's own mathematics, one number at a time."""

import math

import numpy as np
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from medlstm.cells import CELLS, Cell, clamp, keep, run, sigmoid, variant

x, h, c = 0.7, -0.4, 1.3
W, U, b = [0.5, -1.1, 0.9, 0.3], [0.2, 0.8, -0.6, -1.4], [0.1, 1.0, -0.2, 0.4]
z_i, z_f, z_g, z_o = (x * w + h * u + k for w, u, k in zip(W, U, b, strict=True))
PARAMS = {"kernel": np.array([W]), "recurrent_kernel": np.array([U]), "bias": np.array(b)}


def logistic(z):
    return 1 / (1 + math.exp(-z))


def step(name, params=PARAMS, *state):
    state, gates = CELLS[name](np.array([[x]]), tuple(np.array([[s]]) for s in state), params)
    return [s.item() for s in state], {k: v.item() for k, v in gates.items()}


def test_standard_step_by_hand():
    new_c = logistic(z_f) * c + logistic(z_i) * math.tanh(z_g)
    new_h = logistic(z_o) * math.tanh(new_c)
    state, gates = step("standard", PARAMS, h, c)
    assert state == pytest.approx([new_h, new_c], rel=1e-14)
    assert gates == pytest.approx(
        {"input": logistic(z_i), "forget": logistic(z_f), "candidate": math.tanh(z_g), "output": logistic(z_o)},
        rel=1e-14,
    )


def test_article_step_by_hand():
    new_c = math.tanh(z_g)
    new_h = logistic(z_i) * math.tanh(new_c) + logistic(z_f) * h
    state, gates = step("article", PARAMS, h, c)
    assert state == pytest.approx([new_h, new_c], rel=1e-14)
    assert gates["output"] == 1  # a softmax over one unit


def test_simple_rnn_step_by_hand():
    params = {"kernel": np.array([[0.5]]), "recurrent_kernel": np.array([[-0.8]]), "bias": np.array([0.1])}
    state, _ = step("simple_rnn", params, h)
    assert state == pytest.approx([math.tanh(0.5 * x - 0.8 * h + 0.1)], rel=1e-14)


def test_gru_step_by_hand():
    params = {
        "kernel": np.array([[0.5, -1.1, 0.9]]),
        "recurrent_kernel": np.array([[0.2, 0.8, -0.6]]),
        "bias": np.array([0.1, 1.0, -0.2]),
    }
    z, r = logistic(0.5 * x + 0.2 * h + 0.1), logistic(-1.1 * x + 0.8 * h + 1.0)
    g = math.tanh(0.9 * x - 0.6 * r * h - 0.2)
    state, gates = step("gru", params, h)
    assert state == pytest.approx([z * h + (1 - z) * g], rel=1e-14)
    assert gates == pytest.approx({"update": z, "reset": r, "candidate": g}, rel=1e-14)


def test_peephole_step_by_hand():
    p_i, p_f, p_o = 0.6, -0.7, 1.2
    new_c = logistic(z_f + p_f * c) * c + logistic(z_i + p_i * c) * math.tanh(z_g)
    new_h = logistic(z_o + p_o * new_c) * math.tanh(new_c)
    state, _ = step("peephole", PARAMS | {"peephole": np.array([[p_i], [p_f], [p_o]])}, h, c)
    assert state == pytest.approx([new_h, new_c], rel=1e-14)


def test_a_variant_with_no_switch_turned_is_the_standard_cell(rng):
    params = CELLS["standard"].initial_parameters(3, 4, rng)
    x = rng.normal(size=(2, 6, 3))
    mine, theirs = (run(cell, x, params)[0] for cell in (Cell(variant), CELLS["standard"]))
    assert all(np.array_equal(mine[key], theirs[key]) for key in theirs)


@pytest.mark.parametrize(("name", "clamped"), [("no_forget", 1.0), ("no_cell_path", 0.0)])
def test_a_cell_without_its_forget_gate_is_a_standard_one_with_the_gate_held(name, clamped, rng):
    standard, cell = CELLS["standard"], CELLS[name]
    params = standard.initial_parameters(3, 4, rng)
    kept = np.concatenate([np.arange(4) + 4 * standard.blocks.index(block) for block in cell.blocks])
    x = rng.normal(size=(2, 6, 3))
    mine, _ = run(cell, x, {key: array[..., kept] for key, array in params.items()})
    theirs, _ = run(standard, x, clamp(standard, params, forget=clamped))
    np.testing.assert_allclose(mine["hidden"], theirs["hidden"], atol=1e-15)


def test_coupled_gates_share_one(rng):
    params = CELLS["coupled"].initial_parameters(3, 4, rng)
    trace, _ = run(CELLS["coupled"], rng.normal(size=(2, 6, 3)), params)
    np.testing.assert_array_equal(trace["forget"] + trace["input"], 1)


def test_onnxruntime_agrees_on_coupled_gates(rng):
    """Its LSTM couples the gates on request; in its order input, output, forget, candidate the third is ignored."""
    N, T, D, H = 3, 5, 4, 2
    params = {key: array.astype(np.float32) for key, array in CELLS["coupled"].initial_parameters(D, H, rng).items()}
    params["bias"] = rng.normal(size=3 * H).astype(np.float32)
    x = rng.normal(size=(N, T, D)).astype(np.float32)

    def in_their_order(array):
        i, g, o = np.split(array, 3, axis=-1)
        return np.concatenate([i, o, np.zeros_like(i), g], axis=-1)

    arrays = {
        "W": in_their_order(params["kernel"]).T[None],
        "R": in_their_order(params["recurrent_kernel"]).T[None],
        "B": np.concatenate([in_their_order(params["bias"]), np.zeros(4 * H, np.float32)])[None],
    }
    node = helper.make_node("LSTM", ["X", *arrays], ["Y"], hidden_size=H, input_forget=1)
    graph = helper.make_graph(
        [node],
        "coupled",
        [helper.make_tensor_value_info("X", 1, (T, N, D))],
        [helper.make_tensor_value_info("Y", 1, None)],
        [numpy_helper.from_array(np.ascontiguousarray(array), name) for name, array in arrays.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (Y,) = session.run(None, {"X": np.ascontiguousarray(x.swapaxes(0, 1))})
    np.testing.assert_allclose(run(CELLS["coupled"], x, params)[0]["hidden"], Y[:, 0].swapaxes(0, 1), atol=1e-6)


def test_a_softmax_output_gate_is_shared_out_among_the_units(rng):
    trace, _ = run(
        CELLS["softmax_output"], rng.normal(size=(2, 6, 3)), CELLS["softmax_output"].initial_parameters(3, 4, rng)
    )
    np.testing.assert_allclose(trace["output"].sum(axis=-1), 1, rtol=1e-14)
    np.testing.assert_allclose(trace["hidden"], trace["output"] * np.tanh(trace["cell"]), rtol=1e-14)


def test_article_output_gate_sums_to_one_and_changes_nothing(rng):
    params = CELLS["article"].initial_parameters(3, 4, rng)
    x = rng.normal(size=(2, 6, 3))
    trace, _ = run(CELLS["article"], x, params)
    np.testing.assert_allclose(trace["output"].sum(axis=-1), 1, rtol=1e-14)
    params["kernel"][:, 12:] = 9
    again, _ = run(CELLS["article"], x, params)
    assert np.array_equal(trace["hidden"], again["hidden"])


@pytest.mark.parametrize("name", CELLS)
def test_run_is_the_step_repeated(name, rng):
    cell = CELLS[name]
    params = cell.initial_parameters(3, 4, rng)
    x = rng.normal(size=(2, 5, 3))
    start = tuple(rng.normal(size=(2, 4)) for _ in cell.states)
    trace, final = run(cell, x, params, start)
    state = start
    for t in range(5):
        state, gates = cell(x[:, t], state, params)
        for key, value in [*zip(cell.states, state, strict=True), *gates.items()]:
            assert np.array_equal(trace[key][:, t], value)
    assert all(np.array_equal(a, b) for a, b in zip(final, state, strict=True))


@pytest.mark.parametrize("name", CELLS)
def test_run_starts_from_zeros(name, rng):
    cell = CELLS[name]
    params = cell.initial_parameters(3, 4, rng)
    x = rng.normal(size=(2, 5, 3))
    zeros = tuple(np.zeros((2, 4)) for _ in cell.states)
    assert np.array_equal(run(cell, x, params)[0]["hidden"], run(cell, x, params, zeros)[0]["hidden"])


def test_sigmoid_never_overflows():
    z = np.array([-1e4, -90.0, -5e-324, 0.0, 1.0, 1e4], np.float32)
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_allclose(sigmoid(z), [0, 0, 0.5, 0.5, 1 / (1 + math.exp(-1)), 1], atol=1e-7)


def test_run_refuses_a_sequence_of_another_width(rng):
    with pytest.raises(ValueError, match=r"x: expected shape \(N, T, 3\), got \(2, 5, 4\)"):
        run(CELLS["standard"], np.zeros((2, 5, 4)), CELLS["standard"].initial_parameters(3, 4, rng))


@pytest.mark.parametrize(
    ("name", "block", "value"),
    [
        (name, block, value)
        for name, cell in CELLS.items()
        for block in cell.blocks
        for value in (0.0, 0.3, 1.0)
        if (name, block) not in {("article", "output"), ("softmax_output", "output"), ("simple_rnn", "hidden")}
    ],
)
def test_a_clamped_block_holds_its_value(name, block, value, rng):
    cell = CELLS[name]
    params = {key: rng.normal(size=array.shape) for key, array in cell.initial_parameters(3, 4, rng).items()}
    before = {key: array.copy() for key, array in params.items()}
    trace, _ = run(cell, rng.normal(size=(2, 5, 3)), clamp(cell, params, **{block: value}))
    held = trace["cell" if (name, block) == ("article", "candidate") else block]
    np.testing.assert_allclose(held, value, rtol=0, atol=0 if value in (0, 1) else 1e-15)
    assert all(np.array_equal(params[key], before[key]) for key in params)
    free = set(cell.blocks) - {block} - ({"input", "forget"} if name == "coupled" else set())
    assert all(np.ptp(trace[other]) > 0.01 for other in free & set(trace))


def test_clamp_holds_a_tanh_and_refuses_a_softmax(rng):
    params = CELLS["simple_rnn"].initial_parameters(3, 4, rng)
    trace, _ = run(CELLS["simple_rnn"], rng.normal(size=(2, 5, 3)), clamp(CELLS["simple_rnn"], params, hidden=-0.5))
    np.testing.assert_allclose(trace["hidden"], -0.5, atol=1e-15)
    for name in ("article", "softmax_output"):
        with pytest.raises(ValueError, match="output: expected a sigmoid or a tanh, got a softmax"):
            clamp(CELLS[name], CELLS[name].initial_parameters(3, 4, rng), output=0.5)


def test_a_kept_cell_state_is_kept_to_the_bit(rng):
    cell = CELLS["standard"]
    start = rng.normal(size=(2, 4)), rng.normal(size=(2, 4))
    params = clamp(cell, cell.initial_parameters(3, 4, rng), forget=1.0, input=0.0)
    _, (_, c) = run(cell, rng.normal(size=(2, 50, 3)), params, start)
    assert np.array_equal(c, start[1])


def test_clamp_refuses_other_blocks_and_values(rng):
    params = CELLS["standard"].initial_parameters(3, 4, rng)
    with pytest.raises(ValueError, match="cell: expected one of input, forget, candidate, output"):
        clamp(CELLS["standard"], params, cell=1.0)
    with pytest.raises(ValueError, match=r"forget: expected a number in \[0, 1\], got 1.5"):
        clamp(CELLS["standard"], params, forget=1.5)
    with pytest.raises(ValueError, match=r"candidate: expected a number in \[-1, 1\], got nan"):
        clamp(CELLS["standard"], params, candidate=float("nan"))


def test_a_cell_names_one_activation_a_block():
    with pytest.raises(ValueError, match="activations: expected 2, one a block, got 4; name those of input, candidate"):
        Cell(variant, ("input", "candidate"))


@pytest.mark.parametrize("missing", ["kernel", "recurrent_kernel", "bias", "peephole"])
def test_a_missing_parameter_gets_one_clear_sentence(missing, rng):
    params = CELLS["peephole"].initial_parameters(3, 4, rng)
    del params[missing]
    for call in (
        lambda: run(CELLS["peephole"], np.zeros((2, 5, 3)), params),
        lambda: clamp(CELLS["peephole"], params, input=0.0),
    ):
        with pytest.raises(ValueError, match=f"params: expected kernel, .*, got no {missing}; start from"):
            call()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("standard", [0, 3, 0, 0]),
        ("no_forget", [0, 0, 0]),
        ("coupled", [-3, 0, 0]),
        ("gru", [3, 0, 0]),
        ("simple_rnn", [0]),
    ],
)
def test_keep_sets_the_gate_that_keeps(name, expected):
    bias = np.zeros(2 * len(expected), np.float32)
    keep(name, bias, 3)
    assert np.array_equal(bias, np.repeat(expected, 2))


@pytest.mark.parametrize("name", ["standard", "coupled", "gru", "peephole"])
def test_the_larger_the_bias_the_longer_it_keeps(name, rng):
    cell, kept = CELLS[name], []
    params = cell.initial_parameters(3, 4, rng)
    start = tuple(np.ones((2, 4)) for _ in cell.states)
    for value in (0.0, 3.0, 8.0):
        keep(name, params["bias"], value)
        kept.append(np.abs(run(cell, np.zeros((2, 9, 3)), params, start)[1][-1]).mean())
    assert kept[0] < kept[1] < kept[2]


@pytest.mark.parametrize(
    ("name", "bias", "value", "error", "message"),
    [
        ("lstm", np.zeros(8), 1, ValueError, "name: expected one of simple_rnn, .*, got 'lstm'"),
        ("gru", np.zeros(8), 1, ValueError, "bias: expected one number a unit for each of update, .*, got 8 in all"),
        ("gru", [0.0] * 6, 1, TypeError, "bias: expected a NumPy array, got list"),
        ("gru", np.zeros(6), float("inf"), ValueError, r"value: expected a number in \(-inf, inf\), got inf"),
    ],
)
def test_keep_says_what_it_takes(name, bias, value, error, message):
    with pytest.raises(error, match=message):
        keep(name, bias, value)


def test_each_cell_can_be_held_at_a_value_of_its_own(rng):
    cell, values = CELLS["standard"], np.array([0.0, 0.3, 1.0])
    held = clamp(cell, cell.initial_parameters(2, 3, rng), forget=values)
    trace, _ = run(cell, rng.normal(size=(4, 5, 2)), held)
    np.testing.assert_allclose(trace["forget"], np.broadcast_to(values, (4, 5, 3)), atol=1e-12)
    with pytest.raises(ValueError, match="forget: expected a number in"):
        clamp(cell, held, forget=np.array([0.0, 0.3, 1.5]))
