"""What if the memory only decays and turns? A diagonal linear recurrence, step by step and all at once.

``s_t = a * s_{t-1} + u_t`` for each of H complex numbers by itself. Since nothing nonlinear stands between two steps,
T steps need no T turns of a loop: after k rounds of `scan`, each state holds the last ``2**k`` inputs (Hillis and
Steele 1986). Complex numbers travel as pairs (real, imaginary), so that a complex step can go through them.
"""

import numpy as np


def loop(u, a, xp=np):
    """States of ``s_t = a * s_{t-1} + u_t`` from s = 0, one step after another.

    Parameters
    ----------
    u : pair of arrays (N, T, H)
        What comes in: real parts, imaginary parts.
    a : pair of arrays (H,)
        What a state is multiplied with at each step.

    Returns
    -------
    pair of arrays (N, T, H)
    """
    (u_re, u_im), (a_re, a_im) = u, a
    s_re, s_im, states = xp.zeros_like(u_re[:, 0]), xp.zeros_like(u_im[:, 0]), []
    for t in range(u_re.shape[1]):
        s_re, s_im = a_re * s_re - a_im * s_im + u_re[:, t], a_re * s_im + a_im * s_re + u_im[:, t]
        states.append((s_re, s_im))
    return tuple(xp.stack(part, axis=1) for part in zip(*states))


def scan(u, a, xp=np):
    """The same states in about log2(T) rounds: each adds what was known ``reach`` steps ago, and doubles the reach.

    Parameters and result as in `loop`. The work is T log T products rather than T; none waits for its neighbour.
    """
    (s_re, s_im), (a_re, a_im) = u, a
    reach = 1
    while reach < s_re.shape[1]:
        b_re, b_im = (xp.pad(part[:, :-reach], ((0, 0), (reach, 0), (0, 0))) for part in (s_re, s_im))
        s_re, s_im = s_re + a_re * b_re - a_im * b_im, s_im + a_re * b_im + a_im * b_re
        a_re, a_im = a_re**2 - a_im**2, 2 * a_re * a_im
        reach *= 2
    return s_re, s_im
