"""Made columns: as informative as they claim, the same for the same seed, and their log odds as stated."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from medlstm.datasets import covariate, distance

LABELS = np.arange(40_000) % 2


@pytest.mark.parametrize("auc", [0.2, 0.5, 0.65, 0.9])
def test_a_column_is_as_informative_as_it_claims(auc):
    column = covariate(LABELS, auc, 0)
    assert column.dtype == np.float32
    assert roc_auc_score(LABELS, column) == pytest.approx(auc, abs=0.01)
    assert [column[LABELS == k].std() for k in (0, 1)] == pytest.approx([1, 1], abs=0.02)
    assert column.mean() == pytest.approx(0, abs=0.02)


def test_the_log_odds_rise_by_the_distance():
    fitted = LogisticRegression(C=1e6).fit(covariate(LABELS, 0.8, 0)[:, None], LABELS)
    assert fitted.coef_[0, 0] == pytest.approx(distance(0.8), rel=0.03)
    assert distance(0.5) == pytest.approx(0, abs=1e-12) and distance(0.2) == pytest.approx(-distance(0.8))


def test_the_same_seed_draws_the_same():
    assert np.array_equal(covariate(LABELS, 0.8, 3), covariate(LABELS, 0.8, np.random.default_rng(3)))
    assert not np.array_equal(covariate(LABELS, 0.8, 3), covariate(LABELS, 0.8, 4))


@pytest.mark.parametrize(
    ("labels", "auc", "message"),
    [
        (LABELS, 1.0, "auc"),
        (LABELS, 0, "auc"),
        (LABELS + 1, 0.8, "labels: expected 0 and 1, got 1 to 2"),
        ([0, 1], 0.8, "labels"),
    ],
)
def test_wrong_arguments_are_named(labels, auc, message):
    with pytest.raises((TypeError, ValueError), match=message):
        covariate(labels, auc, 0)
