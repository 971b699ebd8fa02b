"""Ten steps of each optimizer, against Keras."""

import keras
import numpy as np
import pytest

from medlstm.optimizers import SGD, Adam, clip_by_global_norm, cosine_decay


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (lambda: SGD(0.1), lambda: keras.optimizers.SGD(0.1)),
        (lambda: SGD(0.1, momentum=0.9), lambda: keras.optimizers.SGD(0.1, momentum=0.9)),
        (lambda: Adam(), lambda: keras.optimizers.Adam()),
        (lambda: Adam(0.02, 0.8, 0.95, 1e-3), lambda: keras.optimizers.Adam(0.02, 0.8, 0.95, 1e-3)),
        (lambda: Adam(clip_norm=0.7), lambda: keras.optimizers.Adam(global_clipnorm=0.7)),
        (lambda: SGD(0.1, clip_norm=0.7), lambda: keras.optimizers.SGD(0.1, global_clipnorm=0.7)),
    ],
)
def test_ten_steps_equal_keras(mine, theirs, rng):
    start = [rng.normal(size=(3, 2)).astype(np.float32), rng.normal(size=4).astype(np.float32)]
    arrays = [a.copy() for a in start]
    variables = [keras.Variable(a) for a in start]
    mine, theirs = mine(), theirs()
    for _ in range(10):
        gradients = [rng.normal(size=a.shape).astype(np.float32) for a in start]
        theirs.apply(gradients, variables)
        mine.update(arrays, [g.copy() for g in gradients])
    for a, v in zip(arrays, variables, strict=True):
        np.testing.assert_allclose(a, v.numpy(), rtol=2e-5, atol=2e-6)


def test_first_step_of_adam_is_the_learning_rate():
    p = np.array([1.0, 1.0, 1.0])
    Adam(0.01).update([p], [np.array([3.0, -0.002, 1e4])])
    np.testing.assert_allclose(p, [0.99, 1.01, 0.99], atol=1e-4)


def test_clipping_keeps_the_direction():
    gradients = [np.array([3.0, 0.0]), np.array([[4.0]])]
    assert clip_by_global_norm(gradients, 1.0) == 5
    np.testing.assert_allclose(gradients[0], [0.6, 0])
    np.testing.assert_allclose(gradients[1], [[0.8]])


def test_clipping_leaves_small_gradients_alone():
    gradients = [np.array([3.0, 4.0])]
    assert clip_by_global_norm(gradients, 5.0) == 5
    np.testing.assert_array_equal(gradients[0], [3, 4])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Adam(float("nan")), r"learning_rate: expected a number in \[0, inf\), got nan"),
        (lambda: Adam(-1), r"learning_rate: .* got -1"),
        (lambda: SGD(float("inf")), r"learning_rate: .* got inf"),
        (lambda: SGD(momentum=1.0), r"momentum: expected a number in \[0, 1\), got 1.0"),
        (lambda: Adam(beta_1=-0.1), "beta_1: .* got -0.1"),
        (lambda: Adam(beta_2=1), "beta_2: .* got 1"),
        (lambda: Adam(epsilon=0), r"epsilon: expected a number in \(0, inf\), got 0"),
        (lambda: Adam(clip_norm=0.0), r"clip_norm: expected a number in \(0, inf\], got 0.0"),
        (lambda: SGD(clip_norm=-1), "clip_norm: .* got -1"),
        (lambda: clip_by_global_norm([np.ones(2)], float("nan")), "limit: .* got nan"),
    ],
)
def test_bad_settings_get_one_clear_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_an_optimizer_serves_one_network(kind):
    optimizer, mine, theirs = kind(), [np.ones(2), np.ones(3)], [np.ones(2), np.ones(3)]
    gradients = [np.ones(2), np.ones(3)]
    optimizer.update(mine, gradients)
    optimizer.update(tuple(mine), gradients)
    for others in (theirs, mine[:1], mine[::-1]):
        with pytest.raises(ValueError, match="parameters: expected the arrays of the first update, got others"):
            optimizer.update(others, gradients)
    assert all((a == 1).all() for a in theirs)


def test_a_cosine_rises_and_falls():
    rates = [cosine_decay(done, 0.003, 0.02) for done in np.linspace(0, 1, 101)]
    assert rates[0] == 0 and max(rates) == rates[2] and 0.0029 < rates[2] < 0.003 and rates[-1] < 1e-9
    assert cosine_decay(0, 1) == 1 and cosine_decay(0.5, 1) == pytest.approx(0.5)
    with pytest.raises(ValueError, match=r"done: expected a number in \[0, 1\], got 2"):
        cosine_decay(2, 1)
