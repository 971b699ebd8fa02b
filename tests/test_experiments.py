"""The runner: whole results, nothing twice, nothing lost."""

import json
import subprocess
import sys

import numpy as np
import pytest

from medlstm.datasets import DATA, load_mnist
from medlstm.experiments import cells, latch, mnist_rows, rows_and_columns, runner
from medlstm.phantoms import latch as latch_sequences

JOBS = [{"dataset": "toy", "model": model, "seed": seed} for seed in range(2) for model in ("a", "b")]


class Toy:
    """An experiment of four jobs that notes which were run, and dies when told to."""

    SETTINGS, QUICK = {"size": 3}, {"size": 1}

    def __init__(self, die_at=None):
        self.done, self.die_at = [], die_at

    def data(self):
        return {"toy": "0"}

    def jobs(self, seeds):
        return JOBS[:2 * seeds]

    def run(self, job, settings):
        if len(self.done) == self.die_at:
            raise KeyboardInterrupt
        self.done.append(job)
        return runner.Outcome({"test": {"accuracy": settings["size"]}}, np.arange(settings["size"]))


def read(root):
    rows = json.loads((root / "results" / "toy.json").read_text())["runs"]
    with np.load(root / "results" / "toy.npz") as file:
        return rows, dict(file)


def test_every_job_leaves_a_row_and_its_predictions(tmp_path):
    runner.run("toy", Toy(), 2, False, tmp_path)
    rows, predictions = read(tmp_path)
    assert rows == [job | {"test": {"accuracy": 3}} for job in JOBS]
    assert list(predictions) == [runner.prediction_key(job) for job in JOBS]
    assert sorted(p.name for p in (tmp_path / "results").iterdir()) == ["toy.json", "toy.npz"]


def test_it_goes_on_after_a_kill(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        runner.run("toy", Toy(die_at=3), 2, False, tmp_path)
    assert len(read(tmp_path)[0]) == 3
    second = Toy()
    runner.run("toy", second, 2, False, tmp_path)
    assert second.done == JOBS[3:] and len(read(tmp_path)[0]) == 4


def test_more_seeds_are_added_to_what_is_there(tmp_path):
    runner.run("toy", Toy(), 1, False, tmp_path)
    more = Toy()
    runner.run("toy", more, 2, False, tmp_path)
    assert more.done == JOBS[2:] and len(read(tmp_path)[1]) == 4


def test_other_settings_are_not_mixed_in(tmp_path):
    runner.run("toy", Toy(), 1, False, tmp_path)
    with pytest.raises(ValueError, match="toy.json: expected runs with settings .*'size': 1.*got .*'size': 3"):
        runner.run("toy", Toy(), 1, True, tmp_path)


def test_the_command_line_runs_one_tiny_job(tmp_path):
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


def test_rows_and_columns_runs_and_its_rate_rises_and_falls():
    settings = rows_and_columns.SETTINGS | rows_and_columns.QUICK
    row, predictions, network = rows_and_columns.run(rows_and_columns.jobs(1)[0], settings)
    assert predictions.shape == (256,) and 0 <= row["test"]["accuracy"] <= 1
    assert row["parameters"] == sum(p.size for p in network.parameters.values())
    rates = [rows_and_columns.learning_rate(done, rows_and_columns.SETTINGS) for done in np.linspace(0, 1, 101)]
    assert rates[0] == 0 and max(rates) == rates[2] and 0.0029 < rates[2] < 0.003 and rates[-1] < 1e-9


@pytest.mark.parametrize("job", latch.jobs(1), ids=lambda job: f"{job['dataset']}-{job['model']}")
def test_each_model_of_the_latch_runs(job):
    row, predictions, _ = latch.run(job, latch.SETTINGS | latch.QUICK | {"batches": 10})
    assert predictions.shape == (100,) and len(row["train"]["loss"]) == 10 and row["parameters"] > 0


@pytest.mark.parametrize(("name", "experiment", "seeds", "judged_on"), [
    ("mnist_rows", mnist_rows, 8, "test"), ("rows_and_columns", rows_and_columns, 5, "test"),
    ("cells", cells, 5, "validation")])
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


def test_the_cells_experiment_never_sees_a_test_image(monkeypatch):
    monkeypatch.setattr(cells, "load_mnist", lambda: (load_mnist()[0], None))
    row, _, _ = cells.run(cells.jobs(1)[0], cells.SETTINGS | cells.QUICK)
    assert set(row) == {"parameters", "seconds", "train", "validation"}
