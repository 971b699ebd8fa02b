"""Where do the MedMNIST sets come from, and are they intact?"""

import hashlib
import io
import os
import zipfile
from pathlib import Path

import numpy as np

from medlstm.datasets.downloads import fetch
from medlstm.datasets.manifest import manifest, verified
from medlstm.datasets.splits import Split, Splits
from medlstm.files import DATA

BOOK_SETS = ("breastmnist", "pneumoniamnist", "retinamnist", "adrenalmnist3d")


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
    splits = _splits(path, verified(path, expected, advice), info, advice)
    if "reassembled" in info:
        splits = splits._replace(train=_in_canonical_order(splits.train))
    digest = _content_sha256(splits)
    if digest != info.get("content_sha256", digest):
        raise ValueError(f"{path}: expected arrays with SHA-256 {info['content_sha256']}, got {digest}; {advice}")
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
    table = manifest()["medmnist"]
    if name not in table:
        raise ValueError(f"expected the name of a MedMNIST set, got {name!r}; choose one of {', '.join(table)}")
    return table[name]


def at_hand(name):
    """Whether `load_medmnist` finds a set on this machine, without a download."""
    return _local_file(name, medmnist_info(name), _folders()) is not None


def content_checksum(name):
    """SHA-256 of the arrays that `load_medmnist` returns; ValueError where the manifest has none."""
    info = medmnist_info(name)
    if "content_sha256" not in info:
        raise ValueError(
            f"{name}: expected a set whose content data/manifest.json knows, got another; "
            f"choose one of {', '.join(BOOK_SETS)}"
        )
    return info["content_sha256"]


def fetch_medmnist(names):
    """Bring MedMNIST sets into ``data/medmnist/``, except those that are there and whole."""
    for name in names:
        info, path = medmnist_info(name), DATA / "medmnist" / f"{name}.npz"
        try:
            load_medmnist(name, path.parent)
        except (FileNotFoundError, ValueError):
            fetch(info["url"], path, info["md5"])
            load_medmnist(name, path.parent)
        print(f"data/medmnist: {info['title']} is there and whole")


def _medmnist_file(name, info, root):
    """The first file that holds a set, and its entry in the manifest; downloaded if there is none."""
    found = _local_file(name, info, _folders() if root is None else [root])
    if found:
        return found
    if root is not None:
        raise FileNotFoundError(
            f"{root}: expected {' or '.join(_names(name, info))}, got no such file; download it "
            f"from {info['url']} to there, or leave root out"
        )
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
        raise ValueError(
            f"{path}: expected a NumPy archive of plain arrays, got another file ({error}); {advice}"
        ) from error

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
    keys = [
        hashlib.sha256(image.tobytes() + label.tobytes()).digest() for image, label in zip(split.images, split.labels)
    ]
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
