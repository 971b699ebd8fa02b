"""MNIST is whole, and a single flipped bit is noticed."""

import gzip
import hashlib
import json
import shutil

import numpy as np
import pytest

from medlstm.datasets import load_mnist
from medlstm.datasets.manifest import MANIFEST
from medlstm.files import DATA

FILES = json.loads(MANIFEST.read_text())["mnist"]["files"]


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(DATA / "mnist", tmp_path / "mnist")


def test_seventy_thousand_digits():
    (x_train, y_train), (x_test, y_test) = load_mnist()
    assert x_train.shape == (60000, 28, 28) and x_test.shape == (10000, 28, 28)
    assert x_train.dtype == x_test.dtype == y_train.dtype == y_test.dtype == np.uint8
    assert x_train.min() == 0 and x_train.max() == 255
    assert y_train[:5].tolist() == [5, 0, 4, 1, 9] and y_test[:5].tolist() == [7, 2, 1, 0, 4]
    assert np.bincount(y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_arrays_can_be_changed():
    (x_train, _), _ = load_mnist()
    x_train[0] = 0


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["name"])
def test_content_is_the_published_one(file):
    raw = gzip.decompress((DATA / "mnist" / file["name"]).read_bytes())
    assert hashlib.sha256(raw).hexdigest() == file["sha256_uncompressed"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file["name"])
@pytest.mark.parametrize("position", [4, 1000, -1])
def test_one_flipped_bit_is_caught(file, position, copy):
    path = copy / file["name"]
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    with pytest.raises(
        ValueError,
        match=f"{file['name']}: expected {file['bytes']} bytes with SHA-256 "
        f"{file['sha256']}, got .*git checkout -- data/mnist/{file['name']}",
    ):
        load_mnist(copy)


def test_a_truncated_file_is_caught(copy):
    path = copy / FILES[0]["name"]
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(ValueError, match="got 5000 bytes"):
        load_mnist(copy)


def test_a_missing_file_is_named(copy):
    (copy / FILES[3]["name"]).unlink()
    with pytest.raises(FileNotFoundError, match=f"{FILES[3]['name']}: expected .* got no file; restore it with"):
        load_mnist(copy)
