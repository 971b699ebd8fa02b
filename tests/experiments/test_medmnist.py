"""The experiment on medical images: what training sees, and that stored figures come from stored logits."""

import json

import numpy as np
import pytest

from medlstm import datasets
from medlstm.datasets import Split, Splits
from medlstm.experiments import medmnist as experiment
from medlstm.experiments import runner
from medlstm.files import DATA

STORED = json.loads((DATA / "results" / "medmnist.json").read_text())
QUICK = experiment.SETTINGS | experiment.QUICK


def some_images(rng, shape, classes, count):
    labels = np.arange(count) % classes
    return Split(rng.integers(0, 256, (count, *shape), np.uint8), labels)


class Sealed:
    """A split that may not be looked at before the seal is broken."""

    def __init__(self, split):
        self.split, self.sealed = split, True

    def __getattr__(self, name):
        assert not self.sealed, f"the test split's {name} were asked for before training had ended"
        return getattr(self.split, name)


@pytest.mark.parametrize(
    ("dataset", "model", "shape", "classes"),
    [("pneumoniamnist", "lstm_an_order_for_each", (28, 28), 2), ("retinamnist", "logistic_regression", (28, 28, 3), 5)],
)
def test_training_and_choosing_never_receive_the_test_split(dataset, model, shape, classes, monkeypatch, rng):
    train, val, test = (some_images(rng, shape, classes, count) for count in (40, 20, 30))
    sealed, choose, judged = Sealed(test), experiment.choices, []
    monkeypatch.setattr(experiment, "load_medmnist", lambda name: Splits(train, val, sealed))

    def train_then_unseal(job, settings, split):
        assert split is train
        result = learn(job, settings, split)
        sealed.sealed = False
        return result

    def choose_on_validation(logits, labels, positive):
        assert labels is val.labels and len(logits) == len(val.labels)
        judged.append(True)
        return choose(logits, labels, positive)

    learn = experiment.train
    monkeypatch.setattr(experiment, "train", train_then_unseal)
    monkeypatch.setattr(experiment, "choices", choose_on_validation)
    row, logits, network = experiment.run({"dataset": dataset, "model": model, "seed": 0}, QUICK)
    assert judged and not sealed.sealed and network is None
    assert logits["validation"].shape == (20, classes) and logits["test"].shape == (30, classes)
    assert ("threshold" in row) == (classes == 2) and ("kappa" in row["test"]) == (classes > 2)
    assert len(row["train"]["loss"]) == 1


def test_the_seal_holds(rng):
    sealed = Sealed(some_images(rng, (2, 2), 2, 4))
    with pytest.raises(AssertionError, match="images were asked for"):
        sealed.images


def test_jobs_are_those_that_were_announced():
    jobs = experiment.jobs(5)
    seeds = {}
    for job in jobs:
        seeds.setdefault((job["dataset"], job["model"]), []).append(job["seed"])
    for (_dataset, model), drawn in seeds.items():
        five = "lstm" in model or "rows_and" in model or model.startswith("cnn")
        assert drawn == list(range(5 if five else 3))
    assert {dataset for dataset, _ in seeds} == set(datasets.BOOK_SETS) and len(seeds) == 24
    assert all(job["recurrent"] == ("lstm" in job["model"] or job["model"] == "rows_and_columns") for job in jobs)


def test_everything_that_was_announced_is_stored():
    assert STORED["settings"] == experiment.SETTINGS and STORED["data"] == experiment.data()
    assert [runner.prediction_key(row) for row in STORED["runs"]] == [
        runner.prediction_key(job) for job in experiment.jobs(5)
    ]


@pytest.mark.parametrize("dataset", experiment.SETTINGS["sets"])
def test_stored_figures_come_from_stored_logits(dataset, medmnist):
    splits, positive = medmnist(dataset), datasets.medmnist_info(dataset).get("positive")
    with np.load(DATA / "results" / "medmnist.npz") as file:
        for row in (row for row in STORED["runs"] if row["dataset"] == dataset):
            logits = {name: file[f"{runner.prediction_key(row)}/{name}"] for name in ("validation", "test")}
            chosen = experiment.choices(logits["validation"], splits.val.labels, positive)
            assert chosen == pytest.approx({key: row[key] for key in chosen}, rel=1e-4)
            for name, split in (("validation", splits.val), ("test", splits.test)):
                figures = experiment.performance(logits[name], split.labels, positive, **chosen)
                assert figures == pytest.approx(row[name], abs=1e-6)
