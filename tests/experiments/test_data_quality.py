"""The experiment on data in doubt: what training sees, what decides, and what is stored."""

import json

import numpy as np
import pytest
from chests import chests, on_two_test_sets

from medlstm.datasets import Splits
from medlstm.evaluation import suspects
from medlstm.experiments import data_quality, runner
from medlstm.files import DATA

SETTINGS = data_quality.SETTINGS | data_quality.QUICK
STORED = DATA / "results" / "data_quality.json"


@pytest.mark.parametrize(
    "model",
    [
        "labels_lstm_clean_0",
        "labels_lstm_faint_20",
        "labels_logistic_missed_20",
        "finds_lstm_symmetric_20",
        "finds_logistic_missed_20",
        "images_lstm_plain",
        "images_lstm_dose",
    ],
)
def test_the_test_images_decide_nothing(model, monkeypatch, rng):
    job = {"dataset": "pneumoniamnist", "model": model, "seed": 0}
    outcomes = list(on_two_test_sets(data_quality, job, SETTINGS, monkeypatch, rng))
    one, other = (outcome.row for outcome in outcomes)
    assert {k: v for k, v in one.items() if k not in ("test", "seconds")} == {
        k: v for k, v in other.items() if k not in ("test", "seconds")
    }
    assert one.get("test") != other.get("test") or model == "finds_logistic_missed_20", "these were judged"
    for name in ("given", "out_of_fold", "in_sample"):
        if name in outcomes[0].predictions:
            assert np.array_equal(*(outcome.predictions[name] for outcome in outcomes))


def test_labels_are_wrong_in_training_and_validation_as_the_arm_says(rng):
    parts = {
        name: (split.images / np.float32(255), split.labels)
        for name, split in (("train", chests(rng, 200)), ("val", chests(rng, 100)))
    }
    for arm, (well, ill) in {
        "clean_0": (0, 0),
        "symmetric_20": (0.2, 0.2),
        "missed_40": (0, 0.4),
        "faint_10": (0, 0.1),
    }.items():
        for given, (_, y) in zip(data_quality.wrong_labels(arm, parts, 3, SETTINGS), parts.values()):
            wrong = given != y
            assert (wrong[y == 0].mean(), wrong[y == 1].mean()) == pytest.approx((well, ill))
    missed, faint = (data_quality.wrong_labels(f"{kind}_20", parts, 3, SETTINGS)[0] for kind in ("missed", "faint"))
    assert missed.sum() == faint.sum() and not np.array_equal(missed, faint)
    seen = data_quality.looks(parts, SETTINGS)["train"]
    y = parts["train"][1]
    chosen = np.sort(seen[y == 1])[:40]
    assert set(seen[(faint != y)]) <= set(chosen)


def test_nobody_judges_an_image_of_which_a_copy_was_in_training(rng):
    images = rng.random((60, 4, 4)).astype(np.float32)
    images[30:40] = images[:10]
    calls = []

    def fit(x, y):
        calls.append(len(x))
        known = {image.tobytes() for image in x}
        return lambda asked: np.array([image.tobytes() in known for image in asked])

    assert not data_quality.out_of_fold(fit, images, np.arange(60) % 2, 5, 0).any()
    assert len(calls) == 5


def test_as_many_of_each_label_are_drawn(rng):
    given = rng.integers(0, 2, 500)
    suspected = (given == 1) & (rng.random(500) < 0.3)
    drawn = data_quality.as_many(suspected, given, rng)
    assert drawn.sum() == suspected.sum() and (given[drawn] == 1).all() and (drawn != suspected).any()


def test_the_stopped_state_is_the_one_with_the_largest_area_on_validation(rng):
    train, val = chests(rng, 160), chests(rng, 80)
    known, asked = ((split.images / np.float32(255), split.labels) for split in (train, val))
    settings = SETTINGS | {"units": 8}
    areas = []
    for epochs in (6, 6):
        states, losses, figures = data_quality.lstm(known, asked, 1, settings, epochs)
        areas.append([data_quality.area(asked[1], states[name](asked[0])) for name in ("last", "stopped")])
        assert len(losses) == 6 and 1 <= figures["epoch"] <= 6
        assert (figures["epoch"] == 6) == np.array_equal(*(states[name](asked[0]) for name in ("last", "stopped")))
    assert areas[0] == areas[1] and areas[0][1] >= areas[0][0]


def test_where_training_harms_an_early_state_is_kept(rng):
    train, val = chests(rng, 160), chests(rng, 80)
    known, (x_val, y_val) = ((split.images / np.float32(255), split.labels) for split in (train, val))
    settings = SETTINGS | {"units": 8}
    epochs = [data_quality.lstm(known, (x_val, y), 1, settings, 8)[2]["epoch"] for y in (y_val, 1 - y_val)]
    assert epochs[1] < epochs[0]


@pytest.mark.parametrize("model", ["labels_logistic_missed_40", "finds_logistic_missed_20"])
def test_what_is_chosen_is_chosen_on_wrong_labels(model, monkeypatch, rng):
    splits = Splits(chests(rng, 160), chests(rng, 60), chests(rng, 40))
    monkeypatch.setattr(data_quality, "load_medmnist", lambda name: splits)
    seen, trained = [], data_quality.trained
    spy = lambda model, known, asked, *rest: seen.append(asked[1].mean()) or trained(model, known, asked, *rest)
    monkeypatch.setattr(data_quality, "trained", spy)
    data_quality.run({"dataset": "pneumoniamnist", "model": model, "seed": 0}, SETTINGS)
    assert seen and max(seen) < splits.val.labels.mean()


def test_the_sensitive_threshold_finds_as_many_as_it_promises(rng):
    y, said = np.arange(205) % 2, rng.random(205)
    cuts = data_quality.thresholds(y, said, SETTINGS)
    scores = np.sort(said[y == 1])
    assert (scores >= cuts["sensitive"]).mean() >= 0.95 > (scores > cuts["sensitive"]).mean() - 1e-9
    assert set(cuts) == set(data_quality.RULES)


def stored():
    return json.loads(STORED.read_text())


def test_stored_rows_are_complete_and_their_settings_are_those_of_the_program():
    result = stored()
    assert result["settings"] == data_quality.SETTINGS and result["data"] == data_quality.data()
    assert [runner.prediction_key(row) for row in result["runs"]] == [
        runner.prediction_key(job) for job in data_quality.jobs(int(result["command"].split()[-1]))
    ]
    arms = {row["model"].removeprefix("labels_") for row in result["runs"]}
    assert {name.partition("/")[0] for pair in data_quality.CONTRASTS for name in pair} <= arms


def test_stored_figures_agree_with_stored_answers(medmnist):
    y = medmnist("pneumoniamnist").test.labels
    with np.load(STORED.with_suffix(".npz")) as kept:
        for row in stored()["runs"]:
            for state, figures in row.get("test", {}).items():
                said = kept[f"{runner.prediction_key(row)}/{state}"]
                cuts = row.get("threshold", {})
                cuts = cuts.get(state, cuts if "youden" in cuts else {})
                again = data_quality.judged(y, said, cuts)
                assert again == pytest.approx({name: figures[name] for name in again}, abs=1e-4)


def test_stored_finds_agree_with_stored_answers(medmnist):
    y = medmnist("pneumoniamnist").train.labels
    with np.load(STORED.with_suffix(".npz")) as kept:
        for row in stored()["runs"]:
            if "found" in row:
                given, out = (kept[f"{runner.prediction_key(row)}/{name}"] for name in ("given", "out_of_fold"))
                found = suspects(given.astype(int), data_quality.two_columns(out)).mask
                wrong = given != y
                assert row["found"] == {"wrong": wrong.sum(), "suspected": found.sum(), "right": (wrong & found).sum()}
