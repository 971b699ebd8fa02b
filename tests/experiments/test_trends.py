"""The experiments on smaller networks, changed images and made tables: what training sees, and what is stored."""

import json

import numpy as np
import pytest
from chests import on_two_test_sets
from sklearn.metrics import roc_auc_score

from medlstm.datasets import CORRUPTIONS, load_mnist
from medlstm.evaluation import auc
from medlstm.experiments import efficiency, generalisation, multimodal, runner
from medlstm.files import DATA

EXPERIMENTS = {"efficiency": efficiency, "generalisation": generalisation, "multimodal": multimodal}


@pytest.mark.parametrize(
    ("experiment", "model"),
    [
        (efficiency, "pupil_taught"),
        (efficiency, "random_90"),
        (efficiency, "breasts_25"),
        (generalisation, "lstm_without_blur"),
        (generalisation, "adapt_coral"),
        (generalisation, "adapt_from_start_20"),
        (generalisation, "adapt_others"),
        (multimodal, "late_laboratory_dropped"),
    ],
)
def test_the_test_images_decide_nothing(experiment, model, monkeypatch, rng):
    job = {"dataset": "pneumoniamnist", "model": model, "seed": 0}
    outcomes = list(on_two_test_sets(experiment, job, experiment.SETTINGS | experiment.QUICK, monkeypatch, rng))
    one, other = (outcome.row for outcome in outcomes)
    for figure in ("train", "threshold", "validation", "parameters"):
        assert one.get(figure) == other.get(figure)
    assert one["test"] != other["test"], "these were judged"
    if outcomes[0].network is not None:
        for name, array in outcomes[0].network.parameters.items():
            assert np.array_equal(array, outcomes[1].network.parameters[name])


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_stored_rows_are_complete_and_their_settings_are_those_of_the_program(name):
    stored = json.loads((DATA / "results" / f"{name}.json").read_text())
    experiment = EXPERIMENTS[name]
    seeds = int(stored["command"].split()[-1])
    assert stored["settings"] == experiment.SETTINGS and stored["data"] == experiment.data()
    assert [runner.prediction_key(row) for row in stored["runs"]] == [
        runner.prediction_key(job) for job in experiment.jobs(seeds)
    ]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_stored_areas_agree_with_stored_answers(name, medmnist):
    y = {"pneumoniamnist": medmnist("pneumoniamnist").test.labels, "mnist": load_mnist()[1][1]}
    with np.load(DATA / "results" / f"{name}.npz") as kept:
        for row in json.loads((DATA / "results" / f"{name}.json").read_text())["runs"]:
            key, figures = runner.prediction_key(row), row["test"]
            if "accuracy" in figures and row["dataset"] == "mnist":
                assert figures["accuracy"] == (kept[key] == y["mnist"]).mean()
                continue
            conditions = {
                k.rpartition("/")[2]: kept[k] for k in kept.files if k.startswith(f"{key}/") and "validation" not in k
            } or {"": kept[key]}
            for condition, said in conditions.items():
                stored = figures["auc"] if condition in ("", "given") else figures[condition]
                stored = stored["auc"] if isinstance(stored, dict) else stored
                p = said.astype(float) if name != "multimodal" else 1 / (1 + np.exp(-said.astype(float)))
                # Rows were computed of single-precision probabilities, which do not tell the largest log odds apart.
                coarse = 1e-3 if name == "multimodal" else 1e-4
                assert auc(y[row["dataset"]], np.stack([1 - p, p], axis=1)) == pytest.approx(stored, abs=coarse)


def test_few_chests_are_among_the_many_and_apart_from_the_others():
    few, many, all_ = (efficiency.drawn(4708, count, 3) for count in (25, 800, None))
    assert np.array_equal(few, many[:25]) and not np.array_equal(few, efficiency.drawn(4708, 25, 4))
    assert not set(many) & set(all_[-efficiency.OTHERS :])


def test_half_of_the_images_stay_and_what_is_left_out_is_never_drawn(monkeypatch, rng):
    images = rng.random((4000, 4, 4)).astype(np.float32)
    drawn = []
    monkeypatch.setattr(
        generalisation,
        "corrupt",
        lambda images, name, severity, rng: drawn.append((name, severity)) or np.full_like(images, -1),
    )
    assert np.array_equal(generalisation.augmented(images, "plain", [1, 2, 3], rng), images) and not drawn
    names = {"only_noise": {"noise"}, "moved": {"rotation", "shift"}, "all": set(CORRUPTIONS)}
    names["others"] = {"blur", "motion", "rotation", "shift"}
    names |= {f"without_{name}": set(CORRUPTIONS) - {name} for name in CORRUPTIONS}
    for arm, expected in names.items():
        drawn.clear()
        changed = generalisation.augmented(images, arm, [1, 2, 3], rng)
        assert {name for name, _ in drawn} == expected and {severity for _, severity in drawn} == {1, 2, 3}
        assert (changed == -1).all((1, 2)).mean() == pytest.approx(0.5, abs=0.03)
        assert images.min() >= 0


def test_coral_gives_one_device_the_mean_and_covariance_of_the_other(rng):
    known, new = (rng.normal(size=(5000, 3)) @ rng.normal(size=(3, 3)) for _ in range(2))
    new = new / 50 + 7
    moved = generalisation.coral(known, new, 1e-9)(known)
    np.testing.assert_allclose(moved.mean(0), new.mean(0), atol=1e-9)
    np.testing.assert_allclose(np.cov(moved.T), np.cov(new.T), rtol=1e-3)
    np.testing.assert_allclose(generalisation.coral(known, known)(known), known, atol=1e-8)


def test_coral_does_not_depend_on_the_scale_of_a_feature(rng):
    known, new = rng.normal(size=(400, 3)) @ rng.normal(size=(3, 3)), rng.normal(size=(300, 3))
    scale = np.array([0.01, 1, 100])
    np.testing.assert_allclose(
        generalisation.coral(known * scale, new * scale)(known * scale),
        generalisation.coral(known, new)(known) * scale,
        rtol=1e-6,
    )


def test_age_goes_with_the_label_before_the_test_alone():
    labels = np.arange(20_000) % 2
    areas = {
        split: roc_auc_score(labels, multimodal.table("age", split, labels, 0)[:, 0]) for split in multimodal.SPLITS
    }
    assert areas == pytest.approx({"train": 0.9, "validation": 0.9, "test": 0.5}, abs=0.02)
    assert multimodal.table("genes", "test", labels[:50], 0).shape == (50, 200)
    assert not np.array_equal(*(multimodal.table("nothing", "test", labels, seed) for seed in (0, 1)))


def test_hidden_values_are_the_mean_and_are_named(rng):
    columns = rng.normal(3, 1, (1000, 2)).astype(np.float32)
    for share in (0.0, 0.5, 1.0):
        shown = multimodal.hidden(columns, share, rng)
        away = shown[:, 2] == 1
        assert away.mean() == pytest.approx(share, abs=0.05)
        assert not shown[away, :2].any() and np.array_equal(shown[~away, :2], columns[~away])


def test_what_each_condition_shows_of_a_table(rng):
    tables = {split: rng.normal(size=(300, 1)).astype(np.float32) for split in multimodal.SPLITS}
    asked = multimodal.asked(tables, rng)
    assert {condition: split for condition, (split, _) in asked.items() if condition == "validation"} == {
        "validation": "validation"
    }
    swapped = asked["swapped"][1][:, 0]
    assert sorted(swapped) == sorted(tables["test"][:, 0]) and (swapped != tables["test"][:, 0]).mean() > 0.9
    assert not asked["missing"][1][:, 0].any() and np.array_equal(asked["given"][1][:, 0], tables["test"][:, 0])
