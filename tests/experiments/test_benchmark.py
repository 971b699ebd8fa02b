"""The benchmark: every contender in turn, and a stored table that its own rows can fill."""

import json
import os

import numpy as np
import pytest

from medlstm.experiments import benchmark
from medlstm.experiments.contenders import CONTENDERS, Task
from medlstm.files import DATA

SMALL = Task(batch=8, steps=3, units=(4, 3), features=5, classes=2)


@pytest.mark.parametrize("name", ["numpy", "products", "keras", "keras_unrolled"])
def test_a_contender_trains_and_predicts(name):
    train, predict = CONTENDERS[name](SMALL)
    if name == "products":
        assert len(train()) > len(predict()) > 0
        return
    losses = [train() for _ in range(30)]
    assert losses[-1] < losses[0] and abs(losses[0] - np.log(2)) < 0.3
    np.testing.assert_allclose(np.asarray(predict()).sum(axis=1), np.ones(8), atol=1e-5)


def test_contenders_take_turns_in_processes_of_their_own(capfd):
    before = dict(os.environ)
    rows = benchmark.measure(SMALL, ("numpy", "products"), 1, rounds=3, steps=2)
    assert dict(os.environ) == before
    assert [(row["model"], row["what"]) for row in rows] == [
        ("numpy", "train"),
        ("products", "train"),
        ("numpy", "predict"),
        ("products", "predict"),
    ]
    assert all(len(row["milliseconds"]) == 3 and min(row["milliseconds"]) > 0 for row in rows)
    benchmark.report(rows)
    assert capfd.readouterr().out.count("times NumPy's") == 4


def test_the_stored_table_is_complete():
    stored = json.loads((DATA / "results" / "speed.json").read_text())
    main = [row for row in stored["runs"] if row["batch"] == 128 and row["steps"] == 28 and row["units"] == [128, 64]]
    assert {(row["model"], row["what"], row["threads"]) for row in main} == {
        (name, what, threads) for name in CONTENDERS for what in ("train", "predict") for threads in (1, 2)
    }
    assert all(len(row["milliseconds"]) == stored["settings"]["rounds"] for row in main)
