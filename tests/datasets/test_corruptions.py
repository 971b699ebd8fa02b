"""Corruptions: nothing at severity 0, worse from step to step, the same for the same seed, and each what it says."""

from itertools import pairwise

import numpy as np
import pytest

from medlstm.datasets import ACQUISITION, CORRUPTIONS, corrupt

every_corruption = pytest.mark.parametrize("name", CORRUPTIONS | ACQUISITION)


@pytest.fixture
def images(rng):
    rows, columns = np.mgrid[:28, :28] / 27
    waves = rng.uniform(2, 9, (8, 1, 1))
    return (0.5 + 0.4 * np.sin(waves * rows) * np.cos(waves * columns)).astype(np.float32)


@every_corruption
def test_severity_zero_is_the_image_to_the_bit(name, images):
    same = corrupt(images, name, 0, 0)
    assert same.tobytes() == images.tobytes() and same is not images


@every_corruption
def test_each_severity_changes_more_than_the_one_before(name, images):
    before = images.copy()
    changes = [np.abs(corrupt(images, name, severity, 0) - images).mean() for severity in range(6)]
    assert all(a < b for a, b in pairwise(changes))
    assert images.tobytes() == before.tobytes()


@every_corruption
def test_results_are_images_and_repeat(name, images):
    one, again = corrupt(images, name, 5, 3), corrupt(images, name, 5, np.random.default_rng(3))
    assert one.dtype == np.float32 and one.shape == images.shape and one.min() >= 0 and one.max() <= 1
    assert np.array_equal(one, again)


@pytest.mark.parametrize("name", ["noise", "motion", "bias_field", "rotation", "shift"])
def test_what_is_drawn_differs_from_image_to_image(name, images):
    twins = np.repeat(images[:1], 30, axis=0)
    assert len(np.unique(corrupt(twins, name, 3, 0).reshape(30, -1), axis=0)) > 1


def test_each_does_what_it_says(images):
    flat = np.full((4, 28, 28), 0.5)
    assert corrupt(flat, "noise", 2, 0).std() == pytest.approx(0.08, rel=0.05)
    for name in ("blur", "motion", "contrast", "rotation", "shift"):
        np.testing.assert_allclose(corrupt(flat, name, 5, 0), flat, atol=1e-12)
    small = 0.5 + (images - 0.5) / 10
    np.testing.assert_allclose(corrupt(small, "contrast", 4, 0).std((1, 2)), 0.3 * small.std((1, 2)), rtol=1e-3)
    np.testing.assert_allclose(corrupt(small, "contrast", 4, 0).mean((1, 2)), small.mean((1, 2)), rtol=1e-4)
    field = corrupt(flat, "bias_field", 2, 0) / flat - 1
    np.testing.assert_allclose(field, -field[:, ::-1, ::-1], atol=1e-12)
    assert 0.19 < np.abs(field).max() < 0.2 * 2**0.5 + 1e-9


def test_a_dot_moves_smears_and_turns():
    dot = np.zeros((40, 28, 28))
    dot[:, 14, 8] = 1
    places = {tuple(place) for place in np.argwhere(corrupt(dot, "shift", 3, 0))[:, 1:]}
    assert places == {(17, 8), (11, 8), (14, 11), (14, 5)}
    smeared = corrupt(dot, "motion", 3, 0)
    np.testing.assert_allclose(smeared.sum((1, 2)), 1)
    assert set((smeared > 0).sum(1).max(1)) == {1, 7} and set((smeared > 0).sum(2).max(1)) == {1, 7}
    turned = corrupt(dot, "rotation", 5, 0)
    heights = (turned * np.arange(28)[:, None]).sum((1, 2)) / turned.sum((1, 2))
    # The dot lies 5.5 columns left of the centre: a turn by 25 degrees lifts or lowers it by 5.5 sin 25 = 2.3 rows.
    assert set(np.round(heights - 13.5 - 0.5 * np.cos(np.radians(25)), 0)) == {2, -2}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("fog", 1), "name: expected one of noise, .* got 'fog'"),
        (("blur", 6), "severity: expected 0 to 5, got 6"),
        (("blur", -1), "severity"),
        (("blur", 1.5), "severity"),
    ],
)
def test_unknown_names_and_severities_are_refused(images, arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        corrupt(images, *arguments, 0)


def test_images_that_were_not_scaled_are_refused(images):
    with pytest.raises(ValueError, match="images: expected 0 to 1, got .* divide them by 255"):
        corrupt(images * 255, "blur", 1, 0)
    with pytest.raises(TypeError, match="images"):
        corrupt((images * 255).astype(np.uint8), "blur", 1, 0)


def test_settings_of_a_device_do_what_they_say(images):
    coarse = corrupt(images, "grey_levels", 4, 0)
    np.testing.assert_allclose(np.unique(coarse), np.arange(4) / 3, atol=1e-6)
    assert np.abs(coarse - images).max() <= 1 / 6 + 1e-6
    darker = corrupt(images, "window", 4, 0)
    np.testing.assert_allclose(darker, np.maximum(images - 0.4, 0), atol=1e-6)


def test_a_low_dose_spares_the_mean_and_harms_the_white_more_than_the_black():
    rows = np.broadcast_to(np.linspace(0.2, 0.8, 28)[:, None], (400, 28, 28))
    seen = corrupt(rows, "dose", 2, 0)
    np.testing.assert_allclose(seen.mean((0, 2)), rows[0, :, 0], atol=0.01)
    counted = 300 * np.exp(-np.log(20) * rows[0, :, 0])
    np.testing.assert_allclose(seen.std((0, 2)), 1 / (np.log(20) * np.sqrt(counted)), rtol=0.05)
