"""Which chapters are there, what do they need, and how are their outputs stored?"""

import re

import nbformat
import yaml
from nbclient import NotebookClient

from medlstm.datasets import at_hand
from medlstm.environment import set_environment
from medlstm.files import ROOT, whole_file

CHAPTERS = ROOT / "chapters"
# What a course is built on: these have slides and a page for the teacher.
CORE = (
    "medical-images",
    "images-as-sequences",
    "gate-equations",
    "training-equations",
    "numpy-lstm",
    "keras-lstm",
    "same-network-twice",
    "inside-the-lstm",
    "medical-classification",
    "slices-and-frames",
)


def pages():
    """The files of the book, notebooks and others, in reading order; without those that are for teachers alone."""
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    names = [chapter["file"] for part in parts for chapter in part["chapters"]]
    return [_file_of(ROOT / name) for name in names if not name.startswith("teaching/")]


def _file_of(page):
    """The notebook or text of a page; ValueError if there is neither."""
    for path in (page.with_suffix(".ipynb"), page.with_suffix(".md")):
        if path.is_file():
            return path
    raise ValueError(f"_toc.yml: expected a file for {page.relative_to(ROOT)}, got none; write it or take it out")


def chapters():
    """The notebooks of the book, in reading order."""
    return [path for path in pages() if path.suffix == ".ipynb"]


def chapter(name):
    """The file of the chapter of that name; ValueError if there is none."""
    return named(name, {path.stem: path for path in chapters()})


def slide_type(cell):
    """What a cell is on slides: ``slide``, ``subslide``, ``fragment``, ``notes``, ``skip``, or ``-``, which goes on."""
    return cell.metadata.get("slideshow", {}).get("slide_type", "-")


def named(name, known):
    """The entry of a dict by its name; ValueError, with all names, if there is none."""
    if name not in known:
        raise ValueError(f"expected the name of a chapter, got {name!r}; choose one of {', '.join(known)}")
    return known[name]


def execute(notebook):
    """Run all cells of a notebook in place, in the folder of the chapters."""
    set_environment()
    NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=900,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(CHAPTERS)}},
    ).execute()
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"], "language_info": {"name": "python"}}
    return notebook


def store(names):
    """Execute chapters, all unless some are named, and store their outputs."""
    for path in map(chapter, names) if names else chapters():
        print(f"{path.relative_to(ROOT)} ...", flush=True)
        notebook = execute(nbformat.read(path, as_version=4))
        with whole_file(path) as part:
            nbformat.write(notebook, part)


def needed_data(path):
    """The MedMNIST sets that a notebook loads by their names."""
    return sorted(set(re.findall(r'load_medmnist\(\\"(\w+)', path.read_text())))


def missing_data(path):
    """Those of them that are not on this machine."""
    return [name for name in needed_data(path) if not at_hand(name)]
