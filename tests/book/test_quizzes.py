"""Each question of the quizzes has one right answer, and where it can be computed, it is."""

import json
import re

import numpy as np
import pytest
import yaml
from scipy.special import softmax
from scipy.stats import norm, spearmanr

from medlstm.cells import CELLS, clamp, run, sigmoid
from medlstm.datasets import fit_discs, load_mnist, ventricle
from medlstm.evaluation import predictive_values, proportion
from medlstm.explanation import integrated_gradients, with_shuffled_weights
from medlstm.files import DATA, ROOT
from medlstm.lstm import LSTM
from medlstm.network import SequenceClassifier
from medlstm.state_space import loop

PAGE = (ROOT / "chapters" / "quizzes.md").read_text()
QUESTIONS = {
    int(number): (question, re.findall(r":::\{dropdown\} (.*)\n((?:.*\n)*?):::", body))
    for number, question, body in re.findall(r"### (\d+)\. (.*)\n((?:(?!#).*\n)*)", PAGE)
}


def test_each_part_ends_with_its_questions():
    parts = [part for part in yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"] if part.get("numbered")]
    labelled = dict(re.findall(r"^\((quiz-\w+)\)=\n## (.*)", PAGE, re.M))
    assert list(labelled.values()) == [part["caption"] for part in parts]
    for label, part in zip(labelled, parts):
        chapters = [ROOT / f"{chapter['file']}.ipynb" for chapter in part["chapters"]]
        last = [path for path in chapters if path.is_file()][-1]
        assert f"{{ref}}`questions about this part <{label}>`" in last.read_text()


@pytest.mark.parametrize("number", QUESTIONS)
def test_one_answer_is_right_and_each_wrong_one_says_why(number):
    _, answers = QUESTIONS[number]
    assert len(answers) == 3
    assert sum(text.startswith(("Right.", "Right,")) for _, text in answers) == 1
    assert all(re.match(r"(Right[.,]|No\.) .{20,}", text) for _, text in answers)
    assert re.search(r"\{(ref|doc|eq)\}", "".join(text for _, text in answers))


def right(number):
    """The right answer to a question, and the numbers in it."""
    choice = next(choice for choice, text in QUESTIONS[number][1] if text.startswith("Right"))
    return choice, [float(word) for word in re.findall(r"\d+(?:\.\d+)?", choice)]


def test_held_gates(rng):
    params = CELLS["standard"].initial_parameters(3, 4, rng)
    start = np.zeros((1, 4)), rng.normal(size=(1, 4))
    held = clamp(CELLS["standard"], params, forget=1.0, input=0.0)
    _, (_, c) = run(CELLS["standard"], rng.normal(size=(1, 20, 3)), held, start)
    assert right(1)[0] == "It is what it was" and np.array_equal(c, start[1])


def test_the_largest_hidden_state(rng):
    params = CELLS["standard"].initial_parameters(3, 4, rng)
    held = clamp(CELLS["standard"], params, forget=1.0, input=1.0, candidate=1.0, output=1.0)
    trace, _ = run(CELLS["standard"], rng.normal(size=(1, 100, 3)), held)
    assert right(2)[1] == [1] and 0.999 < trace["hidden"].max() <= 1 and trace["cell"].max() == 100


def test_the_number_of_weights(rng):
    size = lambda name: sum(a.size for a in CELLS[name].initial_parameters(28, 64, rng).values())
    assert right(3)[0] == "Four times" and size("standard") == 4 * size("simple_rnn")


def test_a_positive_result():
    positive, _ = predictive_values(0.90, 0.90, 0.01)
    assert right(4)[1] == [8, 100] and round(100 * positive) == 8


def test_the_shape_that_a_layer_reads(rng):
    choices = [tuple(map(int, re.findall(r"\d+", choice))) for choice, _ in QUESTIONS[5][1]]
    layer, reads = LSTM(28, 4), []
    for shape in choices:
        try:
            layer.forward(rng.random(shape, np.float32))
        except ValueError:
            continue
        reads.append(shape)
    assert reads == [tuple(map(int, right(5)[1]))] and len(choices) == 3


def test_what_can_be_read_from_frames_without_their_order(rng):
    clip = ventricle(20, rng)
    areas = fit_discs(clip.images)
    ejected = lambda v: 1 - v.min(axis=1) / v.max(axis=1)
    order = rng.permutation(areas.shape[1])
    assert right(13)[0] == "The ejection fraction" and np.array_equal(ejected(areas), ejected(areas[:, order]))
    assert not np.array_equal(np.diff(areas) < 0, np.diff(areas[:, order]) < 0)


def test_the_interval_of_an_accuracy():
    _, low, high = proportion(980, 1000)
    assert right(6)[1] == [round(100 * low, 1), round(100 * high, 1)]


def test_the_most_that_can_be_won():
    assert right(8)[1] == [round(1 / 0.6, 2)]


def test_a_map_of_a_network_that_knows_nothing_shows_the_digit(rng):
    trained = SequenceClassifier.load(DATA / "weights" / "mnist_rows_keras_article.npz")
    _, (images, _) = load_mnist()
    images = (images[:20] / 255).astype(np.float32)
    network = with_shuffled_weights(trained, ["lstm_0", "lstm_1", "head"], rng)
    maps = integrated_gradients(network, images, network.predict(images).argmax(axis=1), steps=16)
    assert spearmanr(np.abs(maps).ravel(), images.ravel()).statistic > 0.95
    assert "multiplied with the image" in right(9)[0]


def test_a_bias_that_keeps_half():
    kept = {bias: sigmoid(float(bias)) ** 100 for bias in (1, 3, 5)}
    assert right(10)[1] == [5] and min(kept, key=lambda bias: abs(kept[bias] - 0.5)) == 5
    assert round(kept[5], 2) == 0.51 and kept[3] < 0.01 and np.float32(1) + np.float32(kept[1]) == 1


def test_twenty_of_twenty():
    assert right(11)[1] == [round(proportion(20, 20).low, 2), 1.0]
    assert proportion(400, 400).low > 0.99 - 0.001


def test_the_predictive_value_alone_changes():
    assert right(12)[0] == "What a positive result means"
    assert predictive_values(0.9, 0.8, 0.5)[0] > predictive_values(0.9, 0.8, 0.1)[0]


def test_an_image_and_a_value():
    distance = lambda area: np.sqrt(2) * norm.ppf(area)
    together = norm.cdf(np.hypot(distance(0.96), distance(0.80)) / np.sqrt(2))
    assert right(15)[1] == [round(together, 3)]


def test_it_is_the_threshold_that_broke():
    runs = json.loads((DATA / "results" / "generalisation.json").read_text())["runs"]
    tests = [run["test"] for run in runs if run["model"] == "lstm_plain"]
    mean = lambda where, what: np.mean([test[where][what] for test in tests])
    falls = [round(mean(where, what), 2) for what in ("auc", "specificity") for where in ("clean", "blur_5")]
    assert falls == [float(number) for number in re.findall(r"0\.\d+", QUESTIONS[16][0])]
    assert right(16)[0].startswith("Choose the threshold anew")


def test_the_worse_network_comes_out_ahead(rng):
    ill = np.arange(156) < 42
    scores = rng.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], (2000, 156))
    scores += ill[None, :, None] * np.sqrt(2) * norm.ppf([0.88, 0.90])
    won = scores[:, ill][:, :, None] > scores[:, ~ill][:, None]
    worse, better = won.mean(axis=(1, 2)).T
    assert right(17)[0] == "About one time in six" and 1 / 7 < (worse > better).mean() < 1 / 5


def test_the_area_behind_wrong_labels(rng):
    true = 0.5 + (0.77 - 0.5) / (1 - 0.2 - 0.2)
    assert right(18)[1] == [round(true, 2)] and round(0.5 + 0.27 * 0.6, 2) == 0.66
    # of 1,000 people 500 are labelled ill, 100 of them wrongly; and the other way round
    scores = rng.normal(size=1000) + np.repeat([1, 0, 1, 0], [400, 100, 100, 400]) * np.sqrt(2) * norm.ppf(true)
    measured = np.mean(scores[:500, None] > scores[None, 500:])
    assert abs(measured - 0.77) < 0.04


def test_what_equals_the_start_gets_nothing(rng):
    network = SequenceClassifier(4, (3,), 2, seed=0)
    image = rng.random((1, 4, 4)).astype(np.float32)
    image[0, 0, 0] = 0
    assert integrated_gradients(network, image, np.array([1]))[0, 0, 0] == 0
    assert right(19)[0].startswith("Nothing about the marker")


@pytest.mark.parametrize("frames", [10, 1000])
def test_what_is_kept_of_a_film_has_one_size(frames, rng):
    """With it alone a recurrent network reads the next frame as if it had seen all; attention needs every key."""
    film, cell = rng.normal(size=(1, frames + 1, 3)), CELLS["standard"]
    params = cell.initial_parameters(3, 4, rng)
    _, kept = run(cell, film[:, :-1], params)
    assert sum(part.size for part in kept) == 8
    going_on, anew = run(cell, film[:, -1:], params, kept)[1][1], run(cell, film, params)[1][1]
    np.testing.assert_allclose(going_on, anew, rtol=1e-10)

    decays = np.full(3, 0.9), np.full(3, 0.1)
    states = loop((film, film), decays)
    before, after = (states[0][0, t] + 1j * states[1][0, t] for t in (-2, -1))
    np.testing.assert_allclose(after, (0.9 + 0.1j) * before + (1 + 1j) * film[0, -1], rtol=1e-12)

    query = rng.normal(size=3)
    answer = lambda kept: softmax(kept @ query) @ kept  # each frame its own key and value
    assert not np.allclose(answer(film[0]), answer(film[0, 1:]))  # the first frame still counts
    assert right(20)[0].startswith("For attention over all frames")


def test_what_the_stored_runs_say_of_the_latch():
    runs = json.loads((DATA / "results" / "beyond.json").read_text())["runs"]
    accuracy = {run["model"]: run["test"]["accuracy"] for run in runs if run["dataset"] == "latch_28"}
    assert min(accuracy["lstm_slow"]) > 0.99 and min(accuracy["state_space"]) > 0.99 and max(accuracy["lstm"]) < 0.5
    assert len(accuracy["state_space"]) == 3 and right(21)[0].startswith("That these two")
