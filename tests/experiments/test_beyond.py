"""The contest of networks that read sequences: what is trained on what, and what is stored."""

import json

import numpy as np
import pytest

from medlstm.datasets import load_mnist
from medlstm.evaluation import auc
from medlstm.experiments import beyond, runner
from medlstm.files import DATA

QUICK = beyond.SETTINGS | beyond.QUICK


@pytest.mark.parametrize(("dataset", "model"), [("rows", "conv2d"), ("slices", "gru"), ("latch_28", "mlstm")])
def test_each_part_runs(dataset, model):
    row, answers, _ = beyond.run({"dataset": dataset, "model": model, "seed": 0}, QUICK)
    task = dataset.partition("_")[0]
    assert answers.shape == (QUICK["seeds"][task], 32)
    assert row["learning_rate"] == float(max(row["validation"], key=row["validation"].get))


def test_costs_are_measured_in_turns(monkeypatch):
    monkeypatch.setattr(beyond, "WIDTHS", {"rows": {"lstm": 4, "conv1d": 4}})
    row, kept, _ = beyond.run({"dataset": "costs", "model": "all", "seed": 0}, QUICK)
    assert set(kept) == {f"{name}-28-{what}" for name in ("lstm", "conv1d") for what in ("train_ms", "predict_ms")}
    for name, figures in row["validation"].items():
        assert figures["train_ms"] == pytest.approx(np.median(kept[f"{name}-train_ms"]), abs=1e-3)
        assert figures["multiply_adds"] > 28 * 100


def test_the_test_images_decide_nothing(monkeypatch):
    train, (x, y) = load_mnist()
    outcomes = []
    for test in ((x, y), (x[::-1], y[::-1])):
        monkeypatch.setattr(beyond, "load_mnist", lambda test=test: (train, test))
        outcomes.append(beyond.run({"dataset": "rows", "model": "conv1d", "seed": 0}, QUICK))
    one, other = (outcome.row for outcome in outcomes)
    for figure in ("train", "validation", "learning_rate"):
        assert one[figure] == other[figure]
    assert not np.array_equal(outcomes[0].predictions, outcomes[1].predictions)


def test_all_networks_read_the_same_examples_in_the_same_order(monkeypatch):
    seen = {}
    for model in ("lstm", "conv2d"):
        network = beyond.ready("latch_28", model)
        monkeypatch.setattr(
            network, "train_on_batch", lambda x, y, model=model: seen.setdefault(model, []).append(x) or 0
        )
        beyond.train(network, "latch_28", model, 3, 0.01, QUICK)
    assert len(seen["lstm"]) == 2
    np.testing.assert_array_equal(np.concatenate(seen["lstm"]), np.concatenate(seen["conv2d"]))


def test_a_network_trained_twice_forgets_the_first_time():
    network = beyond.ready("latch_28", "gru_slow")
    first, again = (beyond.train(network, "latch_28", "gru_slow", 1, 0.01, QUICK) for _ in range(2))
    np.testing.assert_allclose(first, again, rtol=1e-5)
    assert not np.allclose(first, beyond.train(network, "latch_28", "gru_slow", 2, 0.01, QUICK), rtol=1e-5)


def test_training_validation_and_test_are_different_draws():
    for dataset in ("rows", "slices", "latch_28"):
        parts = [beyond.examples(dataset, part, QUICK)[0][:32] for part in beyond.STREAMS]
        assert not any(np.array_equal(a, b) for a, b in zip(parts, parts[1:] + parts[:1]))


def test_stored_rows_are_complete_and_agree_with_their_predictions():
    stored = json.loads((DATA / "results" / "beyond.json").read_text())
    jobs = beyond.jobs(int(stored["command"].split()[-1]))
    assert stored["settings"] == beyond.SETTINGS and stored["data"] == beyond.data()
    assert [runner.prediction_key(row) for row in stored["runs"]] == [runner.prediction_key(job) for job in jobs]
    truths = {}
    with np.load(DATA / "results" / "beyond.npz") as kept:
        for row in stored["runs"]:
            dataset, key = row["dataset"], runner.prediction_key(row)
            if dataset in ("costs", "memory"):
                continue
            if dataset not in truths:
                truths[dataset] = beyond.examples(dataset, "test", beyond.SETTINGS)[1]
            for said, figure in zip(kept[key], *row["test"].values(), strict=True):
                if said.dtype == np.uint8:
                    assert figure == (said == truths[dataset]).mean()
                else:
                    assert figure == pytest.approx(auc(truths[dataset], np.stack([1 - said, said], axis=1)))
