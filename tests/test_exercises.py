"""What a check says, and the one mistake in the colleague's step."""

import numpy as np
import pytest

from medlstm.cells import standard
from medlstm.exercises import check, hers
from medlstm.gradients import complex_step


def test_a_check_says_right_or_the_line_of_thought(capsys):
    check(1 == 1, "no")
    assert capsys.readouterr().out == "Right.\n"
    with pytest.raises(AssertionError, match="^the gate multiplies the wrong state$"):
        check(np.array(False), "the gate multiplies the wrong state")
    assert capsys.readouterr().out == ""


def test_her_step_errs_in_one_place(rng):
    """She leaves out the derivative of tanh where dh enters dc; with dh = 0 she is right."""
    N, H = 3, 2
    h, c_old, dh, dc = (rng.normal(size=(N, H)) for _ in range(4))
    z = rng.normal(size=(N, 4 * H))
    params = {"kernel": np.eye(4 * H), "recurrent_kernel": np.zeros((H, 4 * H)), "bias": np.zeros(4 * H)}
    (_, c), gates = standard(z, (h, c_old), params)

    def loss(z, dh):
        (h_new, c_new), _ = standard(z, (h, c_old), params)
        return (dh * h_new).sum() + (dc * c_new).sum()

    exact = complex_step(lambda v: loss(v, dh), z)
    without = complex_step(lambda v: loss(v, 0 * dh), z)
    np.testing.assert_allclose(hers(0 * dh, dc, c_old, c, gates), without, atol=1e-14)
    given = hers(dh, dc, c_old, c, gates)
    mended = hers(dh * (1 - np.tanh(c) ** 2), dc, c_old, c, gates)
    np.testing.assert_allclose(mended[:, : 3 * H], exact[:, : 3 * H], atol=1e-14)
    np.testing.assert_allclose(given[:, 3 * H :], exact[:, 3 * H :], atol=1e-14)
    assert (np.abs(given - exact)[:, : 3 * H].max(axis=0) > 1e-6).all()
