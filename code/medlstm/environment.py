"""Which settings decide the digits of a result: threads, TensorFlow's flags, versions."""

import importlib.metadata
import os
import platform

from medlstm.files import ROOT


def set_environment():
    """Give this process, and every kernel it starts, the settings that all notebooks share."""
    os.environ.update(
        {
            "IPYTHONDIR": str(ROOT / ".ipython"),  # where the kernel's own settings are
            "TF_CPP_MIN_LOG_LEVEL": "3",  # no greetings
            "TF_ENABLE_ONEDNN_OPTS": "0",  # one order of summation, so that digits agree
            "CUDA_VISIBLE_DEVICES": "-1",  # the book is made for a plain CPU
            "KERAS_BACKEND": "tensorflow",
        }
    )


def threads(count):
    """The variables that hold every library of the book to so many threads, for a new process."""
    libraries = ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "TF_NUM_INTRAOP", "TF_NUM_INTEROP")
    return {f"{library}_THREADS": str(count) for library in libraries}


def versions(*packages):
    """Python's version, and those of some packages, by name."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in packages}
