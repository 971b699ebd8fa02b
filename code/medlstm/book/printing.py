"""How does the book come onto paper? ``python -m medlstm.book pdf`` prints its site, as one file, with Chromium.

What a site does not have is added: a title page, a table of contents and references with page numbers, a line at the
head of each page, hints and solutions at the end. A browser does not tell on which page something will stand, so the
book is printed again until the numbers in it are those of its pages.
"""

import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from pikepdf import ObjectStreamMode, Pdf

from medlstm.book import whole
from medlstm.book.forms import FORMS, SITE
from medlstm.book.paper import PAGE_OF, paper
from medlstm.files import whole_file

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"),
    *("--no-pdf-header-footer", "--generate-pdf-document-outline", "--virtual-time-budget=60000"),
)
ROUNDS = 5  # of printing, at most


def make(path=FORMS / "book.pdf", site=SITE):
    """Print the whole book into a file.

    Parameters
    ----------
    path : Path
    site : Path
        The built site.

    Returns
    -------
    int
        The number of pages.

    Raises
    ------
    ValueError
        If there is no Chromium, the site is not built, or Chromium does not print.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise ValueError("the book is printed by Chromium, and none was found; on Debian: apt-get install chromium")
    html, numbers = paper(whole.pages(site), site), {}
    with TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            printed = _printed(_numbered(html, numbers), Path(folder), browser)
            before, numbers = numbers, _page_numbers(printed)
            if numbers == before:
                break
        else:
            raise ValueError(
                f"expected the same page numbers after {ROUNDS} rounds of printing, got others; raise ROUNDS"
            )
        _finish(printed)
        with whole_file(path) as part:
            printed.save(
                part, object_stream_mode=ObjectStreamMode.generate, recompress_flate=True, deterministic_id=True
            )
        pages = len(printed.pages)
        printed.close()
    return pages


def _numbered(html, numbers):
    return PAGE_OF.sub(lambda place: str(numbers.get(place[1], "000")), html)


def _printed(html, folder, browser):
    """A page of HTML as Chromium prints it."""
    source, result = folder / "book.html", folder / "book.pdf"
    source.write_text(html)
    command = [browser, *FLAGS, f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={result}", source.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode or not result.is_file():
        raise ValueError(f"expected {browser} to print the book, got: {done.stderr.strip()[-500:]}")
    return Pdf.open(BytesIO(result.read_bytes()))


def _page_numbers(printed):
    """The page on which each target of a link stands."""
    numbers = {page.obj.objgen: number for number, page in enumerate(printed.pages, start=1)}
    return {name.removeprefix("/"): numbers[place[0].objgen] for name, place in printed.Root.Dests.items()}


def _finish(printed):
    """Write the facts of this edition into the print, and wipe out when and with what it was made."""
    facts = whole.facts()
    day = facts.date.strftime("D:%Y%m%d000000Z")
    told = {
        "Title": facts.title,
        "Author": facts.authors,
        "Subject": facts.subtitle,
        "CreationDate": day,
        "ModDate": day,
    }
    for name in list(printed.docinfo):
        del printed.docinfo[name]
    for name, value in told.items():
        printed.docinfo[f"/{name}"] = value
