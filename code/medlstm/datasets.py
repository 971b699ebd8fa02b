"""Where does data come from, and is it intact?"""

import gzip
import hashlib
import json
from pathlib import Path

import numpy as np

DATA = Path(__file__).resolve().parents[2] / "data"
MANIFEST = DATA / "manifest.json"


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
    arrays = [_idx(_verified(Path(root) / entry["name"], entry), entry["shape"])
              for entry in _files("mnist")]
    x_train, y_train, x_test, y_test = arrays
    return (x_train, y_train), (x_test, y_test)


def checksums(name):
    """SHA-256 of each file of a data set of the manifest, by its path below ``data/``."""
    return {f"{name}/{entry['name']}": entry["sha256"] for entry in _files(name)}


def _files(name):
    return json.loads(MANIFEST.read_text())[name]["files"]


def _verified(path, entry):
    """The bytes of a file, if they are the ones its manifest entry describes."""
    restore = (f"restore it with `git checkout -- data/mnist/{entry['name']}`, "
               "or copy it from a fresh download of the book")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected {entry['bytes']} bytes, got no file; {restore}")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != entry["sha256"]:
        raise ValueError(f"{path}: expected {entry['bytes']} bytes with SHA-256 {entry['sha256']}, "
                         f"got {len(content)} bytes with {digest}; {restore}")
    return content


def _idx(content, shape):
    """The array in an IDX file of unsigned bytes: a header of 4 bytes and 4 for each axis, then the data."""
    raw = gzip.decompress(content)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * len(shape)).reshape(shape).copy()
