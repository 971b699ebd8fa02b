"""Where are the book's files, and how does a new one appear whole, or not at all?"""

import os
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"


def expanded(path):
    """The path with a leading ``~`` turned into the home folder."""
    return Path(os.path.expanduser(path))


@contextmanager
def whole_file(path):
    """Yield a neighbouring path to write to; move it to `path` on success, remove it on failure.

    Raises
    ------
    IsADirectoryError, NotADirectoryError
        If `path` is a folder, or lies below a file; nothing is left behind.
    """
    path = expanded(path)
    if path.is_dir():
        raise IsADirectoryError(f"{path}: expected the path of a file, got a folder; put the file's name after it")
    above = next(folder for folder in path.parents if folder.exists())
    if not above.is_dir():
        raise NotADirectoryError(f"{path}: expected a folder at {above}, got a file; choose another folder")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part{path.suffix}")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
