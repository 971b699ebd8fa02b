"""Where does the classroom live, and what did its teacher decide?"""

import os
import re
import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

FOLDER = Path(os.environ.get("CLASSROOM", "/srv/classroom"))
HERE = Path(__file__).resolve().parents[1]
UNITS = {"M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True)
class Settings:
    """What `settings.toml` says; sizes are in bytes."""

    address: str
    link: str
    memory: int
    memory_kept_free: int
    cpus: float
    processes: int
    disk: int
    temporary: int
    idle_minutes: float


SIZES = ("memory", "memory_kept_free", "disk", "temporary")


def read(path=None):
    """The settings of the classroom.

    Parameters
    ----------
    path : Path, optional
        ``settings.toml`` of the classroom's folder unless given.

    Returns
    -------
    Settings

    Raises
    ------
    ValueError
        If a setting is missing, unknown, or not of its kind.
    """
    path = path or FOLDER / "settings.toml"
    values = tomllib.loads(path.read_text())
    known = {field.name: field.type for field in fields(Settings)}
    if values.keys() != known.keys():
        wrong = sorted(values.keys() ^ known.keys())
        raise ValueError(f"{path}: expected the settings {', '.join(known)}; missing or unknown: {', '.join(wrong)}")
    values |= {name: size(values[name], f"{path}: {name}") for name in SIZES}
    for name, kind in known.items():
        kinds = (int, float) if kind is float else kind
        if not isinstance(values[name], kinds) or (kind is not str and values[name] <= 0):
            raise ValueError(
                f"{path}: {name}: expected {'text' if kind is str else 'a number above 0'}, got {values[name]!r}"
            )
    if not re.fullmatch(r"http://[^/:]+:[0-9]+", values["address"]):
        raise ValueError(f"{path}: address: expected http://, a host and a port, got {values['address']!r}")
    return Settings(**values)


def size(text, name="size"):
    """Bytes, from a text such as ``"512M"`` or ``"2G"``."""
    match = re.fullmatch(r"([0-9]+)([MGT])", str(text))
    if not match:
        raise ValueError(f"{name}: expected a size such as 512M or 2G, got {text!r}")
    return int(match[1]) * UNITS[match[2]]
