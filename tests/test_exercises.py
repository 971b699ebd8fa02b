"""What a check says, what counts as near, and which blocks of a backward step are wrong."""

import numpy as np
import pytest

from medlstm.cells import CELLS
from medlstm.exercises import check, near, tried, wrong_blocks


def test_a_check_says_right_or_the_line_of_thought(capsys):
    check(1 == 1, "no")
    assert capsys.readouterr().out == "Right.\n"
    with pytest.raises(AssertionError, match="^the gate multiplies the wrong state$"):
        check(np.array(False), "the gate multiplies the wrong state")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("answer", "right", "expected"),
    [
        (0.5, 0.5004, True),
        ([[1, 2]], np.array([1, 2.0]), True),
        (0.5, 0.502, False),
        ([1, 2], [1, 2, 3], False),
        ("half", 0.5, False),
        (None, 0.5, False),
        ([0.5, "half"], [0.5, 0.5], False),
        (float("nan"), 0.5, False),
    ],
)
def test_near_is_a_number_within_the_tolerance(answer, right, expected):
    assert near(answer, right, 1e-3) is expected


def test_an_answer_that_cannot_be_tried_does_not_pass():
    held = {"output": 0}
    assert tried(lambda: held["output"] == 0) is True
    assert tried(lambda: held["input"] == 0) is False
    assert tried(lambda: len(3) == 1) is False


def coupled_back(dh, dc, c_old, c, gates, written=lambda g, c_old: g - c_old, kept=lambda i: 1 - i, slope=True):
    i, g, o = (gates[name] for name in ("input", "candidate", "output"))
    do = dh * np.tanh(c)
    dc = dc + dh * o * (1 - np.tanh(c) ** 2 if slope else 1)
    di, dg = dc * written(g, c_old), dc * i
    dz = np.concatenate([di * i * (1 - i), dg * (1 - g**2), do * o * (1 - o)], axis=-1)
    return dz, dc * kept(i)


@pytest.mark.parametrize(
    ("mistake", "expected"),
    [
        ({}, []),
        ({"written": lambda g, _: g}, ["input"]),
        ({"kept": lambda i: i}, ["old cell state"]),
        ({"slope": False}, ["input", "candidate", "old cell state"]),
    ],
)
def test_a_mistake_shows_in_the_blocks_that_it_reaches(mistake, expected):
    assert wrong_blocks(CELLS["coupled"], lambda *given: coupled_back(*given, **mistake)) == expected
