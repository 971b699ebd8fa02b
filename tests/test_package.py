"""The house keeps its order: imports run one way, and public names are explained."""

import importlib
import inspect
import pkgutil
import re
import subprocess
import sys

import pytest

import medlstm
from medlstm.notebooks import ROOT, set_environment

MODULES = [info.name for info in pkgutil.walk_packages(medlstm.__path__, "medlstm.")
           if not info.name.endswith("__main__")]

# Which modules of the package each module may import; what is not here may import anything but chapters.
MAY_IMPORT = {
    "checks": set(), "files": set(), "exercises": set(), "gradients": set(), "optimizers": {"checks"},
    "parameters": {"checks"}, "downloads": {"files"}, "datasets": {"downloads"},
    "cells": {"checks", "parameters"}, "lstm": {"checks", "parameters"}, "layers": {"checks", "parameters"},
    "bidirectional": {"checks", "lstm"},
    "classifier": {"cells", "checks", "files", "layers"}, "augmentation": set(), "phantoms": set(),
    "network": {"bidirectional", "checks", "classifier", "layers", "lstm", "optimizers"},
    "evaluation": {"checks"}, "calibration": {"checks"},
    "ranking": {"checks", "evaluation"}, "decisions": {"checks", "evaluation"},
    "figures": set(), "keras_models": {"cells"}, "slice_models": set(),
    "medical_models": set(), "weights": {"network"},
    "explanation": {"cells", "checks"},
}


@pytest.mark.parametrize("name", MAY_IMPORT)
def test_imports_run_one_way(name):
    source = (ROOT / "code" / "medlstm" / f"{name}.py").read_text()
    imported = set(re.findall(r"^\s*(?:from|import) medlstm\.(\w+)", source, re.M))
    assert imported <= MAY_IMPORT[name]


@pytest.mark.parametrize("name", ["lstm", "cells", "network", "gradients", "optimizers", "datasets"])
def test_the_numpy_part_loads_no_framework(name):
    code = (f"import sys, medlstm.{name}; "
            "print([m for m in ('tensorflow', 'keras', 'matplotlib', 'sklearn', 'pooch') if m in sys.modules])")
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
    import os

    profile = ROOT / ".ipython" / "profile_default" / "ipython_kernel_config.py"
    assert os.environ["IPYTHONDIR"] == str(ROOT / ".ipython") and profile.is_file()
