"""Under which settings does a notebook run, and how are its outputs stored?

``python -m medlstm.notebooks run [NAME ...]`` executes chapters and stores their outputs,
``readers FOLDER`` writes the copies that a reader works in, ``lab`` opens JupyterLab.
"""

import argparse
import os
import re
import sys
from pathlib import Path

from medlstm.environment import set_environment
from medlstm.files import ROOT, whole_file

CHAPTERS = ROOT / "chapters"


def chapters():
    """The notebooks of the book, in reading order."""
    import yaml

    parts = yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    files = [ROOT / f"{chapter['file']}.ipynb" for part in parts for chapter in part["chapters"]]
    return [file for file in files if file.is_file()]


def execute(notebook, allow_errors=False):
    """Run all cells of a notebook in place, in the folder of the chapters."""
    from nbclient import NotebookClient

    set_environment()
    NotebookClient(notebook, kernel_name="python3", timeout=900, allow_errors=allow_errors,
                   record_timing=False, coalesce_streams=True,
                   resources={"metadata": {"path": str(CHAPTERS)}}).execute()
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"],
                         "language_info": {"name": "python"}}
    return notebook


def missing_data(path):
    """The MedMNIST sets that a notebook loads by their names and that are not on this machine."""
    from medlstm.datasets import at_hand

    return sorted(name for name in set(re.findall(r'load_medmnist\(\\"(\w+)', path.read_text()))
                  if not at_hand(name))


def readers_copy(notebook):
    """A copy without solutions and without outputs: the state in which a reader starts."""
    import copy

    notebook = copy.deepcopy(notebook)
    notebook.cells = [cell for cell in notebook.cells if "solution" not in cell.metadata.get("tags", [])]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def _run(names):
    import nbformat

    for path in [file for file in chapters() if not names or file.stem in names]:
        print(f"{path.relative_to(ROOT)} ...", flush=True)
        notebook = execute(nbformat.read(path, as_version=4))
        with whole_file(path) as part:
            nbformat.write(notebook, part)


def _readers(folder):
    import nbformat

    folder.mkdir(parents=True, exist_ok=True)
    for path in chapters():
        nbformat.write(readers_copy(nbformat.read(path, as_version=4)), folder / path.name)
    print(f"{len(chapters())} chapters without solutions are in {folder}")


def _lab():
    set_environment()
    first = chapters()[0].relative_to(ROOT)
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", f"--notebook-dir={ROOT}",
                              f"--LabApp.default_url=/lab/tree/{first.as_posix()}"])


def main():
    parser = argparse.ArgumentParser(prog="python -m medlstm.notebooks", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("run", help="execute chapters, store their outputs").add_argument(
        "names", nargs="*", metavar="NAME", help="such as numpy-lstm; all unless given")
    actions.add_parser("readers", help="write the copies a reader works in").add_argument(
        "folder", type=Path, metavar="FOLDER")
    actions.add_parser("lab", help="open JupyterLab on the first chapter")
    options = parser.parse_args()
    if options.action == "run":
        _run(options.names)
    elif options.action == "readers":
        _readers(options.folder)
    else:
        _lab()


if __name__ == "__main__":
    main()
