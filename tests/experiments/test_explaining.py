"""The experiment on explanations: shortcuts stand where they should, and what is stored agrees."""

import json

import numpy as np
import pytest
from chests import on_two_test_sets

from medlstm.experiments import explaining, runner
from medlstm.files import DATA

STORED = DATA / "results" / "explaining.json"


@pytest.mark.parametrize("model", ["lstm_plain", "lstm_white", "lstm_grid", "lstm_keras", "lstm_border"])
def test_the_test_images_decide_nothing(model, monkeypatch, rng):
    job = {"dataset": "pneumoniamnist", "model": model, "seed": 0}
    outcomes = list(on_two_test_sets(explaining, job, explaining.SETTINGS | explaining.QUICK, monkeypatch, rng))
    one, other = (outcome.row for outcome in outcomes)
    assert [one[k] for k in ("train", "validation", "parameters")] == [
        other[k] for k in ("train", "validation", "parameters")
    ]
    assert one["test"] != other["test"], "these were judged"


def test_a_shortcut_stands_in_its_pixels_alone_and_in_its_share_of_one_class(rng):
    images = rng.uniform(0.1, 0.9, (2000, 28, 28)).astype(np.float32)
    labels = np.arange(2000) % 2
    for name, pixels in (("white", 9), ("dark", 9), ("grid", 784), ("bright", 784)):
        before = images.copy()
        marked = explaining.plant(images, name)
        assert np.array_equal(images, before) and marked.dtype == np.float32
        changed = marked != images
        assert (changed.sum(axis=(1, 2)) == pixels).all()
        assert pixels == 784 or (not changed[:, 3:].any() and not changed[:, :, 3:].any())
        some = explaining.planted(images, labels, 1, name, 0.8, rng)
        touched = (some != images).any(axis=(1, 2))
        assert not touched[labels == 0].any() and touched[labels == 1].mean() == pytest.approx(0.8, abs=0.05)
    grid = explaining.plant(images, "grid") - images
    np.testing.assert_allclose(grid[:, :, 1::2], 0.02, atol=1e-6)
    np.testing.assert_allclose(grid[:, :, ::2], -0.02, atol=1e-6)


def test_the_three_masks():
    border, inside, centre = (explaining.MASKS[name] for name in ("border", "inside", "centre"))
    assert border.sum() == centre.sum() == 208 and not (border & centre).any()
    assert np.array_equal(inside, ~border) and border[1].all() and not border[2, 2:-2].any()


def test_summaries_of_maps(rng):
    maps = rng.normal(size=(5, 28, 28))
    assert explaining.correlation(maps, 2 * maps + 1) == pytest.approx(1)
    assert explaining.correlation(maps, -maps) == pytest.approx(-1)
    even = np.ones((2, 28, 28))
    assert explaining.share_of(even, explaining.MASKS["border"]) == pytest.approx(208 / 784)
    squares = np.array([[[3.0, 1], [2, -3]], [[1, 2], [3, 0]]])
    assert explaining.place_of_first(squares).tolist() == [0, 2]
    assert explaining.largest_share(squares).tolist() == [1 / 3, 1 / 2]
    lines = explaining.plant(np.full((1, 28, 28), 0.5), "grid") - 0.5
    assert explaining.lined(lines) == pytest.approx(1)
    assert explaining.lined(rng.normal(size=(400, 28, 28))).mean() == pytest.approx(9 / 784, rel=0.2)


def test_a_reader_explains_the_log_odds_by_what_the_other_class_is_like(rng):
    from medlstm.network import SequenceClassifier

    images, labels = rng.random((30, 28, 28)).astype(np.float32), np.arange(30) % 2
    reader = explaining.Reader(SequenceClassifier(28, (5,), 2, seed=1), images, labels, steps=64)
    p = reader.network.predict(reader.standardised(images))
    np.testing.assert_allclose(reader.log_odds(images), np.log(p[:, 1] / p[:, 0]), atol=1e-4)
    means = np.stack([images[labels == k].mean(axis=0) for k in (0, 1)])
    other = means[1 - p.argmax(axis=1)]
    assert len(set(p.argmax(axis=1))) == 2
    np.testing.assert_allclose(reader.other(images), other, atol=1e-6)
    rise = reader.log_odds(images) - reader.log_odds(other)
    np.testing.assert_allclose(reader.gradients(images).sum(axis=(1, 2)), rise, atol=1e-3)
    covered = images.copy()
    covered[:, 4:8, :4] = other[:, 4:8, :4]
    fall = reader.log_odds(images) - reader.log_odds(covered)
    np.testing.assert_allclose(reader.occlusion(images)[:, 1, 0], fall, atol=1e-4)


def test_stored_rows_are_complete_and_their_settings_are_those_of_the_program():
    stored = json.loads(STORED.read_text())
    seeds = int(stored["command"].split()[-1])
    assert stored["settings"] == explaining.SETTINGS and stored["data"] == explaining.data()
    assert [runner.prediction_key(row) for row in stored["runs"]] == [
        runner.prediction_key(job) for job in explaining.jobs(seeds)
    ]


def test_stored_areas_agree_with_stored_answers(medmnist):
    y = medmnist("pneumoniamnist").test.labels
    with np.load(STORED.with_suffix(".npz")) as kept:
        for row in json.loads(STORED.read_text())["runs"]:
            said = kept[f"{runner.prediction_key(row)}/clean"]
            figure = row["test"].get("auc", row["test"].get("clean"))
            assert explaining.area(y, said) == pytest.approx(figure, abs=1e-4)
