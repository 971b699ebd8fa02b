"""Where do the handwritten digits come from?"""

import gzip
from pathlib import Path

import numpy as np

from medlstm.datasets.manifest import manifest, verified
from medlstm.files import DATA


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
        advice = (
            f"restore it with `git checkout -- data/mnist/{entry['name']}`, "
            "or copy it from a fresh download of the book"
        )
        return _idx(verified(Path(root) / entry["name"], entry, advice), entry["shape"])

    x_train, y_train, x_test, y_test = map(array, manifest()["mnist"]["files"])
    return (x_train, y_train), (x_test, y_test)


def _idx(content, shape):
    """The array in an IDX file of unsigned bytes: a header of 4 bytes and 4 for each axis, then the data."""
    raw = gzip.decompress(content)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * len(shape)).reshape(shape).copy()
