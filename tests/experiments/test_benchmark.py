"""The benchmark: every contender in turn, and a stored table that its own rows can fill."""

import json
import os

import numpy as np
import pytest

from medlstm.experiments import benchmark, luck
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
    rows = benchmark.measure(SMALL, ("numpy", "products"), 1, process=2, rounds=3, steps=2)
    assert dict(os.environ) == before
    assert [(row["model"], row["what"]) for row in rows] == [
        ("numpy", "train"),
        ("products", "train"),
        ("numpy", "predict"),
        ("products", "predict"),
    ]
    assert all(len(row["milliseconds"]) == 3 and min(row["milliseconds"]) > 0 for row in rows)
    assert {row["process"] for row in rows} == {2}
    benchmark.report(rows)
    assert capfd.readouterr().out.count("times NumPy's") == 4


def test_the_stored_table_is_complete():
    stored = json.loads((DATA / "results" / "speed.json").read_text())
    runs, settings = stored["runs"], stored["settings"]
    main = [row for row in runs if row["batch"] == 128 and row["steps"] == 28 and row["units"] == [128, 64]]
    assert {(row["model"], row["what"], row["threads"], row["process"]) for row in main} == {
        (name, what, threads, process)
        for name in CONTENDERS
        for what in ("train", "predict")
        for threads in (1, 2)
        for process in range(settings["processes"])
    }
    assert len(runs) - len(main) == settings["processes"] * 2 * len(benchmark.PEERS) * len(benchmark.GROWTH)
    assert all(len(row["milliseconds"]) == settings["rounds"] for row in runs)


def test_the_stored_table_can_be_true():
    benchmark.refuse_contradictions(json.loads((DATA / "results" / "speed.json").read_text())["runs"])


def row(milliseconds, steps=28, batch=128, units=(128, 64), model="pytorch"):
    return {
        "model": model,
        "what": "train",
        "threads": 2,
        "batch": batch,
        "steps": steps,
        "units": list(units),
        "milliseconds": milliseconds,
    }


@pytest.mark.parametrize("smaller", [{"steps": 14}, {"batch": 32}, {"units": (64, 32)}])
def test_a_table_in_which_more_work_takes_less_time_is_refused(smaller):
    small, large = row([12.4, 12.3, 90.0], **smaller), row([11.4, 11.5, 11.6])
    assert benchmark.contradictions([large, small]) == [(small, large)]
    with pytest.raises(ValueError, match="pytorch, train, 2 thread.*12.4 ms for .* but 11.5 ms for .*measure again"):
        benchmark.refuse_contradictions([large, small])


def test_a_table_that_can_be_true_is_not_refused():
    benchmark.refuse_contradictions(
        [
            row([11.0]),
            row([11.2], steps=14),  # within the margin
            row([5.0], steps=112, batch=32),  # neither task is the larger one
            row([50.0], batch=32, model="jax"),
            row([6.0], units=(64, 32)),
        ]
    )


def test_a_refused_table_is_not_stored(monkeypatch):
    monkeypatch.setattr("sys.argv", ["benchmark"])
    monkeypatch.setattr(benchmark, "measure", lambda *_: [row([12.0], steps=14), row([11.0])])
    monkeypatch.setattr(benchmark, "report", lambda runs: None)
    monkeypatch.setattr(benchmark, "whole_file", lambda path: pytest.fail("a table was written"))
    with pytest.raises(ValueError, match="measure again"):
        benchmark.main()


def test_the_stored_processes_are_complete():
    stored = json.loads((DATA / "results" / "luck.json").read_text())
    assert [(row["model"], row["memory"], row["process"]) for row in stored["runs"] if row["what"] == "train"] == [
        (name, memory, process)
        for process in range(luck.PROCESSES)
        for memory in ("as it is", "kept")
        for name in luck.NAMES
    ]


def test_processes_start_with_the_settings_that_they_are_given():
    with benchmark._settings(1, luck.KEPT):
        assert luck.KEPT.items() <= os.environ.items()
    assert luck.KEPT.items().isdisjoint(os.environ.items())
