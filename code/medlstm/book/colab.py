"""What does Colab open? Copies whose first cell brings the rest of the book."""

import re
import tomllib

import nbformat

from medlstm.book.chapters import needed_data, pages
from medlstm.book.plain import page_name
from medlstm.book.readers import readers_copy
from medlstm.files import ROOT, whole_file

SET_UP = """\
# This computer has none of the book yet. Run this cell first: it fetches the rest, once.
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

BOOK = Path.home() / "medlstm-{short}"


def call(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{{command[0]}} did not succeed; run this cell again. It said: {{done.stderr}}")


if not (BOOK / "chapters").is_dir():
    call("git", "init", "--quiet", BOOK)
    call("git", "-C", BOOK, "fetch", "--quiet", "--depth=1", "{address}", "{commit}")
    call("git", "-C", BOOK, "checkout", "--quiet", "FETCH_HEAD")
call(sys.executable, "-m", "pip", "install", "--quiet", {dependencies})
loaded = {{name: getattr(sys.modules.get(name), "__version__", None) for name in ("numpy", "matplotlib", "scipy")}}
if old := [name for name, number in loaded.items() if number not in (None, version(name))]:
    raise RuntimeError(f"{{', '.join(old)}} was replaced while in use: restart the session, then run all cells.")

sys.path.insert(0, str(BOOK / "code"))
os.environ["PYTHONPATH"] = str(BOOK / "code")
os.chdir(BOOK / "chapters")

from medlstm.environment import set_environment

set_environment()
{data}print("The book is here.")
"""
DATA = """\
from medlstm.datasets import fetch_medmnist

fetch_medmnist({names})
"""
ABOUT = """\
These notebooks are written anew with each published state of the book, from {address} at {commit}.
Colab opens them from here. Change the chapters there, not these copies.
"""


def set_up(path, repository):
    """The first cell of a chapter's copy, as text.

    Parameters
    ----------
    path : Path
        The chapter.
    repository : Repository

    Returns
    -------
    str
        Python that fetches the book at that commit into the home folder, installs what the package imports,
        fetches the MedMNIST sets that the chapter reads, and moves to the folder of the chapters.
    """
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = needed_data(path)
    return SET_UP.format(
        short=repository.commit[:7],
        address=repository.address,
        commit=repository.commit,
        dependencies=", ".join(f'"{requirement}"' for requirement in dependencies),
        data=DATA.format(names=names) if names else "",
    )


def colab_copy(path, repository):
    """A page as Colab opens it: the reader's copy, with its set-up first and links that leave no folder.

    Parameters
    ----------
    path : Path
        A notebook or a Markdown file of the book.
    repository : Repository

    Returns
    -------
    notebook
    """
    copy = readers_copy(path)
    for cell in copy.cells:
        if cell.cell_type == "markdown":
            cell.source = re.sub(r"\]\(([\w-]+)\.ipynb\)", lambda m: f"]({repository.colab(m[1])})", cell.source)
            cell.source = re.sub(r"\]\(\.\./([\w./-]+)\)", lambda m: f"]({repository.raw(m[1])})", cell.source)
    if path.suffix == ".ipynb":
        copy.cells.insert(0, nbformat.v4.new_code_cell(set_up(path, repository), id="set-up"))
    return copy


def write_colab(folder, repository):
    """Write the copies of all pages into a folder, and a note that says what they are.

    Parameters
    ----------
    folder : Path
    repository : Repository

    Returns
    -------
    int
        How many there are.
    """
    for path in pages():
        with whole_file(folder / f"{page_name(path)}.ipynb") as part:
            nbformat.write(colab_copy(path, repository), part)
    (folder / "README.md").write_text(ABOUT.format(address=repository.address, commit=repository.commit))
    return len(pages())
