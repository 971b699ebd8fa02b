"""The experiment on few images: who learns from which, and what is stored."""

import json

import numpy as np
import pytest
from chests import chests, on_two_test_sets

from medlstm.datasets import Splits
from medlstm.evaluation import auc
from medlstm.experiments import runner, small_data
from medlstm.files import DATA

TINY = small_data.SETTINGS | small_data.QUICK


def job(model):
    return {"dataset": "breastmnist", "model": model, "seed": 0}


@pytest.mark.parametrize("model", ["logistic", "lstm", "head_cnn"])
def test_the_test_images_decide_nothing(model, monkeypatch, rng):
    outcomes = list(on_two_test_sets(small_data, job(model), TINY, monkeypatch, rng, most=400, one_ill_in=4))
    one, other = (outcome.row for outcome in outcomes)
    assert all(one.get(part) == other.get(part) for part in ("train", "before", "parameters"))
    assert one["test"] != other["test"], "these were judged"


def test_cross_validation_sees_no_test_image_and_asks_about_each_other_image_once(monkeypatch, rng):
    splits = Splits(chests(rng, 80, 4), chests(rng, 20, 4), None)
    monkeypatch.setattr(small_data, "load_medmnist", lambda name: splits._replace(test=splits.val))
    asked = []

    def learned(kind, x, y, job, settings):
        def say(images):
            asked.append((len(x), len(images)))
            return np.linspace(0, 1, len(images))

        return say, 1, []

    monkeypatch.setattr(small_data, "learned", learned)
    row, said, _ = small_data.run(job("cv_lstm"), small_data.SETTINGS)
    assert asked == [(80, 20)] * 5 and said.shape == (100,)
    assert set(row["validation"]) == set("01234") and "test" not in row


def test_the_parts_are_apart_and_mixed_alike():
    y = np.arange(100) % 4 // 3
    parts = [left_out for _, left_out in small_data.parted(y, 5, 0)]
    assert sorted(np.concatenate(parts)) == list(range(100))
    assert {y[part].sum() for part in parts} == {5}
    assert not np.array_equal(parts[0], next(small_data.parted(y, 5, 1))[1])


@pytest.mark.parametrize(("size", "steps"), [(25, 4), (90, 4), (200, 12)])
def test_every_image_comes_about_as_often_as_the_others(size, steps, monkeypatch, rng):
    from medlstm.keras_models import medical

    seen = []
    monkeypatch.setattr(medical, "fit", lambda model, x, y, *how: seen.append((x, y, how)) or [])
    small_data.trained(None, "lstm", np.arange(size), np.arange(size) + 7, steps, small_data.SETTINGS)
    ((x, y, how),) = seen
    assert len(x) == steps * 32 and np.array_equal(y, x + 7) and how[:2] == (1, 32)
    assert np.ptp(np.bincount(x, minlength=size)) <= 1


def test_the_few_are_not_among_the_breasts_of_the_control():
    order = small_data.drawn(546, None, 3)
    few = small_data.drawn(546, max(small_data.SETTINGS["head_sizes"]), 3)
    assert not set(few) & set(order[-small_data.SETTINGS["others"] :])


def test_a_head_start_brings_the_weights_below_the_last_layer(rng):
    x, y = rng.random((40, 28, 28)).astype(np.float32), np.arange(40) % 2
    weights, before = small_data.experience("lstm", "breasts", (x, y), (x, y), job("head_lstm"), TINY)
    fresh = small_data.built("lstm", x, 2, "breastmnist", 0, TINY).get_weights()
    nothing, _ = small_data.experience("lstm", "random", (x, y), (x, y), job("head_lstm"), TINY)
    assert 0 <= before["accuracy"] <= 1 and len(weights) == len(fresh) - 2
    assert all(np.array_equal(a, b) for a, b in zip(nothing, fresh))
    assert not any(np.array_equal(a, b) for a, b in zip(weights, fresh))


def test_stored_rows_are_complete_and_their_settings_are_those_of_the_program():
    stored = json.loads((DATA / "results" / "small_data.json").read_text())
    assert stored["settings"] == small_data.SETTINGS and stored["data"] == small_data.data()
    assert [runner.prediction_key(row) for row in stored["runs"]] == [
        runner.prediction_key(job) for job in small_data.jobs(5)
    ]


def test_stored_areas_agree_with_stored_answers(medmnist):
    with np.load(DATA / "results" / "small_data.npz") as kept:
        for row in json.loads((DATA / "results" / "small_data.json").read_text())["runs"]:
            splits = medmnist(row["dataset"])
            key, figures, y = runner.prediction_key(row), row.get("test"), splits.test.labels
            if figures is None:
                y = np.concatenate([splits.train.labels, splits.val.labels])
                parts = small_data.parted(y, 5, row["seed"])
                answers = {str(k): (y[part], kept[key][part]) for k, (_, part) in enumerate(parts)}
                figures = row["validation"]
            else:
                answers = {name: (y, kept[f"{key}/{name}"]) for name in figures}
            for name, (true, said) in answers.items():
                p = said.astype(float)
                assert auc(true, np.stack([1 - p, p], axis=1)) == pytest.approx(figures[name]["auc"], abs=1e-5)
