"""The address that a class is given: /hub/user-redirect/book/gate-equations.

It brings a student's own copies of the chapters up to date, in the student's home folder and as the student, and
opens one. What the student has changed stays; `medlstm.book.readers` sees to that.
"""

import asyncio
import json
import sys
from pathlib import Path

from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.utils import url_path_join
from tornado import web

HOME = Path.home()


def copies(name):
    """Write the copies, and return the path of one of them below the home folder; without a name, of the first."""
    from medlstm.book.chapters import named
    from medlstm.book.readers import first, write_copies
    from medlstm.files import DATA

    folder = HOME / "book" / "chapters"
    newest = write_copies(folder)
    shared = folder.parent / "data"  # where the chapters look for stored runs
    if not shared.is_symlink() and not shared.exists():
        shared.symlink_to(DATA)
    return str((folder / named(name or first(), newest)).relative_to(HOME))


class Copies(JupyterHandler):
    """Runs `copies` in a process of its own, whose memory is given back, and goes where it says."""

    @web.authenticated
    async def get(self, name=None):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __name__, name or "", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        said, complaint = await process.communicate()
        if process.returncode:
            raise web.HTTPError(500, reason=complaint.decode(errors="replace").strip().splitlines()[-1][:200])
        path = json.loads(said.decode().splitlines()[-1])
        self.redirect(url_path_join(self.base_url, "lab/tree", path))


def _load_jupyter_server_extension(server):
    base = server.web_app.settings["base_url"]
    server.web_app.add_handlers(".*", [(url_path_join(base, r"book(?:/([\w-]+))?/?"), Copies)])


if __name__ == "__main__":
    try:
        print(json.dumps(copies(sys.argv[1])))
    except (OSError, ValueError) as error:
        sys.exit(f"Your copies could not be written: {error}")
