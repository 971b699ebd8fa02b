"""Phantoms: what they promise, and what must not betray itself."""

import numpy as np
import pytest
from scipy.ndimage import center_of_mass as centre_of_mass
from scipy.ndimage import label
from scipy.stats import ks_2samp

from medlstm.datasets import contrast_films, drawn_checksum, fit_discs, latch, lesions, ventricle, vessels

DRAWN = {
    "lesions": lambda seed, n=6: lesions(n, np.random.default_rng(seed)),
    "vessels": lambda seed, n=6: vessels(n, np.random.default_rng(seed)),
    "ventricle": lambda seed, n=6: ventricle(n, np.random.default_rng(seed)),
    "contrast_films": lambda seed, n=6: contrast_films(n, np.random.default_rng(seed)),
}


@pytest.fixture(scope="module")
def clean():
    """Volumes without noise, and in them which slices hold a lesion and which an artefact, (N, T)."""
    volumes = lesions(4000, np.random.default_rng(3), noise=0)
    lesion = volumes.masks.any((2, 3))
    return volumes.images, volumes.masks, lesion, (volumes.images > 0).any((2, 3)) & ~lesion


@pytest.fixture(scope="module")
def clips():
    return ventricle(500, np.random.default_rng(4), frames=30)


@pytest.mark.parametrize("name", DRAWN)
def test_the_same_state_gives_the_same_data(name):
    for a, b, other in zip(DRAWN[name](1), DRAWN[name](1), DRAWN[name](2), strict=True):
        np.testing.assert_array_equal(a, b)
        assert (a != other).any()


def test_shapes_and_types():
    volumes = lesions(3, np.random.default_rng(0), slices=20, size=12)
    assert volumes.images.shape == volumes.masks.shape == (3, 20, 12, 12)
    assert volumes.images.dtype == np.float32 and volumes.masks.dtype == bool
    clip = ventricle(3, np.random.default_rng(0), frames=10, size=24)
    assert clip.images.shape == (3, 10, 24, 24) and clip.area.shape == clip.contracting.shape == (3, 10)
    assert clip.ejection_fraction.shape == (3,) and clip.contracting.dtype == bool
    assert {clip.images.dtype, clip.area.dtype, clip.ejection_fraction.dtype} == {np.dtype(np.float32)}
    assert all(np.isfinite(part).all() for part in (*volumes, *clip))


def test_noise_hides_the_blobs_and_does_not_move_them():
    noisy, clear = (lesions(50, np.random.default_rng(5), noise=noise) for noise in (1, 0))
    np.testing.assert_array_equal(noisy.masks, clear.masks)
    hidden = noisy.images - clear.images
    assert abs(hidden.mean()) < 0.01 and abs(hidden.std() - 1) < 0.01


def test_half_the_volumes_hold_one_lesion_in_3_to_8_neighbouring_slices(clean):
    _, _, lesion, artefact = clean
    runs = [np.flatnonzero(row) for row in lesion if row.any()]
    assert all((np.diff(run) == 1).all() for run in runs)
    assert {len(run) for run in runs} == set(range(3, 9))
    assert 0.45 < len(runs) / len(lesion) < 0.55
    assert {run[0] for run in runs} >= {0} and {run[-1] for run in runs} >= {23}
    assert set(artefact.sum(axis=1)) == set(range(9))
    assert (~lesion & ~artefact).all(axis=1).any()


def test_a_lesion_waxes_and_wanes(clean):
    _, masks, lesion, _ = clean
    sizes = masks.sum((2, 3))
    for row, size in zip(lesion, sizes):
        if row.sum() >= 5:
            run = size[row]
            assert run[0] < run[2:-2].max() > run[-1]


def test_only_a_lesion_stays_in_its_place(clean):
    images, _, lesion, artefact = clean

    def steps(kind):
        pairs = np.argwhere(kind[:, :-1] & kind[:, 1:])
        centres = [[centre_of_mass(images[n, t + k]) for k in (0, 1)] for n, t in pairs]
        return np.linalg.norm(np.diff(centres, axis=1)[:, 0], axis=1)

    assert steps(lesion[:500]).max() < 2 and np.median(steps(artefact[:500])) > 3


def test_a_single_slice_does_not_tell_a_lesion_from_an_artefact(clean):
    images, _, lesion, artefact = clean
    looks = {
        "brightest pixel": lambda x: x.max((1, 2)),
        "pixels": lambda x: (x > 0).sum((1, 2)),
        "light": lambda x: x.sum((1, 2)),
        "row": lambda x: (x.sum(2) * np.arange(16)).sum(1) / x.sum((1, 2)),
        "column": lambda x: (x.sum(1) * np.arange(16)).sum(1) / x.sum((1, 2)),
    }
    for name, look in looks.items():
        # Slices of one lesion resemble each other: some 2,000 lesions are what the distance rests on.
        assert ks_2samp(look(images[lesion]), look(images[artefact])).statistic < 0.05, name


def test_a_slice_holds_one_blob_and_the_mask_is_its_brighter_half(clean):
    images, masks, lesion, artefact = clean
    for slices in (images[lesion][:200], images[artefact][:200]):
        assert all(label(image > 0)[1] == 1 for image in slices)
    inside, outside = images[masks], images[lesion][~masks[lesion]]
    assert inside.min() >= 0.4 and outside.max() <= 0.8 and np.median(inside) > 0.8 and np.median(outside) == 0


def test_the_ejection_fraction_is_that_of_the_area(clips):
    volume = clips.area.astype(float) ** 1.5
    shown = 100 * (volume.max(axis=1) - volume.min(axis=1)) / volume.max(axis=1)
    np.testing.assert_allclose(clips.ejection_fraction, shown, atol=1e-3)
    assert 18 < shown.min() < 25 and 70 < shown.max() <= 75


def test_contracting_is_where_the_volume_falls(clips):
    before, after = np.diff(clips.area[:, :-1]) < 0, np.diff(clips.area[:, 1:]) < 0
    same = before == after  # a frame between a fall and a rise may be on either side of the turn
    np.testing.assert_array_equal(clips.contracting[:, 1:-1][same], before[same])
    assert same.mean() > 0.7


def test_systole_is_the_shorter_part_and_takes_the_same_volumes(clips):
    assert abs(clips.contracting.mean() - 1 / 3) < 0.02
    ejected = 1 - (clips.area / clips.area.max(axis=1, keepdims=True)) ** 1.5
    part = ejected / ejected.max(axis=1, keepdims=True)
    assert ks_2samp(part[clips.contracting], part[~clips.contracting]).statistic < 0.035


def test_one_beat_to_a_little_more_than_two(clips):
    starts = (clips.contracting[:, 1:] & ~clips.contracting[:, :-1]).sum(axis=1)
    assert set(starts) == {1, 2} or set(starts) == {1, 2, 3} or set(starts) == {0, 1, 2, 3}


def test_the_image_shows_the_area():
    clip = ventricle(100, np.random.default_rng(6), speckle=0)
    brightest = clip.images.max((2, 3), keepdims=True)
    seen = ((1 - clip.images / brightest) / 0.6).sum((2, 3))
    np.testing.assert_allclose(seen, clip.area, rtol=0.02)


def test_speckle_multiplies_and_keeps_the_mean():
    clear, noisy = (ventricle(200, np.random.default_rng(6), speckle=s).images for s in (0, 1))
    ratio = noisy / clear
    assert abs(ratio.mean() - 1) < 0.005 and abs(ratio.std() - np.sqrt(4 / np.pi - 1)) < 0.005


def test_volumes_too_small_for_a_lesion(rng):
    with pytest.raises(ValueError, match="expected at least 16 and 12, got 10 and 16"):
        lesions(2, rng, slices=10)


def test_a_vessel_goes_on_where_a_lesion_ends():
    volumes = vessels(300, np.random.default_rng(7), noise=0)
    blobs = volumes.images > 0
    assert blobs.any((2, 3)).all()
    assert (blobs[:, 1:] & blobs[:, :-1]).any((2, 3)).all()  # it spans all slices, without a gap
    runs = [np.flatnonzero(row) for row in volumes.masks.any((2, 3)) if row.any()]
    assert all((np.diff(run) == 1).all() for run in runs) and {len(run) for run in runs} == set(range(3, 9))
    assert 0.42 < len(runs) / 300 < 0.58
    alone = volumes.images[~volumes.masks.any((1, 2, 3))]
    assert all(label(image > 0)[1] == 1 for volume in alone[:20] for image in volume)
    centres = np.array([[centre_of_mass(image) for image in volume] for volume in alone[:50]])
    assert centres.min() > 2.5 and centres.max() < 12.5
    assert 0.3 < np.linalg.norm(np.diff(centres, axis=1), axis=-1).mean() < 0.5


def test_noise_hides_the_vessels_and_the_films_and_does_not_move_them():
    for phantom in (vessels, contrast_films):
        noisy, clear = (phantom(50, np.random.default_rng(5), noise=noise) for noise in (1, 0))
        for a, b in zip(noisy[1:], clear[1:]):
            np.testing.assert_array_equal(a, b)
        hidden = noisy.images - clear.images
        assert abs(hidden.mean()) < 0.01 and abs(hidden.std() - 1) < 0.01


@pytest.fixture(scope="module")
def films():
    return contrast_films(500, np.random.default_rng(8), noise=0)


def test_a_film_is_set_at_its_start_and_again_after_5_to_11_frames(films):
    assert films.images.shape == (500, 24, 16, 16) and films.counts.shape == films.since.shape == (500, 24)
    assert films.counts.dtype == bool and films.since.dtype == np.int64 and films.images.dtype == np.float32
    assert (films.since[:, 0] == 0).all()
    steps = np.diff(films.since, axis=1)
    assert set(np.unique(steps[steps < 1])) <= set(range(-11, -4)) and set(np.unique(steps[steps > 0])) == {1}
    assert films.since.max() == 11


def test_a_spot_counts_by_the_last_disc_and_by_nothing_in_its_frame(films):
    setting, lit = films.since == 0, films.images.any((2, 3))
    middle = films.images[..., 7:9, 7:9].mean((2, 3))
    assert set(np.unique(middle[setting])) == {-1.5, 1.5} and lit[setting].all()
    last = np.maximum.accumulate(np.where(setting, np.arange(24), 0), axis=1)
    bright = np.take_along_axis(middle, last, axis=1) > 0
    np.testing.assert_array_equal(films.counts, bright & lit & ~setting)
    spots = lit & ~setting
    assert abs(spots[~setting].mean() - 0.5) < 0.02 and abs(bright[setting].mean() - 0.5) < 0.05
    for look in (lambda x: x.max((1, 2)), lambda x: (x > 0).sum((1, 2)), lambda x: x.sum((1, 2))):
        ours, others = (look(films.images[spots & (bright == side)]) for side in (True, False))
        assert ks_2samp(ours, others).statistic < 0.05
    near = films.since[spots] < 5
    assert abs(bright[spots][near].mean() - bright[spots][~near].mean()) < 0.03


def test_a_fitted_disc_has_the_area_of_the_cavity():
    clip = ventricle(60, np.random.default_rng(9), speckle=0)
    assert np.abs(fit_discs(clip.images) / clip.area - 1).mean() < 0.05
    noisy = ventricle(60, np.random.default_rng(9))
    off = fit_discs(noisy.images) / noisy.area - 1
    assert abs(np.median(off)) < 0.05 and np.abs(off).mean() < 0.3
    assert fit_discs(clip.images, [3.0]) == pytest.approx(np.full((60, 20), 9 * np.pi))
    with pytest.raises(ValueError, match=r"images: expected shape \(N, T, S, S\)"):
        fit_discs(clip.images[0])


def test_a_latch_shows_its_class_once(rng):
    x, y = latch(500, 6, rng, classes=3, noise=0.5)
    assert x.shape == (500, 6, 3) and x.dtype == np.float32
    assert np.array_equal(x[:, 0].argmax(axis=1), y) and set(np.unique(x[:, 0])) == {0, 1}
    assert abs(x[:, 1:].std() - 0.5) < 0.02 and (np.bincount(y) > 120).all()


def test_made_data_have_a_checksum_of_their_own():
    sums = [
        drawn_checksum(latch, 8, 28),
        drawn_checksum(lesions, 2),
        drawn_checksum(lesions, 2, noise=0.4),
        drawn_checksum(ventricle, 2),
    ]
    assert sums[1].startswith("967940e99b3a") and sums[3].startswith("5d2a9657a0df")  # as the stored runs say
    assert len(set(sums)) == 4 and drawn_checksum(lesions, 2) == sums[1]
    almost = lambda *arguments, **options: tuple(a + 1e-9 for a in latch(*arguments, **options))
    other = lambda *arguments, **options: latch(*arguments, noise=0.6, **options)
    assert drawn_checksum(almost, 8, 28) == sums[0] != drawn_checksum(other, 8, 28)


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda rng: latch(2, 0, rng), "steps: expected a whole number of at least 1, got 0"),
        (lambda rng: latch(2, 5, rng, noise=-1), r"noise: expected a number in \[0, inf\), got -1"),
        (lambda rng: lesions(0, rng), "examples: expected a whole number of at least 1, got 0"),
        (lambda rng: vessels(2, rng, slices=8), "slices, size: expected at least 16 and 12, got 8 and 16"),
        (lambda rng: contrast_films(2, rng, size=8), "size: expected at least 12, got 8; make the frames larger"),
        (lambda rng: contrast_films(2, rng, noise=-1), r"noise: expected a number in \[0, inf\), got -1"),
        (lambda rng: ventricle(2, rng, frames=0), "frames: expected a whole number of at least 1, got 0"),
        (lambda rng: ventricle(2, rng, speckle=np.nan), r"speckle: expected a number in \[0, 1\], got nan"),
    ],
)
def test_what_cannot_be_drawn_gets_one_clear_sentence(draw, message, rng):
    with pytest.raises(ValueError, match=message):
        draw(rng)
