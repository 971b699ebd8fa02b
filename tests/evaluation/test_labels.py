"""Confident learning: by hand, by its definition, and beside its authors' program where that is installed."""

import numpy as np
import pytest

from medlstm.evaluation import suspects


def drawn(seed, classes=None):
    """Given labels of so many classes, or two to five, and probabilities that know the true ones and favour some."""
    rng = np.random.default_rng(seed)
    classes, images = classes or int(rng.integers(2, 6)), int(rng.integers(100, 1500))
    true = np.arange(images) % classes
    logits = rng.normal(0, 1, (images, classes)) * rng.uniform(0.1, 3) + rng.normal(0, 1.5, classes)
    logits[np.arange(images), true] += rng.uniform(0, 5)
    wrong = rng.random(images) < rng.uniform(0, 0.45)
    p = np.exp(logits)
    return np.where(wrong, rng.integers(0, classes, images), true), p / p.sum(axis=1, keepdims=True)


def test_five_images_by_hand():
    ill = np.array([0.1, 0.2, 0.9, 0.8, 0.6, 0.1])
    given = np.array([0, 0, 0, 1, 1, 1])
    found = suspects(given, np.stack([1 - ill, ill], axis=1))
    np.testing.assert_allclose(found.thresholds, [(0.9 + 0.8 + 0.1) / 3, (0.8 + 0.6 + 0.1) / 3])
    assert found.joint.tolist() == [[2, 1], [1, 2]]
    assert np.flatnonzero(found.mask).tolist() == [2, 5]


@pytest.mark.parametrize("seed", range(12))
def test_it_is_what_the_definition_says(seed):
    given, p = drawn(seed)
    classes = p.shape[1]
    found = suspects(given, p)
    joint = np.zeros((classes, classes), int)
    for k, (label, row) in enumerate(zip(given, p)):
        enough = [c for c in range(classes) if row[c] >= np.mean([q[c] for q, g in zip(p, given) if g == c])]
        counts_for = max(enough, key=lambda c: row[c]) if enough else None
        if enough:
            joint[label, counts_for] += 1
        assert found.mask[k] == (counts_for not in (None, label) and row.argmax() != label)
    assert np.array_equal(found.joint, joint)


@pytest.mark.parametrize("seed", range(40))
def test_of_two_classes_it_finds_what_cleanlab_finds(seed):
    """Of more, cleanlab takes the most probable of all where several are probable enough, not of these."""
    pytest.importorskip("cleanlab", reason="needs cleanlab, which the book does not: pip install cleanlab")
    from cleanlab.filter import find_label_issues

    given, p = drawn(seed, 2)
    issues = find_label_issues(given, p, filter_by="confident_learning", n_jobs=1)
    assert np.array_equal(suspects(given, p).mask, issues)


def test_where_classes_are_far_apart_exactly_the_wrong_ones_are_found(rng):
    true = np.arange(1000) % 2
    given = np.where(rng.random(1000) < 0.2, 1 - true, true)
    ill = np.clip(0.1 + 0.8 * true + rng.normal(0, 0.02, 1000), 0, 1)
    assert np.array_equal(suspects(given, np.stack([1 - ill, ill], axis=1)).mask, given != true)


def test_what_is_no_label_or_probability_is_refused():
    p = np.full((4, 2), 0.5)
    with pytest.raises(ValueError, match=r"got none of \[1\]"):
        suspects(np.zeros(4, int), p)
    with pytest.raises(ValueError, match="probabilities that sum to 1"):
        suspects(np.array([0, 1, 0, 1]), p * 1.2)
    with pytest.raises(TypeError, match="expected integers"):
        suspects(np.array([0.0, 1, 0, 1]), p)
