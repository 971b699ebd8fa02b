"""Files appear whole or not at all."""

import os
from pathlib import Path

import pytest

from medlstm.files import whole_file


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
