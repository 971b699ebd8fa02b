"""Which bytes are expected of each data file?"""

import hashlib
import json

from medlstm.files import DATA

MANIFEST = DATA / "manifest.json"


def manifest():
    """What ``data/manifest.json`` says: sizes, checksums, licences and sources."""
    return json.loads(MANIFEST.read_text())


def checksums(name):
    """SHA-256 of each file of a data set of the manifest, by its path below ``data/``."""
    return {f"{name}/{entry['name']}": entry["sha256"] for entry in manifest()[name]["files"]}


def verified(path, expected, advice):
    """The bytes of a file, if they are those of its entry in the manifest.

    Parameters
    ----------
    path : Path
    expected : dict
        With ``sha256`` or else ``md5``, and perhaps ``bytes``, the size.
    advice : str
        What the message tells the reader to do.

    Returns
    -------
    bytes

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it differs in a single bit.
    """
    kind, label = ("sha256", "SHA-256") if "sha256" in expected else ("md5", "MD5")
    size = f"{expected['bytes']} bytes with " if "bytes" in expected else ""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: expected {size}{label} {expected[kind]}, got no file; {advice}")
    content = path.read_bytes()
    digest = hashlib.new(kind, content, usedforsecurity=False).hexdigest()
    if digest != expected[kind]:
        raise ValueError(
            f"{path}: expected {size}{label} {expected[kind]}, got {len(content)} bytes with {digest}; {advice}"
        )
    return content
