"""Where does data come from, and is it intact?"""

import gzip
import hashlib
import io
import json
import os
import sys
import zipfile
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

import numpy as np

from medlstm.downloads import fetch
from medlstm.files import DATA

MANIFEST = DATA / "manifest.json"
BOOK_SETS = ("breastmnist", "pneumoniamnist", "retinamnist", "adrenalmnist3d")


class Split(NamedTuple):
    """Images, and the label of each."""

    images: np.ndarray
    labels: np.ndarray


class Splits(NamedTuple):
    """The three parts of a data set, as its authors made them."""

    train: Split
    val: Split
    test: Split


def load_mnist(root=DATA / "mnist"):
    """The MNIST digits (LeCun et al. 1998), verified against the SHA-256 in ``data/manifest.json``.

    Parameters
    ----------
    root : path
        Folder with the four IDX files, compressed with gzip; the book's own copy unless given.

    Returns
    -------
    (x_train, y_train), (x_test, y_test) : pairs of uint8 arrays
        Images (60000, 28, 28) and (10000, 28, 28), 0 for background and 255 for full ink;
        classes (60000,) and (10000,), the digits 0 to 9.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If a file differs from the manifest in a single bit.
    """
    def array(entry):
        advice = (f"restore it with `git checkout -- data/mnist/{entry['name']}`, "
                  "or copy it from a fresh download of the book")
        return _idx(_verified(Path(root) / entry["name"], entry, advice), entry["shape"])

    x_train, y_train, x_test, y_test = map(array, _files("mnist"))
    return (x_train, y_train), (x_test, y_test)


def load_medmnist(name, root=None):
    """A set of MedMNIST v2 (Yang et al. 2023) at 28 pixels, verified against ``data/manifest.json``.

    The file is looked for in `root`; without `root` in the folder that the environment variable
    ``MEDLSTM_DATA`` names, then in ``data/medmnist/`` of the book; then it is downloaded to there.

    Parameters
    ----------
    name : str
        One of the 18 names, such as ``"breastmnist"``; `medmnist_info` lists them.
    root : path, optional
        Folder with ``NAME.npz``. No other place is tried then.

    Returns
    -------
    Splits
        ``train``, ``val`` and ``test``, each with images, uint8 (N, 28, 28), in colour (N, 28, 28, 3),
        as volumes (N, 28, 28, 28), and labels, int64 (N,), for ChestMNIST (N, 14). The order is that
        of the file; only PneumoniaMNIST's training images are sorted, as the data sheet explains.

    Raises
    ------
    ValueError
        If there is no such set, or if a file or its content is not the one of the manifest.
    FileNotFoundError
        If `root` is given and lacks the file.
    ConnectionError
        If the file has to be downloaded and does not arrive.
    """
    info = medmnist_info(name)
    path, expected = _medmnist_file(name, info, root)
    advice = f"delete it and put a fresh copy of {info['url']} in its place"
    splits = _splits(path, _verified(path, expected, advice), info, advice)
    if "reassembled" in info:
        splits = splits._replace(train=_in_canonical_order(splits.train))
    digest = _content_sha256(splits)
    if digest != info.get("content_sha256", digest):
        raise ValueError(f"{path}: expected arrays with SHA-256 {info['content_sha256']}, "
                         f"got {digest}; {advice}")
    return splits


def medmnist_info(name):
    """What ``data/manifest.json`` says of a MedMNIST set, after ``info.py`` of the medmnist package 3.0.2.

    Parameters
    ----------
    name : str
        Such as ``"breastmnist"``.

    Returns
    -------
    dict
        ``title``, ``task``, ``channels``, ``classes`` (the name of each label, from 0), ``licence``,
        ``url``, ``images`` (of each split), ``md5``; where they are known also ``positive`` (the label
        of the finding), ``bytes``, ``content_sha256`` and ``reassembled`` (another file that will do).

    Raises
    ------
    ValueError
        If there is no such set.
    """
    table = _manifest()["medmnist"]
    if name not in table:
        raise ValueError(f"expected the name of a MedMNIST set, got {name!r}; "
                         f"choose one of {', '.join(table)}")
    return table[name]


def at_hand(name):
    """Whether `load_medmnist` finds a set on this machine, without a download."""
    return _local_file(name, medmnist_info(name), _folders()) is not None


def duplicates(splits):
    """Images that occur more than once, pixel for pixel, whatever their labels.

    Parameters
    ----------
    splits : Splits
        As `load_medmnist` returns them.

    Returns
    -------
    list of lists of (str, int)
        Each group of equal images, as pairs of split and index.
    """
    places = defaultdict(list)
    for name, split in splits._asdict().items():
        for index, image in enumerate(split.images):
            places[image.tobytes()].append((name, index))
    return [group for group in places.values() if len(group) > 1]


def checksums(name):
    """SHA-256 of each file of a data set of the manifest, by its path below ``data/``."""
    return {f"{name}/{entry['name']}": entry["sha256"] for entry in _files(name)}


def content_checksum(name):
    """SHA-256 of the arrays that `load_medmnist` returns; ValueError where the manifest has none."""
    info = medmnist_info(name)
    if "content_sha256" not in info:
        raise ValueError(f"{name}: expected a set whose content data/manifest.json knows, got another; "
                         f"choose one of {', '.join(BOOK_SETS)}")
    return info["content_sha256"]


def main(names):
    """Bring MedMNIST sets into ``data/medmnist/``, except those that are there and whole."""
    for name in names:
        info, path = medmnist_info(name), DATA / "medmnist" / f"{name}.npz"
        try:
            load_medmnist(name, path.parent)
        except (FileNotFoundError, ValueError):
            fetch(info["url"], path, info["md5"])
            load_medmnist(name, path.parent)
        print(f"data/medmnist: {info['title']} is there and whole")


def _manifest():
    return json.loads(MANIFEST.read_text())


def _files(name):
    return _manifest()[name]["files"]


def _verified(path, expected, advice):
    """The bytes of a file, if they have the SHA-256, or else the MD5, that its manifest entry names."""
    kind, label = ("sha256", "SHA-256") if "sha256" in expected else ("md5", "MD5")
    size = f"{expected['bytes']} bytes with " if "bytes" in expected else ""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected {size}{label} {expected[kind]}, got no file; {advice}")
    content = path.read_bytes()
    digest = hashlib.new(kind, content, usedforsecurity=False).hexdigest()
    if digest != expected[kind]:
        raise ValueError(f"{path}: expected {size}{label} {expected[kind]}, "
                         f"got {len(content)} bytes with {digest}; {advice}")
    return content


def _idx(content, shape):
    """The array in an IDX file of unsigned bytes: a header of 4 bytes and 4 for each axis, then the data."""
    raw = gzip.decompress(content)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * len(shape)).reshape(shape).copy()


def _medmnist_file(name, info, root):
    """The first file that holds a set, and its entry in the manifest; downloaded if there is none."""
    found = _local_file(name, info, _folders() if root is None else [root])
    if found:
        return found
    if root is not None:
        raise FileNotFoundError(f"{root}: expected {' or '.join(_names(name, info))}, got no such file; download it "
                                f"from {info['url']} to there, or leave root out")
    path = DATA / "medmnist" / f"{name}.npz"
    fetch(info["url"], path, info["md5"])
    return path, info


def _local_file(name, info, folders):
    """The first file in the folders that may hold a set, and its entry in the manifest; None without any."""
    for folder in map(Path, folders):
        for file, expected in _names(name, info).items():
            if (folder / file).is_file():
                return folder / file, expected


def _folders():
    return filter(None, [os.environ.get("MEDLSTM_DATA"), DATA / "medmnist"])


def _names(name, info):
    """The files that may hold a set, each with its entry in the manifest."""
    other = info.get("reassembled")
    return {f"{name}.npz": info} | ({other["name"]: other} if other else {})


def _splits(path, content, info, advice):
    """The arrays of a MedMNIST file, if they have the shapes and types that the table promises."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path}: expected a NumPy archive of plain arrays, got another file ({error}); "
                         f"{advice}") from error

    last = (28,) if info["title"].endswith("3D") else (3,) if info["channels"] == 3 else ()
    label = (len(info["classes"]),) if info["task"].startswith("multi-label") else (1,)

    def array(key, shape, dtype):
        got = arrays.get(key)
        if got is None or got.shape != shape or not np.can_cast(got.dtype, dtype):
            found = "no such array" if got is None else f"{got.dtype} {got.shape}"
            raise ValueError(f"{path}: expected {key}, {np.dtype(dtype)} {shape}, got {found}; {advice}")
        return got.astype(dtype, copy=False)

    def split(name):
        count = info["images"][name]
        images = array(f"{name}_images", (count, 28, 28, *last), np.uint8)
        labels = array(f"{name}_labels", (count, *label), np.int64)
        return Split(images, labels[:, 0] if label == (1,) else labels)

    return Splits(*map(split, Splits._fields))


def _in_canonical_order(split):
    """A split sorted by the SHA-256 of each image's bytes and its label's."""
    keys = [hashlib.sha256(image.tobytes() + label.tobytes()).digest()
            for image, label in zip(split.images, split.labels)]
    order = sorted(range(len(keys)), key=keys.__getitem__)
    return Split(split.images[order], split.labels[order])


def _content_sha256(splits):
    """SHA-256 over name, shape, type and bytes of all six arrays."""
    digest = hashlib.sha256()
    for name, split in splits._asdict().items():
        for kind, array in split._asdict().items():
            digest.update(f"{name} {kind} {array.shape} {array.dtype}\n".encode())
            digest.update(np.ascontiguousarray(array))
    return digest.hexdigest()


if __name__ == "__main__":
    try:
        main(sys.argv[1:] or BOOK_SETS)
    except (OSError, ValueError) as error:
        sys.exit(str(error))
