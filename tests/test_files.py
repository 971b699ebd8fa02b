"""Files appear whole or not at all, and damaged ones are found out."""

import os
from pathlib import Path

import numpy as np
import pytest

from medlstm.files import read_arrays, whole_file


def test_a_file_appears_whole_in_a_new_folder(tmp_path):
    path = tmp_path / "new" / "folder" / "a.txt"
    with whole_file(path) as part:
        part.write_text("all of it")
        assert not path.exists() and part.suffix == ".txt"
    assert path.read_text() == "all of it" and os.listdir(path.parent) == ["a.txt"]


def test_a_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(OSError, match="disk full"), whole_file(path) as part:
        part.write_text("half")
        raise OSError("disk full")
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("path", [".", "", "~", "..", "folder", "folder/"])
def test_a_folder_gets_one_clear_sentence(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "folder"))
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError, match="expected the path of a file, got a folder"), whole_file(path):
        pass
    assert os.listdir(tmp_path) == ["folder"] and not os.listdir("folder")


def test_a_path_below_a_file_gets_one_clear_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="expected a folder at .*file, got a file"):
        with whole_file(tmp_path / "file" / "new" / "a.txt"):
            pass
    assert os.listdir(tmp_path) == ["file"]


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with whole_file("~/a.txt") as part:
        part.write_text("here")
    assert Path("home/a.txt").read_text() == "here" and os.listdir() == ["home"]


@pytest.mark.parametrize("dtype", ["<f4", "<f8", ">f4", "<f2"])
def test_arrays_come_back_to_the_bit(dtype, rng, tmp_path):
    arrays = {"a/b": rng.normal(size=(3, 4)).astype(dtype), "turned": rng.normal(size=(3, 4)).astype(dtype).T,
              "flat": rng.normal(size=5).astype(dtype)}
    np.savez(tmp_path / "a.npz", **arrays)
    again = read_arrays(tmp_path / "a.npz")
    assert list(again) == list(arrays)
    for name, array in arrays.items():
        assert again[name].dtype == dtype and again[name].shape == array.shape
        assert again[name].tobytes() == array.tobytes()


@pytest.mark.parametrize("array", [np.arange(3), np.array([{}], dtype=object), np.zeros(2, "c8"), np.array("text"),
                                   np.zeros(2, [("a", "f4")]), np.float32(1)])
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
