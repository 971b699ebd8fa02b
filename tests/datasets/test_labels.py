"""Wrong labels on purpose: as many as wanted, of the class that is named, and where they are wanted."""

import numpy as np
import pytest

from medlstm.datasets import mislabelled

LABELS = np.repeat([0, 1], [100, 300])


@pytest.mark.parametrize("shares", [(0, 0), (0.2, 0.2), (0, 0.4), (0.25, 0), (1, 1)])
def test_the_share_of_each_class_is_wrong_and_the_given_labels_stay(shares):
    given = mislabelled(LABELS, shares, 3)
    assert [(given != LABELS)[LABELS == k].mean() for k in (0, 1)] == list(shares)
    assert given.dtype == LABELS.dtype and LABELS.sum() == 300


def test_which_are_wrong_is_drawn_and_repeats():
    one, again, other = (mislabelled(LABELS, (0.2, 0.2), seed) for seed in (1, np.random.default_rng(1), 2))
    assert np.array_equal(one, again) and not np.array_equal(one, other)
    often = np.mean([mislabelled(LABELS, (0.2, 0.2), seed) != LABELS for seed in range(400)], axis=0)
    assert 0.1 < often.min() and often.max() < 0.3


def test_with_a_likeness_one_in_two_of_the_least_like_is_wrong(rng):
    likeness = rng.permutation(400) / 400
    wrong = mislabelled(LABELS, (0, 0.2), 0, likeness) != LABELS
    assert wrong.sum() == 60 and set(np.flatnonzero(wrong)) <= set(100 + np.argsort(likeness[100:])[:120])
    assert not np.array_equal(np.flatnonzero(wrong), np.sort(100 + np.argsort(likeness[100:])[:60]))
    assert (mislabelled(LABELS, (0, 0.9), 0, likeness) != LABELS).sum() == 270, "fewer than twice as many are there"


def test_what_is_no_label_or_share_is_refused():
    with pytest.raises(TypeError, match="expected integers"):
        mislabelled(LABELS.astype(float), (0, 0), 0)
    with pytest.raises(ValueError, match="labels: expected classes from 0 to 1, got values from 0 to 2"):
        mislabelled(LABELS + (LABELS > 0), (0, 0), 0)
    with pytest.raises(ValueError, match=r"shares\[1\]: expected a number in \[0, 1\], got 20"):
        mislabelled(LABELS, (0, 20), 0)
    with pytest.raises(ValueError, match="shares: expected two"):
        mislabelled(LABELS, (0.1,), 0)
    with pytest.raises(ValueError, match="likeness: expected shape"):
        mislabelled(LABELS, (0, 0.1), 0, np.zeros(3))
