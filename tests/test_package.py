"""The house keeps its order: imports run one way, and public names are explained."""

import ast
import importlib
import inspect
import os
import pkgutil
import subprocess
import sys
import textwrap

import nbformat
import pytest

import medlstm
from medlstm.environment import set_environment
from medlstm.files import ROOT

PACKAGE = ROOT / "code" / "medlstm"
MODULES = [
    info.name for info in pkgutil.walk_packages(medlstm.__path__, "medlstm.") if not info.name.endswith("__main__")
]
ROOMS = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
HALL = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}

# What each module of the hall, and each room, may import of the package besides itself.
NUMPY_LSTM = {
    "archives",
    "bidirectional",
    "cells",
    "checks",
    "classifier",
    "files",
    "layers",
    "lstm",
    "network",
    "optimizers",
    "parameters",
}
MAY_IMPORT = {
    "archives": set(),
    "checks": set(),
    "files": set(),
    "exercises": {"gradients"},
    "gradients": set(),
    "environment": {"files"},
    "optimizers": {"checks"},
    "parameters": {"checks"},
    "cells": {"checks", "parameters"},
    "exponential": {"cells"},
    "state_space": set(),
    "lstm": {"checks", "parameters"},
    "layers": {"checks", "parameters"},
    "bidirectional": {"checks", "lstm", "parameters"},
    "classifier": {"archives", "cells", "checks", "files", "layers"},
    "network": NUMPY_LSTM - {"network"},
    "weights": NUMPY_LSTM,
    "compression": NUMPY_LSTM,
    "datasets": {"checks", "files"},
    "evaluation": {"checks"},
    "keras_models": {"cells", "checks", "exponential", "state_space"},
    "explanation": {"cells", "checks"},
    "figures": set(),
    "experiments": HALL | ROOMS - {"book"},
    "book": HALL | ROOMS - {"experiments"},
}


def imported(source, module):
    """The modules of the package that a piece of code of the module of that name asks for, by their parts."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = "." * node.level + (node.module or "")
            package = importlib.util.resolve_name(package, module.rpartition(".")[0]) if node.level else package
            names = [f"{package}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
            "import_module",
            "__import__",
            "find_spec",
        ):
            names = [value.value for value in node.args if isinstance(getattr(value, "value", None), str)]
        else:
            continue
        for name in names:
            first, *parts = name.split(".")
            if first == "medlstm" and parts:
                yield parts


def house(path):
    """The module of the hall, or the room, that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent != PACKAGE or path.stem != "__init__"],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_imports_run_one_way(path):
    own, module = house(path), ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    asked = {parts[0] for parts in imported(path.read_text(), module)} - {own}
    assert asked <= MAY_IMPORT[own]


def test_every_room_has_its_rule():
    assert set(MAY_IMPORT) == HALL | ROOMS


@pytest.mark.parametrize(
    "line",
    [
        "import medlstm.book",
        "import numpy, medlstm.book.chapters as c",
        "from medlstm import book",
        "from medlstm import cells, book as b",
        "from medlstm.book import chapters",
        "from medlstm.book.chapters import x",
        "from . import book",
        "from .book import chapters",
        "importlib.import_module('medlstm.book')",
        "__import__('medlstm.book')",
        "def f():\n    from medlstm import book",
        "try:\n    from .book import x\nexcept: pass",
    ],
)
def test_no_form_of_import_is_overlooked(line):
    assert "book" in {parts[0] for parts in imported(line, "medlstm.cells")}


def test_an_import_from_a_neighbouring_room_is_seen():
    assert list(imported("from ..figures import digits", "medlstm.datasets.mnist")) == [["figures", "digits"]]
    assert list(imported("from .splits import Split", "medlstm.datasets.mnist")) == [["datasets", "splits", "Split"]]


@pytest.mark.parametrize("path", sorted((ROOT / "chapters").glob("*.ipynb")), ids=lambda path: path.stem)
def test_chapters_import_from_rooms_not_from_files_inside_them(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            for parts in imported(textwrap.dedent(cell.source), "chapter"):
                assert len(parts) <= 2, ".".join(parts)
                assert parts[0] != "book"


@pytest.mark.parametrize("name", ["lstm", "cells", "network", "gradients", "optimizers", "datasets"])
def test_the_numpy_part_loads_no_framework(name):
    code = (
        f"import sys, medlstm.{name}; "
        "print([m for m in ('tensorflow', 'keras', 'matplotlib', 'sklearn', 'pooch') if m in sys.modules])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout == "[]\n"


def test_there_is_no_package_called_code():
    assert not (ROOT / "code" / "__init__.py").exists()


@pytest.mark.parametrize("name", MODULES)
def test_public_names_have_docstrings(name):
    module = importlib.import_module(name)
    assert module.__doc__
    if ".experiments." in name:
        return
    for key, value in vars(module).items():
        if not key.startswith("_") and getattr(value, "__module__", None) == name:
            if inspect.isclass(value) or inspect.isfunction(value):
                assert key == "main" or inspect.getdoc(value), f"{name}.{key}"


def test_kernels_get_the_settings_of_the_stored_outputs(monkeypatch):
    monkeypatch.delenv("IPYTHONDIR")
    set_environment()
    profile = ROOT / ".ipython" / "profile_default" / "ipython_kernel_config.py"
    assert os.environ["IPYTHONDIR"] == str(ROOT / ".ipython") and profile.is_file()
