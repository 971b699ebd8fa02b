"""The two ways to differentiate, on a function whose derivative is known."""

import numpy as np

from medlstm.gradients import central_difference, complex_step, relative_error


def f(x):
    return (np.exp(x) * np.sin(3 * x)).sum()


def df(x):
    return np.exp(x) * (np.sin(3 * x) + 3 * np.cos(3 * x))


def test_complex_step_is_exact_to_rounding(rng):
    x = rng.normal(size=(3, 4))
    assert relative_error(complex_step(f, x), df(x)) < 1e-15


def test_central_difference_is_good_to_half_the_digits(rng):
    x = rng.normal(size=(3, 4))
    assert 1e-13 < relative_error(central_difference(f, x), df(x)) < 1e-8


def test_neither_changes_its_argument(rng):
    x = rng.normal(size=3)
    kept = x.copy()
    complex_step(f, x), central_difference(f, x)
    assert np.array_equal(x, kept)


def test_relative_error():
    assert relative_error(np.array([3.0, 4.5]), np.array([3.0, 4.0])) == 0.1
