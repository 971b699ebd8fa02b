"""The runner: whole results, nothing twice, nothing lost."""

import importlib
import json
import subprocess
import sys

import numpy as np
import pytest

from medlstm.datasets import latch as latch_sequences
from medlstm.datasets import load_mnist
from medlstm.experiments import cells, latch, mnist_rows, phantoms, rows_and_columns, runner, workers
from medlstm.files import DATA


def test_the_command_line_runs_one_tiny_job(tmp_path, loopback):
    command = [sys.executable, "-m", "medlstm.experiments", "mnist_rows", "--quick", "--root", str(tmp_path)]
    first = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    second = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "[1/1]" in first and "accuracy" in first and "already there" in second
    stored = json.loads((tmp_path / "results" / "mnist_rows.json").read_text())
    assert set(stored) == {"experiment", "command", "environment", "data", "settings", "runs"}
    assert (tmp_path / "weights" / "mnist_rows_numpy_article.npz").is_file()


@pytest.mark.parametrize("job", mnist_rows.jobs(1), ids=lambda job: job["model"])
def test_each_model_of_mnist_rows_runs(job):
    row, predictions, _ = mnist_rows.run(job, mnist_rows.SETTINGS | mnist_rows.QUICK)
    assert predictions.shape == (256,) and 0 <= row["test"]["accuracy"] <= 1 and row["parameters"] > 0


def test_rows_and_columns_runs():
    settings = rows_and_columns.SETTINGS | rows_and_columns.QUICK
    row, predictions, network = rows_and_columns.run(rows_and_columns.jobs(1)[0], settings)
    assert predictions.shape == (256,) and 0 <= row["test"]["accuracy"] <= 1
    assert row["parameters"] == sum(p.size for p in network.parameters.values())


@pytest.mark.parametrize(
    "job",
    [job for job in latch.jobs(1) if job["model"] in ("forget_bias_3", "gru", "coupled")],
    ids=lambda job: f"{job['dataset']}-{job['model']}",
)
def test_each_model_of_the_latch_runs(job):
    row, predictions, _ = latch.run(job, latch.SETTINGS | latch.QUICK | {"batches": 10})
    assert predictions.shape == (100,) and len(row["train"]["loss"]) == 10 and row["parameters"] > 0


@pytest.mark.parametrize(
    "job",
    [
        job
        for job in phantoms.jobs(1)
        if (job["dataset"], job["model"])
        in (("lesion_outlines", "rolling_mean"), ("ejection_fraction", "lstm_shuffled"))
    ],
    ids=lambda job: f"{job['dataset']}-{job['model']}",
)
def test_models_of_the_phantoms_run(job):
    settings = phantoms.SETTINGS | phantoms.QUICK
    row, predictions, _ = phantoms.run(job, settings)
    _, y = phantoms.draw(job, 40, np.random.default_rng(phantoms.STREAMS["validation"]))
    task = phantoms.DATASETS[job["dataset"]][1]
    assert row["validation"] == phantoms.performance(task, y, predictions) and "test" not in row
    assert len(predictions) == 40 and len(row["train"]["loss"]) == 1 and row["parameters"] > 0


def test_shuffled_frames_keep_their_labels():
    job = {"dataset": "contracting", "model": "lstm"}
    (x, y), (x_shuffled, y_shuffled) = (
        phantoms.draw(job | {"model": name}, 5, np.random.default_rng(0)) for name in ("lstm", "lstm_shuffled")
    )
    for clip, labels, shuffled, moved in zip(x, y, x_shuffled, y_shuffled):
        order = [int(np.flatnonzero((clip == frame).all((1, 2)))[0]) for frame in shuffled]
        assert sorted(order) == list(range(len(clip))) != order
        np.testing.assert_array_equal(labels[order], moved)
    orders = {tuple(shuffled[:, 0, 0].argsort()) for shuffled in x_shuffled}
    assert len(orders) == 5


def test_phantoms_are_trained_and_judged_on_different_draws():
    assert len(set(phantoms.STREAMS.values())) == 3
    few = [job for job in phantoms.jobs(5) if job["seed"] > 2]
    assert few and all(job["recurrent"] for job in few)


@pytest.mark.parametrize(
    ("name", "experiment", "seeds", "judged_on"),
    [
        ("mnist_rows", mnist_rows, 8, "test"),
        ("rows_and_columns", rows_and_columns, 5, "test"),
        ("cells", cells, 5, "validation"),
    ],
)
def test_stored_rows_agree_with_their_predictions(name, experiment, seeds, judged_on):
    stored = json.loads((DATA / "results" / f"{name}.json").read_text())
    assert stored["data"] == experiment.data() and stored["settings"] == experiment.SETTINGS
    (_, y_train), (_, y_test) = load_mnist()
    y = {"test": y_test, "validation": y_train[-5000:]}[judged_on]
    with np.load(DATA / "results" / f"{name}.npz") as predictions:
        assert len(predictions.files) == len(stored["runs"]) == len(experiment.jobs(seeds))
        for row in stored["runs"]:
            assert row[judged_on]["accuracy"] == (predictions[runner.prediction_key(row)] == y).mean()


def test_stored_latches_agree_with_their_predictions():
    stored = json.loads((DATA / "results" / "latch.json").read_text())
    assert stored["settings"] == latch.SETTINGS and len(stored["runs"]) == len(latch.jobs(5))
    with np.load(DATA / "results" / "latch.npz") as predictions:
        for row in stored["runs"]:
            steps = int(row["dataset"].removeprefix("latch_"))
            y = latch_sequences(latch.SETTINGS["validation_sequences"], steps, np.random.default_rng(10**6))[1]
            assert row["validation"]["accuracy"] == (predictions[runner.prediction_key(row)] == y).mean()


def test_a_stored_run_can_be_made_again():
    stored = json.loads((DATA / "results" / "latch.json").read_text())
    row = next(row for row in stored["runs"] if (row["dataset"], row["model"]) == ("latch_28", "forget_bias_3"))
    (again, _, _), _ = workers.run_alone(latch.__name__, row, stored["settings"], workers.made_with())
    assert again["parameters"] == row["parameters"] and again["train"]["loss"][0] == pytest.approx(
        row["train"]["loss"][0], abs=1e-3
    )  # later, rounding on another processor has grown
    assert again["validation"]["accuracy"] == pytest.approx(row["validation"]["accuracy"], abs=0.01)


def test_the_cells_experiment_never_sees_a_test_image(monkeypatch):
    monkeypatch.setattr(cells, "load_mnist", lambda: (load_mnist()[0], None))
    row, _, _ = cells.run(cells.jobs(1)[0], cells.SETTINGS | cells.QUICK)
    assert set(row) == {"parameters", "seconds", "train", "validation"}


def test_stored_phantoms_agree_with_their_predictions():
    stored = json.loads((DATA / "results" / "phantoms.json").read_text())
    assert stored["settings"] == phantoms.SETTINGS and stored["data"] == phantoms.data()
    assert [runner.prediction_key(row) for row in stored["runs"]] == [
        runner.prediction_key(job) for job in phantoms.jobs(5)
    ]
    truths = {}
    with np.load(DATA / "results" / "phantoms.npz") as predictions:
        for row in stored["runs"]:
            task = phantoms.DATASETS[row["dataset"]][1]
            drawn = task, row["model"].endswith("_shuffled")
            if drawn not in truths:
                rng = np.random.default_rng(phantoms.STREAMS["test"])
                truths[drawn] = phantoms.draw(row, stored["settings"]["judged_examples"], rng)[1]
            figures = phantoms.performance(task, truths[drawn], predictions[runner.prediction_key(row)])
            assert figures == pytest.approx(row["test"])


@pytest.mark.parametrize(
    ("name", "seeds"),
    [("cells", 5), ("latch", 5), ("medmnist", 5), ("mnist_rows", 8), ("phantoms", 5), ("rows_and_columns", 5)],
)
def test_every_stored_result_is_read_and_nothing_is_left_to_run(name, seeds, capsys):
    files = [DATA / "results" / f"{name}.{kind}" for kind in ("json", "npz")]
    before = [file.read_bytes() for file in files]
    stored = runner.run(name, importlib.import_module(f"medlstm.experiments.{name}"), seeds, False, DATA)
    runs = len(stored["runs"])
    assert capsys.readouterr().out == f"{runs} of {runs} runs are already there\n"
    assert [file.read_bytes() for file in files] == before
