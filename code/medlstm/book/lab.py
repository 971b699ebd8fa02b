"""How is JupyterLab opened on the readers' copies?"""

import os
import sys
import webbrowser

from medlstm.book.chapters import named
from medlstm.book.readers import WORKBOOK, first, write_copies
from medlstm.environment import set_environment
from medlstm.files import ROOT


def open_lab(name=None, folder=WORKBOOK):
    """Bring the copies up to date and turn into JupyterLab, in their folder, on the chapter of that name.

    Parameters
    ----------
    name : str, optional
        The first chapter unless given.
    folder : Path
        Where the copies are.

    Raises
    ------
    ValueError
        If there is no such chapter.
    """
    newest = write_copies(folder)
    file = named(name or first(), newest)
    options = [f"--ServerApp.root_dir={folder}", f"--LabApp.default_url=/lab/tree/{file}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        print("You are root, so every program that a notebook starts is root, too. In a container that is usual.")
        options.append("--allow-root")
    if not _has_browser():
        print("No browser can be opened here: copy the address that ends in token=... below into one.")
        options.append("--no-browser")
    set_environment()
    os.environ["JUPYTER_CONFIG_PATH"] = str(ROOT / ".jupyter")  # no questions about news from the network
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", *options])


def _has_browser():
    try:
        webbrowser.get()
    except webbrowser.Error:
        return False
    return True
