"""Which other forms of the book are there, and where does the site link to them?

Slides, the book on paper and the book for a reader are written into ``_build/forms``, each by its own command and only
when asked for. `publish` puts what is there into the site. It may be called as often as one likes, before or after
the site is built again.
"""

import re
import shutil
from os.path import relpath

from medlstm.book.chapters import CORE
from medlstm.files import ROOT

FORMS = ROOT / "_build" / "forms"
SITE = ROOT / "_build" / "html"
WHOLE = {"book.pdf": "Whole book, PDF", "book.epub": "Whole book, EPUB"}
"""The forms of the whole book, and what a link to each says."""

LINK = re.compile(r'<(li|p) class="form">.*?</\1>\n', re.S)
MENU = re.compile(r"dropdown-download-buttons.*?(?=</ul>)", re.S)
HEADING = re.compile(r"<article.*?</h1>\n", re.S)
ICON = re.compile(r'<span class="btn__icon-container">.*?</span>', re.S)


def pages(site=SITE):
    """What readers of the site open: no template, and nothing of another form."""
    return [
        path for path in sorted(site.rglob("*.html")) if path.relative_to(site).parts[0] not in ("_static", "forms")
    ]


def publish(site=SITE, forms=FORMS):
    """Copy the other forms into the site and link to them from its pages; what is not built has no link.

    A form of the whole book stands in the download menu of each page. The slides of a chapter stand in the menu of
    that chapter and of its page for the teacher, and at the head of the latter.

    Parameters
    ----------
    site : Path
        The folder of the built site; if there is none, nothing happens.
    forms : Path
        ``book.pdf``, ``book.epub`` and ``slides/NAME.html`` are looked for here.
    """
    if not (site / "index.html").is_file():
        return
    shutil.rmtree(site / "forms", ignore_errors=True)
    if forms.is_dir():
        shutil.copytree(forms, site / "forms")
    for path in pages(site):
        html = path.read_text()
        linked = _linked(LINK.sub("", html), path, site)
        if linked != html:
            path.write_text(linked)


def _linked(html, path, site):
    """A page with links to what is there."""
    menu = MENU.search(html)
    if not menu:
        return html
    icon = ICON.search(menu[0])[0]
    books = [(site / "forms" / name, words) for name, words in WHOLE.items()]
    entries = [_entry(file, path, f"{words} ({_size(file)})", icon) for file, words in books if file.is_file()]
    slides = _slides(path, site)
    if slides:
        entries.insert(0, _entry(slides, path, "Slides", icon))
    html = html[: menu.end()] + "".join(entries) + html[menu.end() :]
    if slides and path.parent.name == "notes":
        link = f'<p class="form"><a href="{_address(slides, path)}">Slides of this chapter</a></p>'
        html = HEADING.sub(lambda heading: f"{heading[0]}{link}\n", html, count=1)
    return html


def _slides(path, site):
    """The slides that belong to a page, if it is a core chapter or that chapter's page for the teacher."""
    place = path.relative_to(site).parent.as_posix()
    slides = site / "forms" / "slides" / path.name
    return slides if place in ("chapters", "teaching/notes") and path.stem in CORE and slides.is_file() else None


def _entry(file, path, words, icon):
    """An entry of the download menu, as the theme writes its own."""
    link = f'<a class="btn btn-sm dropdown-item" href="{_address(file, path)}">'
    return f'<li class="form">{link}\n{icon}\n<span class="btn__text-container">{words}</span>\n</a></li>\n'


def _address(file, path):
    return relpath(file, path.parent).replace("\\", "/")


def _size(file):
    """A size as readers know it from their downloads."""
    return f"{file.stat().st_size / 1e6:.1f} MB"
