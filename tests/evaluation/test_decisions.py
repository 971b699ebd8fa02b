"""The threshold against a search over all, and what its answers mean against counting people."""

import numpy as np
import pytest
from sklearn import metrics

from medlstm.evaluation import accuracy, net_benefit, operating_point, predictive_values, sensitivity_specificity


def youden(y, score, threshold):
    return ((score >= threshold)[y == 1].mean() + (score < threshold)[y == 0].mean()) - 1


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("digits", [1, 8])
def test_no_threshold_is_better(rng, dtype, digits):
    for _ in range(20):
        y = np.append(rng.integers(0, 2, 40), [0, 1])
        score = (0.3 * y + 0.7 * rng.random(42)).round(digits).astype(dtype)
        threshold = operating_point(y, score)
        gains = [youden(y, score, t) for t in np.unique(score)]
        assert youden(y, score, threshold) == pytest.approx(max(gains))
        highest = np.unique(score)[np.isclose(gains, max(gains))].max()  # the first of equals
        assert (score >= threshold).sum() == (score >= highest).sum()


def test_threshold_lies_halfway_between_neighbours():
    y, score = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.6, 0.9])
    assert operating_point(y, score) == pytest.approx(0.4)
    assert operating_point(y, 1 - score, positive=0) != pytest.approx(0.4)
    assert operating_point(1 - y, score, positive=0) == pytest.approx(0.4)


def test_threshold_is_finite_and_holds_where_there_is_no_room():
    y = np.array([0, 1])
    for dtype in (np.float32, np.float64):
        low = dtype(0.5)
        score = np.array([low, np.nextafter(low, dtype(1))])
        assert (score >= operating_point(y, score)).tolist() == [False, True]
    assert operating_point(y, np.array([0.9, 0.1])) == 0.1  # worse than chance: all positive
    assert operating_point(y, np.array([0.5, 0.5])) == 0.5
    assert operating_point(y, np.array([0.0, 1.0])) == 0.5


def test_shares_of_the_sick_and_the_healthy(rng):
    y, score = rng.integers(0, 2, 90), rng.random(90)
    rates = sensitivity_specificity(y, score, 0.3)
    called = (score >= 0.3).astype(int)
    assert rates.sensitivity == accuracy(y[y == 1], called[y == 1])
    assert rates.specificity == accuracy(y[y == 0], called[y == 0])
    assert rates.balanced_accuracy == pytest.approx(metrics.balanced_accuracy_score(y, called))
    narrow = sensitivity_specificity(y, score, 0.3, confidence=0.5)
    assert narrow.sensitivity.low > rates.sensitivity.low and narrow.specificity.low > rates.specificity.low


def test_a_score_at_the_threshold_is_positive():
    rates = sensitivity_specificity(np.array([0, 1]), np.array([0.2, 0.7]), 0.7)
    assert rates.sensitivity.value == rates.specificity.value == 1


def test_positive_zero_mirrors_positive_one(rng):
    y, score = rng.integers(0, 2, 50), rng.random(50)
    assert operating_point(y, score) == operating_point(1 - y, score, positive=0)
    assert sensitivity_specificity(y, score, 0.4) == sensitivity_specificity(1 - y, score, 0.4, positive=0)
    swapped = sensitivity_specificity(y, 1 - score, 0.6, positive=0)  # the same decisions, named anew
    rates = sensitivity_specificity(y, score, 0.4)
    assert (swapped.sensitivity, swapped.specificity) == (rates.specificity, rates.sensitivity)


def test_predictive_values_count_people():
    # Of 1000 people 100 are sick; 80 of them, and 90 of the 900 healthy, are called sick.
    values = predictive_values(0.8, 0.9, 0.1)
    assert values.positive == pytest.approx(80 / 170) and values.negative == pytest.approx(810 / 830)
    falling = predictive_values(0.8, 0.9, np.array([0.5, 0.1, 0.01, 0.0]))
    assert (np.diff(falling.positive) < 0).all() and (np.diff(falling.negative) > 0).all()
    assert falling.positive[-1] == 0 and falling.negative[-1] == 1
    never = predictive_values(0, 1, 0.2)
    assert np.isnan(never.positive) and never.negative == pytest.approx(0.8)


def test_bad_questions_get_one_clear_sentence():
    y, score = np.array([0, 1]), np.array([0.1, 0.8])
    with pytest.raises(ValueError, match="positive: expected 0 or 1, got 2"):
        operating_point(y, score, positive=2)
    with pytest.raises(ValueError, match=r"score: expected shape \(N,\), got \(2, 1\)"):
        operating_point(y, score[:, None])
    with pytest.raises(ValueError, match=r"y: expected shape \(2,\), got \(1,\)"):
        sensitivity_specificity(y[:1], score, 0.5)
    with pytest.raises(ValueError, match=r"y: expected examples of every class .* got none of \[0\]"):
        sensitivity_specificity(np.ones(2, int), score, 0.5)
    with pytest.raises(ValueError, match="y: expected classes from 0 to 1"):
        operating_point(y + 1, score)
    rates = sensitivity_specificity(y, score, 0.5)
    with pytest.raises(ValueError, match="sensitivity: expected a number from 0 to 1, got Interval"):
        predictive_values(rates.sensitivity, 0.9, 0.1)
    with pytest.raises(ValueError, match="prevalence: expected a number from 0 to 1, got 10"):
        predictive_values(0.8, 0.9, 10)


def test_net_benefit_counts_people(rng):
    y = (rng.random(1000) < 0.3).astype(int)
    score = np.clip(0.4 * y + 0.6 * rng.random(1000), 0, 1)
    called = score >= 0.25
    by_hand = ((called & (y == 1)).sum() - (called & (y == 0)).sum() / 3) / 1000
    assert net_benefit(y, score, 0.25, y.mean()) == pytest.approx(by_hand)
    assert net_benefit(1 - y, score, 0.25, y.mean(), positive=0) == pytest.approx(by_hand)
    assert net_benefit(y, np.ones(1000), 0.2, 0.16) == pytest.approx(0.16 - 0.84 / 4)  # calling all
    assert net_benefit(y, np.zeros(1000), 0.2, 0.16) == 0  # and none
    assert net_benefit(y, y.astype(float), 0.5, 0.16) == pytest.approx(0.16)
    with pytest.raises(ValueError, match=r"threshold: expected a number in \[0, 1\), got 1"):
        net_benefit(y, score, 1, 0.16)
    with pytest.raises(ValueError, match=r"prevalence: expected a number in \[0, 1\], got 16"):
        net_benefit(y, score, 0.2, 16)
