"""The address that a class is given: /hub/user-redirect/book/gate-equations.

It brings a student's own copies of the chapters up to date, in the student's home folder and as the student, and
opens one. What the student has changed stays; `medlstm.book.readers` sees to that.
"""

import asyncio
from pathlib import Path

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web


def copies(name=None, home=None):
    """Bring the copies up to date.

    Parameters
    ----------
    name : str, optional
        Of a chapter; the first unless given.
    home : Path, optional
        The home folder; this process's own unless given.

    Returns
    -------
    str
        The path of that chapter's newest copy, below the home folder.
    """
    from medlstm.book.chapters import named
    from medlstm.book.readers import first, write_copies
    from medlstm.files import DATA, ROOT

    home = home or Path.home()
    folder = home / "book" / "chapters"
    newest = write_copies(folder, stored=ROOT / "workbook")  # `setup` has written these
    shared = folder.parent / "data"  # where the chapters look for stored runs
    if not shared.is_symlink() and not shared.exists():
        shared.symlink_to(DATA)
    return str((folder / named(name or first(), newest)).relative_to(home))


class Copies(JupyterHandler):
    """Runs `copies` beside the server's other work, and goes where it says."""

    @web.authenticated
    async def get(self, name=None):
        try:
            path = await asyncio.to_thread(copies, name)
        except ValueError as error:
            raise web.HTTPError(404, reason=str(error)[:200]) from error
        except OSError as error:
            raise web.HTTPError(507, reason=f"Your copies could not be written: {error.strerror}") from error
        self.redirect(url_path_join(self.base_url, "lab/tree", path))


def _load_jupyter_server_extension(server):
    base = server.web_app.settings["base_url"]
    server.web_app.add_handlers(".*", [(url_path_join(base, r"book(?:/([\w-]+))?/?"), Copies)])
