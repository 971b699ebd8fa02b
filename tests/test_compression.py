"""Smaller networks: what must not change does not, what may is bounded, and what is counted is counted by hand."""

import numpy as np
import pytest

from medlstm.compression import HoldZeros, distil, multiply_adds, of_rank, pruned, quantise, rounded, with_kernels
from medlstm.network import SequenceClassifier
from medlstm.optimizers import SGD, Adam


@pytest.fixture
def network():
    return SequenceClassifier(5, (6, 4), 3, seed=1)


@pytest.fixture
def kernel(rng):
    return rng.normal(size=(6, 9)).astype(np.float32)


def same(a, b):
    return all(a.parameters[name].tobytes() == b.parameters[name].tobytes() for name in b.parameters)


@pytest.mark.parametrize(("change", "argument"), [(pruned, 0.0), (pruned, 0), (of_rank, 6), (of_rank, 100)])
def test_pruning_nothing_and_full_rank_change_no_bit(network, change, argument):
    assert same(with_kernels(network, change, argument), network)


def test_the_copy_is_a_copy_with_its_own_biases(network):
    copy = with_kernels(network, pruned, 1.0)
    for name, array in copy.parameters.items():
        if array.ndim == 2:
            assert not array.any() and network.parameters[name].any()
        else:
            assert array.tobytes() == network.parameters[name].tobytes()
            array += 1
            assert not np.array_equal(array, network.parameters[name])


@pytest.mark.parametrize("bits", [2, 3, 8])
def test_an_integer_is_at_most_half_a_step_away(kernel, bits):
    integers, step = quantise(kernel, bits)
    assert integers.dtype == np.int8 and np.abs(integers).max() == 2 ** (bits - 1) - 1
    assert np.abs(step * integers - kernel).max() <= step / 2 * (1 + 1e-6)
    assert np.array_equal(rounded(kernel, bits), (integers * step).astype(np.float32))
    assert len(np.unique(integers)) <= 2**bits - 1


def test_zeros_stay_zero_and_what_is_rounded_stays(kernel):
    assert not rounded(np.zeros_like(kernel)).any()
    kernel[0, 0] = 0
    assert rounded(kernel, 3)[0, 0] == 0
    np.testing.assert_allclose(rounded(rounded(kernel, 3), 3), rounded(kernel, 3), rtol=1e-6)


def test_the_smallest_go_first(kernel):
    thin = pruned(kernel, 0.5)
    assert (thin == 0).sum() == 27
    assert np.abs(kernel[thin == 0]).max() < np.abs(kernel[thin != 0]).min()
    assert np.array_equal(thin[thin != 0], kernel[thin != 0])
    assert (pruned(kernel, 0.999) != 0).sum() == 1 and not pruned(kernel, 1).any()


def test_the_control_removes_as_many_wherever_they_are(kernel):
    thin, again = pruned(kernel, 0.5, 0), pruned(kernel, 0.5, 0)
    assert (thin == 0).sum() == 27 and np.array_equal(thin, again)
    assert not np.array_equal(thin, pruned(kernel, 0.5, 1))
    assert np.abs(kernel[thin == 0]).max() > np.abs(kernel[thin != 0]).min()


def test_no_matrix_of_that_rank_is_closer(kernel, rng):
    values = np.linalg.svd(kernel, compute_uv=False)
    for rank in (1, 3, 5):
        close = of_rank(kernel, rank)
        assert np.linalg.matrix_rank(close, tol=1e-4) == rank
        error = np.linalg.norm(kernel - close)
        assert error == pytest.approx(np.sqrt((values[rank:] ** 2).sum()), rel=1e-4)
        for _ in range(20):
            other = rng.normal(size=(6, rank)) @ rng.normal(size=(rank, 9))
            fitted = other * (kernel * other).sum() / (other**2).sum()
            assert np.linalg.norm(kernel - fitted) > error


def test_multiply_adds_are_those_counted_by_hand(network):
    # 7 steps: x (5) and h (6) into 24 columns; then 6 and 4 into 16; once 4 into 3.
    assert multiply_adds(network, 7) == 7 * (5 * 24 + 6 * 24 + 6 * 16 + 4 * 16) + 4 * 3
    # Through rank 1: 5 + 24, 6 + 24, 6 + 16, 4 + 16, and 4 + 3, each less than the whole product.
    assert multiply_adds(network, 7, rank=1) == 7 * (29 + 30 + 22 + 20) + 7
    # Rank 4 pays for none of them but 6 into 24, which takes 120 instead of 144, and 5 into 24, 116 instead of 120.
    assert multiply_adds(network, 7, rank=4) == 7 * (116 + 120 + 88 + 64) + 12


def test_pruned_weights_stay_at_zero_while_the_others_learn(network, rng):
    thin = with_kernels(network, pruned, 0.5)
    thin.optimizer = HoldZeros(Adam(0.001))
    thin.optimizer.learning_rate = 0.01
    assert thin.optimizer.learning_rate == thin.optimizer.optimizer.learning_rate == 0.01
    before = {name: array.copy() for name, array in thin.parameters.items()}
    x, y = rng.normal(size=(32, 4, 5)).astype(np.float32), rng.integers(0, 3, 32)
    first = thin.train_on_batch(x, y)
    for _ in range(20):
        last = thin.train_on_batch(x, y)
    assert last < first
    for name, array in thin.parameters.items():
        zero = (before[name] == 0) & (array.ndim == 2)
        assert not array[zero].any()
        assert (array[~zero] != before[name][~zero]).mean() > 0.9


def test_labels_alone_are_ordinary_training(rng):
    x, y = rng.normal(size=(16, 4, 5)).astype(np.float32), rng.integers(0, 3, 16)
    taught = np.full((16, 3), 1 / 3, np.float32)
    plain, pupil = (SequenceClassifier(5, (4,), 3, seed=2, optimizer=SGD(0.1)) for _ in range(2))
    loss = plain.train_on_batch(x, y)
    assert distil(pupil, x, y, taught, 1, trust=0.0, batch_size=16)[0] == pytest.approx(loss, rel=1e-5)
    for name, array in plain.parameters.items():
        np.testing.assert_allclose(pupil.parameters[name], array, atol=1e-6)


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_the_pupil_follows_the_gradient_of_the_loss_in_the_paper(rng, temperature):
    x, y = rng.normal(size=(8, 4, 5)), rng.integers(0, 3, 8)
    taught = rng.dirichlet(np.ones(3), 8)
    trust, rate = 0.7, 1e-3

    def loss(network):
        p = network.predict(x)
        at = lambda p: p ** (1 / temperature) / (p ** (1 / temperature)).sum(axis=1, keepdims=True)
        hard = -np.log(p[np.arange(8), y]).mean()
        soft = -(at(taught) * np.log(at(p))).sum(axis=1).mean()
        return (1 - trust) * hard + trust * temperature**2 * soft

    pupil = SequenceClassifier(5, (4,), 3, seed=2, optimizer=SGD(rate), dtype=np.float64)
    before = {name: array.copy() for name, array in pupil.parameters.items()}
    start = loss(pupil)
    distil(pupil, x, y, taught, 1, temperature, trust, batch_size=8)
    moved = sum(((pupil.parameters[name] - before[name]) ** 2).sum() for name in before)
    # One step of gradient descent: the loss falls by the squared gradient times the rate.
    assert start - loss(pupil) == pytest.approx(moved / rate, rel=0.02)


def test_a_pupil_that_trusts_its_teacher_becomes_like_it(rng):
    x, y = rng.normal(size=(64, 4, 5)).astype(np.float32), rng.integers(0, 3, 64)
    teacher = SequenceClassifier(5, (4,), 3, seed=5)
    teacher.head.kernel *= 4
    taught = teacher.predict(x)
    pupil = SequenceClassifier(5, (8,), 3, seed=6, optimizer=Adam(0.01))
    far = np.abs(pupil.predict(x) - taught).max()
    distil(pupil, x, y, taught, 150, temperature=1.0, trust=1.0, batch_size=64)
    assert np.abs(pupil.predict(x) - taught).max() < far / 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda n, k: with_kernels(k, pruned, 0.5), "expected a SequenceClassifier, got ndarray"),
        (lambda n, k: quantise(k, 9), "bits: expected 2 to 8, got 9"),
        (lambda n, k: quantise(k, 1), "bits"),
        (lambda n, k: quantise(k.astype(int)), "array"),
        (lambda n, k: quantise(k * np.nan), "array"),
        (lambda n, k: pruned(k, 1.5), "share"),
        (lambda n, k: pruned(k[0], 0.5), "kernel"),
        (lambda n, k: of_rank(k, 0), "rank"),
        (lambda n, k: multiply_adds(n, 0), "steps"),
        (lambda n, k: distil(n, k, k, k, 0), "epochs"),
        (lambda n, k: distil(n, k, k, np.ones((6, 3)), 1), "taught"),
        (lambda n, k: distil(n, k, k, np.full((6, 3), 1 / 3), 1, trust=2), "trust"),
    ],
)
def test_wrong_arguments_are_named(network, kernel, call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call(network, kernel)
