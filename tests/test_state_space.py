"""A linear recurrence all at once, against the slow loop."""

import numpy as np
import pytest

from medlstm.gradients import complex_step, relative_error
from medlstm.state_space import loop, scan


def some(rng, steps, units=3):
    u = tuple(rng.normal(size=(2, steps, units)) for _ in range(2))
    a = rng.uniform(0.5, 1, units) * np.exp(1j * rng.uniform(-3, 3, units))
    return u, (a.real, a.imag)


@pytest.mark.parametrize("steps", [1, 2, 3, 7, 8, 9, 100])
def test_scan_equals_the_loop(steps, rng):
    u, a = some(rng, steps)
    for fast, slow in zip(scan(u, a), loop(u, a), strict=True):
        np.testing.assert_allclose(fast, slow, atol=1e-12)


def test_the_loop_is_the_recurrence_in_complex_numbers(rng):
    (u_re, u_im), (a_re, a_im) = some(rng, 6)
    s, states = 0, []
    for t in range(6):
        s = (a_re + 1j * a_im) * s + u_re[:, t] + 1j * u_im[:, t]
        states.append(s)
    re, im = loop((u_re, u_im), (a_re, a_im))
    np.testing.assert_allclose(re + 1j * im, np.stack(states, axis=1), atol=1e-14)


def test_the_state_at_a_lag_is_a_power_of_the_decay():
    u, a = np.zeros((1, 40, 1)), 0.9 * np.exp(0.3j)
    u[0, 0] = 1
    re, im = scan((u, np.zeros_like(u)), (np.array([a.real]), np.array([a.imag])))
    np.testing.assert_allclose((re + 1j * im)[0, :, 0], a ** np.arange(40), atol=1e-14)


def test_a_complex_step_goes_through_the_scan(rng):
    (u_re, u_im), a = some(rng, 5)
    by = {
        way.__name__: complex_step(lambda v, way=way: sum((part**2).sum() for part in way((v, u_im), a)), u_re)
        for way in (loop, scan)
    }
    assert relative_error(by["scan"], by["loop"]) < 1e-13
