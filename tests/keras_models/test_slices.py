"""Networks that read slices: who may look at whom."""

import numpy as np
import pytest

from medlstm.keras_models import slices

T, S = 12, 8
SEEN_BY = {
    "alone": {5},
    "rolling_mean": {4, 5, 6},
    "conv1d": set(range(1, 10)),
    "lstm": set(range(5, T)),
    "bilstm": set(range(T)),
}


@pytest.mark.parametrize("sequence", SEEN_BY)
def test_a_changed_slice_reaches_those_who_may_see_it_and_no_other(sequence, rng):
    model = slices.build(sequence, (T, S, S), "detection", 0)
    images = rng.normal(size=(1, T, S, S)).astype(np.float32)
    changed = images.copy()
    changed[0, 5] += 3
    reached = model(images)[0] != model(changed)[0]
    assert set(np.flatnonzero(reached)) == SEEN_BY[sequence]


@pytest.mark.parametrize(
    ("task", "shape"),
    [
        ("detection", (2, T)),
        ("segmentation", (2, T, S, S)),
        ("ejection_fraction", (2,)),
        ("contracting", (2, T)),
        ("contrast", (2, T)),
    ],
)
def test_what_each_task_returns(task, shape, rng):
    images = rng.normal(size=(2, T, S, S)).astype(np.float32)
    model = slices.build("lstm", (T, S, S), task, 0)
    assert model(images).shape == shape and np.isfinite(model(images)).all()


def test_the_rolling_mean_of_features_is_that_of_the_logits(rng):
    images = rng.normal(size=(2, T, S, S)).astype(np.float32)
    alone, mean = (slices.build(name, (T, S, S), "detection", 3) for name in ("alone", "rolling_mean"))
    mean.set_weights(alone.get_weights())
    logits = np.array(alone(images))
    np.testing.assert_allclose(mean(images)[:, 1:-1], (logits[:, :-2] + logits[:, 1:-1] + logits[:, 2:]) / 3, atol=1e-5)


@pytest.mark.parametrize(
    ("sequence", "unmoved"), [("one_frame", False), ("mean", True), ("maximum", True), ("lstm", False)]
)
def test_a_mean_and_a_maximum_know_no_order(sequence, unmoved, rng):
    images = rng.normal(size=(2, T, S, S)).astype(np.float32)
    model = slices.build(sequence, (T, S, S), "ejection_fraction", 0)
    assert np.allclose(model(images), model(images[:, ::-1]), atol=1e-3) == unmoved


def test_sequences_with_weights_have_about_the_same_number():
    _alone, *others = (slices.build(name, (T, 16, 16), "detection", 0).layers for name in SEEN_BY)
    kinds = ("Conv1D", "LSTM", "Bidirectional")
    counts = [sum(layer.count_params() for layer in model if type(layer).__name__ in kinds) for model in others]
    assert counts == [0, 8456, 8320, 8480]


def test_the_seed_decides_the_weights():
    weights = lambda seed: slices.build("lstm", (T, S, S), "detection", seed).get_weights()
    first, same, other = weights(1), weights(1), weights(2)
    assert all((a == b).all() for a, b in zip(first, same, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="task: expected one of detection.*got 'diagnosis'"):
        slices.build("lstm", (T, S, S), "diagnosis", 0)
    with pytest.raises(ValueError, match="name: expected one of one_frame.*, got 'bilstm'"):
        slices.build("bilstm", (T, S, S), "ejection_fraction", 0)


def test_an_outline_knows_what_its_sequence_knows(rng):
    images = rng.normal(size=(1, T, S, S)).astype(np.float32)
    changed = images.copy()
    changed[0, 5] += 3
    for sequence in ("alone", "bilstm"):
        model = slices.build(sequence, (T, S, S), "segmentation", 0)
        reached = np.any(model(images)[0] != model(changed)[0], axis=(1, 2))
        assert set(np.flatnonzero(reached)) == SEEN_BY[sequence]


def test_the_loss_of_an_outline_prefers_the_true_one(rng):
    masks = rng.random((2, T, S, S)) < 0.05
    model = slices.build("alone", (T, S, S), "segmentation", 0)
    slices.compile_for("segmentation", model)
    loss = model.loss
    true, none, all_of_it = (
        float(loss(masks, z.astype(np.float32)))
        for z in (20 * masks - 10, np.full(masks.shape, -10), np.full(masks.shape, 10))
    )
    assert true < 0.05 and min(none, all_of_it) > 0.9
