"""Which repository publishes the book, and where does a chapter open from it?"""

import os
import re
from typing import NamedTuple

GITHUB = "https://github.com"
COLAB = "colab"  # the branch of the copies that Colab opens


class Repository(NamedTuple):
    """A public repository at one commit; `name` is owner and name, such as ``"owner/book"``."""

    name: str
    commit: str
    server: str = GITHUB

    @property
    def address(self):
        return f"{self.server}/{self.name}"

    def binder(self, page):
        """Where Binder opens the reader's copy of a page, in an environment made from ``.binder/``."""
        return f"https://mybinder.org/v2/gh/{self.name}/{self.commit}?urlpath=lab/tree/workbook/{page}.ipynb"

    def colab(self, page):
        """Where Colab opens the copy that `medlstm.book.colab` wrote of a page."""
        return f"https://colab.research.google.com/github/{self.name}/blob/{COLAB}/{page}.ipynb"

    def raw(self, path):
        """Where a file of the repository is read as it is."""
        return f"https://raw.githubusercontent.com/{self.name}/{self.commit}/{path}"


def publisher(variables=os.environ):
    """The repository whose workflow builds the book, from the variables that GitHub sets; elsewhere none.

    Parameters
    ----------
    variables : mapping
        ``GITHUB_REPOSITORY``, ``GITHUB_SHA`` and ``GITHUB_SERVER_URL`` are looked up.

    Returns
    -------
    Repository or None
        None, too, on another server than github.com, from which Binder and Colab would open nothing.

    Raises
    ------
    ValueError
        If the repository or the commit is no such thing.
    """
    name, commit, server = (variables.get(f"GITHUB_{key}", "") for key in ("REPOSITORY", "SHA", "SERVER_URL"))
    if not name or server not in ("", GITHUB):
        return None
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name) or not re.fullmatch("[0-9a-f]{40}", commit):
        raise ValueError(
            f"expected owner/name in GITHUB_REPOSITORY and 40 hexadecimal digits in GITHUB_SHA, "
            f"got {name!r} and {commit!r}; unset GITHUB_REPOSITORY for a book without launch buttons"
        )
    return Repository(name, commit)


def required(variables=os.environ):
    """The repository that publishes the book; ValueError if there is none."""
    repository = publisher(variables)
    if repository is None:
        raise ValueError(
            "expected GITHUB_REPOSITORY and GITHUB_SHA, which a workflow of GitHub sets, got none; "
            "set them to owner/name and to a published commit"
        )
    return repository


def launch_buttons(page, repository):
    """The menu that opens a chapter elsewhere, as the theme draws it: one group of links.

    Parameters
    ----------
    page : str
        The name of the chapter, such as ``"gate-equations"``.
    repository : Repository or None

    Returns
    -------
    list of dict
        Empty without a repository: no button rather than a dead one.
    """
    if repository is None:
        return []
    places = {
        "Binder": (repository.binder(page), "logo_binder.svg"),
        "Colab": (repository.colab(page), "logo_colab.png"),
    }
    links = [
        {"type": "link", "text": name, "tooltip": f"Open on {name}", "icon": f"_static/images/{icon}", "url": url}
        for name, (url, icon) in places.items()
    ]
    tooltip = "Run this chapter on another computer"
    return [{"type": "group", "tooltip": tooltip, "icon": "fas fa-rocket", "label": "launch-buttons", "buttons": links}]


def base_path(variables=os.environ):
    """What stands before the paths of the site, from ``BOOK_PATH``: ``"/book"`` for owner.github.io/book."""
    path = variables.get("BOOK_PATH", "").strip("/")
    return f"/{path}" if path else ""
