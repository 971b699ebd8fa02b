"""Areas under the ROC curve against their definition, and the bootstrap against a slow one."""

import time
from itertools import product

import numpy as np
import pytest
from sklearn import metrics

from medlstm.evaluation import auc, auc_difference, auc_interval, auc_pairs


def simulate(rng, y, classes, seeds=1, shift=1.0, noise=0.0):
    """Probabilities (S, N, K): what all seeds see of an image, and what each adds of its own."""
    logits = np.repeat(rng.normal(size=(1, len(y), classes)), seeds, axis=0)
    logits += shift * np.eye(classes)[y] + noise * rng.normal(size=logits.shape)
    return np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)


def pairs_won(y, score):
    """The definition: over all pairs, 1 for a win, 1/2 for a tie."""
    sick, well = score[y == 1], score[y == 0]
    return np.mean([float(a > b) + (a == b) / 2 for a in sick for b in well])


def test_auc_counts_pairs_in_order(rng):
    y = rng.integers(0, 2, 60)
    score = np.round(rng.random(60), 1)  # many ties
    assert auc(y, np.stack([1 - score, score], axis=1)) == pytest.approx(pairs_won(y, score))
    assert auc(y, np.stack([score, 1 - score], axis=1)) == pytest.approx(1 - pairs_won(y, score))
    assert auc(1 - y, np.stack([score, 1 - score], axis=1)) == pytest.approx(pairs_won(y, score))


def test_auc_of_five_grades_is_the_mean_of_one_against_the_rest(rng):
    y = np.repeat(np.arange(5), [70, 20, 40, 30, 9])  # as uneven as RetinaMNIST
    p = simulate(rng, y, 5)[0]
    by_hand = np.mean([pairs_won((y == k).astype(int), p[:, k]) for k in range(5)])
    assert auc(y, p) == pytest.approx(by_hand)
    assert auc(y, p) == pytest.approx(metrics.roc_auc_score(y, p, multi_class="ovr"))


def slow_bootstrap(y, probabilities, images, seeds):
    """Every draw written out as a longer list of images and judged by scikit-learn."""
    areas = []
    for times, drawn in zip(images, seeds):
        chosen = np.repeat(np.arange(len(y)), times)
        areas.append(
            np.mean([auc(y[chosen], probabilities[s][chosen]) for s in np.repeat(np.arange(len(probabilities)), drawn)])
        )
    return np.array(areas)


@pytest.mark.parametrize("classes", [2, 3])
def test_interval_equals_a_slow_bootstrap_of_the_same_draws(rng, classes):
    y = np.arange(30) % classes
    p = simulate(rng, y, classes, seeds=3, noise=1).round(2)
    p[..., 0] = 1 - p[..., 1:].sum(axis=-1)
    other = simulate(rng, y, classes, seeds=2, noise=1)
    again = np.random.default_rng(3)
    images = again.multinomial(30, np.full(30, 1 / 30), 40)
    first = slow_bootstrap(y, p, images, again.multinomial(3, np.full(3, 1 / 3), 40))
    second = slow_bootstrap(y, other, images, again.multinomial(2, np.full(2, 1 / 2), 40))
    mean = np.mean([auc(y, each) for each in p])
    result = auc_interval(y, p, np.random.default_rng(3), confidence=0.8, draws=40)
    assert result == pytest.approx((mean, *np.percentile(first, (10, 90))))
    result = auc_difference(y, p, other, np.random.default_rng(3), confidence=0.8, draws=40)
    assert result[:3] == pytest.approx(
        (mean - np.mean([auc(y, each) for each in other]), *np.percentile(first - second, (10, 90)))
    )
    rarer = min((first <= second).mean(), (first >= second).mean()) * 40
    assert result.p_value == pytest.approx(min(1, 2 * (rarer + 1) / 41))


def test_draws_that_miss_a_class_are_drawn_again(rng):
    y = np.array([0, 1, 1])
    p = np.array([[[0.6, 0.4], [0.7, 0.3], [0.2, 0.8]]])
    assert auc_interval(y, p, rng) == (0.5, 0.0, 1.0)
    y, wins = np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1])  # against a score that says nothing
    drawn = np.array(list(product(range(4), repeat=4)))
    drawn = drawn[(drawn == 0).any(axis=1) & (drawn > 0).any(axis=1)]
    half_or_less = np.mean([wins[draw[draw > 0]].mean() <= 0.5 for draw in drawn])
    p = np.array([[[0.5, 0.5], [0.6, 0.4], [0.4, 0.6], [0.4, 0.6]]])
    found = auc_difference(y, p, np.full((1, 4, 2), 0.5), rng, draws=4000)
    assert found.p_value == pytest.approx(2 * half_or_less, abs=0.06)


def test_interval_covers_the_area_it_is_drawn_from():
    rng = np.random.default_rng(1)
    y = np.arange(100) % 2
    truth = auc(np.arange(20000) % 2, simulate(rng, np.arange(20000) % 2, 2)[0])
    inside = [
        low <= truth <= high
        for _, low, high in (auc_interval(y, simulate(rng, y, 2), rng, confidence=0.8, draws=200) for _ in range(150))
    ]
    assert 0.7 < np.mean(inside) < 0.9


def test_seeds_that_differ_widen_the_interval(rng):
    y = np.arange(400) % 2
    alike = simulate(rng, y, 2).repeat(5, axis=0)
    differ = np.concatenate([simulate(rng, y, 2, shift=s) for s in (0, 0.5, 1, 1.5, 2)])
    width = lambda p: np.subtract(*auc_interval(y, p, rng, draws=400)[:0:-1])
    assert width(differ) > 2 * width(alike)
    assert width(alike) == pytest.approx(width(alike[:1]), rel=0.2)


def test_p_values_of_equal_networks_are_uniform_and_of_unequal_small():
    rng = np.random.default_rng(2)
    y = np.arange(80) % 2
    p_values = []
    for _ in range(120):
        pair = simulate(rng, y, 2, seeds=2, noise=1)
        p_values.append(auc_difference(y, pair[:1], pair[1:], rng, draws=200).p_value)
    assert 0.4 < np.mean(p_values) < 0.6
    assert np.mean(np.array(p_values) < 0.1) < 0.2 and np.mean(np.array(p_values) > 0.8) > 0.1
    good, bad = simulate(rng, y, 2, seeds=3, shift=2), simulate(rng, y, 2, seeds=2, shift=0.2)
    result = auc_difference(y, good, bad, rng, draws=999)
    assert result.low > 0 and result.p_value == 0.002
    mirror = auc_difference(y, bad, good, rng, draws=999)
    assert mirror.value == -result.value and mirror.high < 0 and mirror.p_value == 0.002
    assert auc_difference(y, good[:1], good[:1], rng) == (0, 0, 0, 1)


def test_two_networks_are_judged_on_the_same_drawn_images(rng):
    y = np.arange(200) % 2
    pair = simulate(rng, y, 2, seeds=2, noise=0.2)
    result = auc_difference(y, pair[:1], pair[1:], rng, draws=400)
    alone = auc_interval(y, pair[:1], rng, draws=400)
    assert result.high - result.low < 0.6 * (alone.high - alone.low)


def test_partners_are_drawn_together(rng):
    y = np.arange(300) % 2
    easy_to_hard = np.linspace(3, 0.5, 6)  # what both networks of a pair learned from decides most
    better = np.concatenate([simulate(np.random.default_rng(k), y, 2, 1, s + 0.1) for k, s in enumerate(easy_to_hard)])
    worse = np.concatenate([simulate(np.random.default_rng(k), y, 2, 1, s) for k, s in enumerate(easy_to_hard)])
    apart, together = (auc_difference(y, better, worse, rng, paired=paired) for paired in (False, True))
    assert together.value == apart.value > 0 and together.low > 0 > apart.low
    with pytest.raises(ValueError, match="paired: expected as many networks of both ways, got 6 and 5"):
        auc_difference(y, better, worse[1:], rng, paired=True)


def test_pairs_are_the_differences_of_shared_draws(rng):
    y = np.arange(60) % 2
    a, b = (simulate(rng, y, 2, seeds=s, noise=1) for s in (3, 2))
    pairs = auc_pairs(y, {"a": a, "b": b, "again": a}, np.random.default_rng(3), draws=300)
    assert list(pairs) == [("a", "b"), ("a", "again"), ("b", "again")]
    alone = auc_difference(y, a, b, np.random.default_rng(3), draws=300)
    assert pairs["a", "b"] == pytest.approx(alone)
    assert pairs["a", "again"].value == 0 and pairs["a", "again"].low < 0 < pairs["a", "again"].high
    assert pairs["b", "again"].value == -pairs["a", "b"].value
    with pytest.raises(ValueError, match=r"b: expected shape \(S, 60, K\)|b: expected shape|sum to 1"):
        auc_pairs(y, {"a": a, "b": 2 * b}, rng)


def test_two_thousand_draws_take_less_than_two_seconds(rng):
    y = rng.integers(0, 2, 624)
    p = simulate(rng, y, 2, seeds=5, noise=1)
    start = time.process_time()
    auc_interval(y, p, rng)
    assert time.process_time() - start < 2


def test_what_cannot_be_ranked_gets_one_clear_sentence(rng):
    y, p = np.array([0, 1, 2]), np.full((1, 3, 3), 1 / 3)
    with pytest.raises(ValueError, match=r"y: expected examples of every class .* none of \[1\]"):
        auc(np.array([0, 2, 2]), p[0])
    with pytest.raises(ValueError, match="y: expected classes from 0 to 2, got values from 1 to 3; renumber"):
        auc(y + 1, p[0])
    with pytest.raises(ValueError, match=r"probabilities: expected shape \(S, N, K\), got \(3, 3\)"):
        auc_interval(y, p[0], rng)
    with pytest.raises(ValueError, match=r"y: expected shape \(3,\), got \(2,\)"):
        auc_interval(y[:2], p, rng)
    with pytest.raises(ValueError, match=r"other: expected shape \(S, 3, 3\), got \(1, 3, 2\)"):
        auc_difference(y, p, np.full((1, 3, 2), 1 / 2), rng)
    with pytest.raises(ValueError, match="sum to 1 over the classes, .* apply a softmax first"):
        auc(y, 3 * p[0])
    with pytest.raises(ValueError, match="sum to 1 over the classes"):
        auc(y, np.array([[-1.0, 1, 1]] * 3))
    with pytest.raises(ValueError, match="one column for each of two or more classes, got 1"):
        auc(np.zeros(3, int), np.ones((3, 1)))
    with pytest.raises(ValueError, match="draws: expected a whole number of at least 1, got 0"):
        auc_interval(y, p, rng, draws=0)
    with pytest.raises(ValueError, match=r"confidence: expected a number in \(0, 1\), got 95"):
        auc_interval(y, p, rng, confidence=95)
    with pytest.raises(TypeError, match="rng: expected a numpy.random.Generator or a seed of at least 0, got 'a'"):
        auc_difference(y, p, p, "a")
    assert auc_interval(y, p, 3) == auc_interval(y, p, np.random.default_rng(3))
    with pytest.raises(TypeError, match="probabilities: expected a NumPy array, got list"):
        auc(y, p[0].tolist())
