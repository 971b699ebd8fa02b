"""Probabilities that are true by construction, and what is said of them and of false ones."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn import metrics

from medlstm.evaluation import brier, calibration_error, calibration_slope, prior_shift, reliability, temperature


def true_logits(rng, images=4000, classes=5, spread=2.0):
    """Logits, and classes drawn from their softmax: calibrated by construction."""
    logits = rng.normal(scale=spread, size=(images, classes))
    y = (softmax(logits, axis=1).cumsum(axis=1) < rng.random((images, 1))).sum(axis=1)
    return logits, np.minimum(y, classes - 1)


@pytest.mark.parametrize("classes", [2, 5])
def test_brier_is_half_the_squared_distance(rng, classes):
    logits, y = true_logits(rng, 50, classes)
    p = softmax(logits, axis=1)
    by_hand = np.mean([sum((p[n, k] - (y[n] == k)) ** 2 for k in range(classes)) / 2 for n in range(50)])
    assert brier(y, p) == pytest.approx(by_hand)
    assert brier(y, p) == pytest.approx(metrics.brier_score_loss(y, p, labels=range(classes), scale_by_half=True))
    if classes == 2:
        assert brier(y, p) == pytest.approx(((p[:, 1] - y) ** 2).mean())
    assert brier(y, np.eye(classes)[y]) == 0 and brier(y, np.eye(classes)[(y + 1) % classes]) == 1


def test_bins_hold_equally_many_images_in_order_of_confidence(rng):
    logits, y = true_logits(rng, 103)
    p = softmax(logits, axis=1)
    table = reliability(y, p, bins=10)
    order = np.argsort(p.max(axis=1))
    parts = [order[np.arange(103) * 10 // 103 == b] for b in range(10)]
    assert table.count.tolist() == [len(part) for part in parts] and set(table.count) == {10, 11}
    assert table.confidence == pytest.approx([p[part].max(axis=1).mean() for part in parts])
    assert table.accuracy == pytest.approx([(p[part].argmax(axis=1) == y[part]).mean() for part in parts])
    gaps = np.abs(table.confidence - table.accuracy)
    assert calibration_error(y, p) == pytest.approx((gaps * table.count).sum() / 103)
    assert calibration_error(y, p, bins=1) == pytest.approx(abs(p.max(axis=1).mean() - (p.argmax(axis=1) == y).mean()))


def test_equal_confidences_share_a_bin_in_any_order(rng):
    y = np.array([0, 1] * 20)
    p = np.repeat([[0.9, 0.1], [0.7, 0.3]], 20, axis=0)
    table = reliability(y, p)
    assert table.count.tolist() == [20, 20] and table.confidence == pytest.approx([0.7, 0.9])
    mixed = rng.permutation(40)
    assert np.allclose(reliability(y[mixed], p[mixed]), table)


def test_of_one_class_the_direction_shows(rng):
    logits, y = true_logits(rng, 4000, 2)
    p = softmax(logits + np.array([0, 1.5]), axis=1)  # class 1 too often
    table = reliability(y, p, of=1)
    order = np.argsort(p[:, 1])
    assert table.confidence == pytest.approx([p[part, 1].mean() for part in np.array_split(order, 10)])
    assert table.accuracy == pytest.approx([(y[part] == 1).mean() for part in np.array_split(order, 10)])
    assert (table.confidence[2:8] > table.accuracy[2:8]).all()
    other = reliability(y, p, of=0)
    assert other.confidence[::-1] == pytest.approx(1 - table.confidence)
    for wrong in (2, -1):
        with pytest.raises(ValueError, match=f"of: expected a class from 0 to 1, got {wrong}"):
            reliability(y, p, of=wrong)


@pytest.mark.parametrize("t", [0.5, 1, 3])
def test_the_slope_finds_how_much_logits_were_sharpened_and_not_how_far_they_moved(rng, t):
    logits, y = true_logits(rng, 4000, 2)
    assert calibration_slope(t * logits + np.array([0, 2]), y) == pytest.approx(1 / t, rel=0.08)
    with pytest.raises(ValueError, match=r"logits: expected shape \(N, 2\)"):
        calibration_slope(logits[:, :1], y)
    with pytest.raises(ValueError, match=r"none of \[1\]"):
        calibration_slope(logits, 0 * y)


def test_true_probabilities_have_a_small_error_and_sharpened_ones_a_large(rng):
    logits, y = true_logits(rng)
    assert calibration_error(y, softmax(logits, axis=1)) < 0.02
    assert calibration_error(y, softmax(3 * logits, axis=1)) > 0.1
    assert brier(y, softmax(logits, axis=1)) < brier(y, softmax(3 * logits, axis=1))


@pytest.mark.parametrize("t", [0.5, 1, 3])
def test_temperature_finds_how_much_logits_were_sharpened(rng, t):
    logits, y = true_logits(rng)
    found = temperature(t * logits, y)
    assert found == pytest.approx(t, rel=0.06)
    loss = lambda at: metrics.log_loss(y, softmax(t * logits / at, axis=1))
    assert loss(found) <= min(loss(0.999 * found), loss(1.001 * found))
    assert temperature(np.log(softmax(t * logits, axis=1)), y) == pytest.approx(found, rel=1e-3)
    assert temperature((t * logits).astype(np.float32), y) == pytest.approx(found, rel=1e-3)


def test_temperature_where_none_is_best(rng):
    logits, _ = true_logits(rng, 50)
    assert 0.01 < temperature(logits, logits.argmax(axis=1)) < 0.1
    assert 90 < temperature(logits, logits.argmin(axis=1)) < 100


def test_prior_shift_is_bayes_rule(rng):
    # Two classes, features at -1 and 1 with unit noise: the posterior is known for any frequency.
    posterior = lambda x, sick: sick / (sick + (1 - sick) * np.exp(-2 * x))
    x = rng.normal(size=100)
    both = lambda p: np.stack([1 - p, p], axis=1)
    shifted = prior_shift(both(posterior(x, 0.5)), np.array([0.5, 0.5]), np.array([0.9, 0.1]))
    assert np.allclose(shifted, both(posterior(x, 0.1)))
    back = prior_shift(shifted, np.array([0.9, 0.1]), np.array([0.5, 0.5]))
    assert np.allclose(back, both(posterior(x, 0.5)))


def test_bad_probabilities_get_one_clear_sentence(rng):
    y, p = np.array([0, 1, 2]), np.full((3, 3), 1 / 3)
    for ask in (brier, reliability, calibration_error):
        with pytest.raises(ValueError, match="probabilities: expected probabilities that sum to 1"):
            ask(y, 2 * p)
        with pytest.raises(ValueError, match=r"y: expected shape \(3,\), got \(2,\)"):
            ask(y[:2], p)
        with pytest.raises(ValueError, match="y: expected classes from 0 to 2"):
            ask(y + 1, p)
    for bins in (0, 4):
        with pytest.raises(ValueError, match="bins: expected 1 to 3"):
            reliability(y, p, bins)
    with pytest.raises(ValueError, match=r"logits: expected shape \(N, K\), got \(3,\)"):
        temperature(p[0], y)
    with pytest.raises(ValueError, match="y: expected classes from 0 to 2"):
        temperature(p, y + 1)
    with pytest.raises(ValueError, match=r"old: expected shape \(3,\), got \(2,\)"):
        prior_shift(p, np.array([0.5, 0.5]), p[0])
    with pytest.raises(ValueError, match="new: expected frequencies above 0"):
        prior_shift(p, p[0], np.array([0.5, 0.5, 0]))
