"""How does the book come onto paper? ``python -m medlstm.book pdf`` prints its site, as one file, with Chromium.

What a site does not have is added: a title page, a table of contents and references with page numbers, a line at the
head of each page, hints and solutions at the end. A browser does not tell on which page something will stand, so the
book is printed again until the numbers in it are those of its pages.
"""

import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from pypdf import PdfReader, PdfWriter

from medlstm.book import whole
from medlstm.book.forms import FORMS, SITE, publish
from medlstm.book.paper import PAGE_OF, paper
from medlstm.files import whole_file

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"),
    *("--no-pdf-header-footer", "--generate-pdf-document-outline", "--virtual-time-budget=60000"),
)
ROUNDS = 5  # of printing, at most


def make(path=FORMS / "book.pdf", site=SITE):
    """Print the whole book into a file, and link to it from the site.

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
        with whole_file(path) as part:
            _finished(printed).write(part)
    publish(site, path.parent)
    return len(printed.pages)


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
    return PdfReader(result.rename(folder / "printed.pdf"))


def _page_numbers(printed):
    """The page on which each target of a link stands."""
    numbers = {page.indirect_reference.idnum: number for number, page in enumerate(printed.pages, start=1)}
    places = printed.named_destinations.items()
    return {name.removeprefix("/"): numbers[place.raw_get("/Page").idnum] for name, place in places}


def _finished(printed):
    """The print with the facts of this edition, and no trace of when and where it was made."""
    facts, writer = whole.facts(), PdfWriter(clone_from=printed)
    day = facts.date.strftime("D:%Y%m%d000000Z")
    writer.metadata = {
        "/Title": facts.title,
        "/Author": facts.authors,
        "/Subject": facts.subtitle,
        "/Creator": "medlstm.book",
        "/Producer": "Chromium",
        "/CreationDate": day,
        "/ModDate": day,
    }
    return writer
