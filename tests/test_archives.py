"""Files of arrays come back to the bit, and damaged ones are found out."""

import os

import numpy as np
import pytest

from medlstm.archives import read_arrays


@pytest.mark.parametrize("dtype", ["<f4", "<f8", ">f4", "<f2"])
def test_arrays_come_back_to_the_bit(dtype, rng, tmp_path):
    arrays = {
        "a/b": rng.normal(size=(3, 4)).astype(dtype),
        "turned": rng.normal(size=(3, 4)).astype(dtype).T,
        "flat": rng.normal(size=5).astype(dtype),
    }
    np.savez(tmp_path / "a.npz", **arrays)
    again = read_arrays(tmp_path / "a.npz")
    assert list(again) == list(arrays)
    for name, array in arrays.items():
        assert again[name].dtype == dtype and again[name].shape == array.shape
        assert again[name].tobytes() == array.tobytes()


@pytest.mark.parametrize(
    "array",
    [
        np.arange(3),
        np.array([{}], dtype=object),
        np.zeros(2, "c8"),
        np.array("text"),
        np.zeros(2, [("a", "f4")]),
        np.float32(1),
    ],
)
def test_other_arrays_get_one_clear_sentence(array, tmp_path):
    np.savez(tmp_path / "a.npz", a=array)
    with pytest.raises(ValueError, match="a member is no array of floating-point numbers"):
        read_arrays(tmp_path / "a.npz")


def test_every_flipped_bit_is_refused_or_changes_nothing(tmp_path):
    """What changes nothing are dates, versions and attributes, which no one reads."""
    path, array = tmp_path / "a.npz", np.array([[1.5, -2.0]], np.float32)
    np.savez(path, a=array)
    whole, harmless = path.read_bytes(), 0
    with path.open("r+b", buffering=0) as file:
        for bit in range(8 * len(whole)):
            place, byte = bit // 8, whole[bit // 8]
            os.pwrite(file.fileno(), bytes([byte ^ 1 << bit % 8]), place)
            try:
                again = read_arrays(path)
            except ValueError as error:
                assert str(error)
            else:
                harmless += 1
                assert list(again) == ["a"] and np.array_equal(again["a"], array) and again["a"].dtype == np.float32
            os.pwrite(file.fileno(), bytes([byte]), place)
    assert 0 < harmless < 0.3 * 8 * len(whole)


def test_compressed_members_get_one_clear_sentence(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(10**6))
    with pytest.raises(ValueError, match="its members are compressed"):
        read_arrays(tmp_path / "a.npz")
