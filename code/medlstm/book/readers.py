"""What does a reader work in? Copies of the chapters that are the reader's own.

A copy has plain Markdown, no outputs, and no solution in sight: each is folded into the cell below its exercise.
"""

import hashlib
import json

import nbformat

from medlstm.book.chapters import chapters, named, pages, slide_type
from medlstm.book.plain import cells_of, labels, page_name, plain
from medlstm.files import ROOT, whole_file

WORKBOOK = ROOT / "workbook"
ALONE = """\
import importlib.util

class BookMissing(ImportError):
    def _render_traceback_(self):
        return [str(self)]

if importlib.util.find_spec("medlstm") is None:
    raise BookMissing("This chapter needs the rest of its book: download the book, "
                      "type `make lab` in its folder, and open the chapter there.")"""


def readers_copy(path, alone=False):
    """A page as a reader starts with it; what is only for the speaker of its slides is left out.

    Parameters
    ----------
    path : Path
        A notebook or a Markdown file of the book.
    alone : bool
        Whether the copy leaves the book's folder: its first cell then says what is missing elsewhere.

    Returns
    -------
    notebook
        Its metadata name the edition, a hash of its text.
    """
    name, copy = page_name(path), nbformat.v4.new_notebook()
    if alone and path.suffix == ".ipynb":
        copy.cells.append(nbformat.v4.new_code_cell(ALONE, metadata={"jupyter": {"source_hidden": True}}))
    for cell in cells_of(path):
        tags = set(cell.metadata.get("tags", []))
        if slide_type(cell) == "notes":
            continue
        if "solution" in tags:  # into the fold of its prose, which stands before it
            opened, closed = copy.cells[-1].source.rsplit("\n\n</details>", 1)
            copy.cells[-1].source = f"{opened}\n\n```python\n{cell.source}\n```\n\n</details>{closed}"
        elif cell.cell_type == "markdown":
            copy.cells.append(nbformat.v4.new_markdown_cell(plain(cell.source, name)))
        else:
            copy.cells += _code(cell, tags, name)
    for number, cell in enumerate(copy.cells):
        cell.id = f"cell-{number}"
    copy.metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
        "medlstm": {"edition": edition(copy)},
    }
    return copy


def _code(cell, tags, name):
    """The copy of a code cell, and of a figure's caption."""
    copied = nbformat.v4.new_code_cell(cell.source)
    if "check" in tags:
        copied.metadata.tags = ["raises-exception"]  # it fails at first, and the cells below run all the same
    if "hide-input" in tags:
        copied.metadata.jupyter = {"source_hidden": True}
    yield copied
    if figure := cell.metadata.get("mystnb", {}).get("figure"):
        number = labels()[figure["name"]].text
        yield nbformat.v4.new_markdown_cell(f"**{number}.** {plain(figure['caption'], name)}")


def edition(notebook):
    """A hash of what is written in a notebook, whatever its outputs are."""
    text = json.dumps([(cell.cell_type, cell.source) for cell in notebook.cells])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write_copies(folder=WORKBOOK, stored=None):
    """Bring the copies of all pages up to date; what a reader has changed stays as it is.

    Where the book has a newer edition of a page that the reader has changed, it is put beside the reader's,
    under the same name with a number.

    Parameters
    ----------
    folder : Path
    stored : Path, optional
        A folder of untouched copies, which are taken rather than made again: much faster for a class.

    Returns
    -------
    dict of str
        The file that holds the newest edition of each page, by the page's name.
    """
    newest = {}
    for path in pages():
        name = page_name(path)
        fresh = nbformat.read(stored / f"{name}.ipynb", as_version=4) if stored else readers_copy(path)
        copies = _copies(folder, name)
        latest = copies[-1] if copies else folder / f"{name}.ipynb"
        if copies and _edition_of(latest) != fresh.metadata.medlstm.edition:
            latest = latest if _untouched(latest) else folder / f"{name}-{len(copies) + 1}.ipynb"
            if latest not in copies:
                print(f"{name}: there is a newer edition; you have changed yours, so the new one is {latest.name}")
            _write(fresh, latest)
        elif not copies:
            _write(fresh, latest)
        newest[name] = latest.name
    return newest


def reset(name, folder=WORKBOOK):
    """Start a page afresh; the reader's copies of it go into ``kept``, under names that were free.

    Parameters
    ----------
    name : str
        Of a page, such as ``"gate-equations"``.
    folder : Path

    Raises
    ------
    ValueError
        If there is no page of that name.
    """
    source = named(name, {page_name(path): path for path in pages()})
    kept = folder / "kept"
    for copy in _copies(folder, name):
        kept.mkdir(exist_ok=True)
        number = 1
        while (place := kept / f"{name}-{number}.ipynb").exists():
            number += 1
        copy.rename(place)
        print(f"{name}: your copy is now {place.relative_to(folder.parent)}")
    _write(readers_copy(source), folder / f"{name}.ipynb")
    print(f"{name}: fresh in {folder.name}/{name}.ipynb")


def _copies(folder, name):
    """The reader's copies of a page, the oldest first."""
    numbered = sorted(folder.glob(f"{name}-[0-9]*.ipynb"), key=lambda path: int(path.stem.rpartition("-")[2]))
    return [path for path in (folder / f"{name}.ipynb", *numbered) if path.is_file()]


def _edition_of(path):
    """The edition that a copy was made from; none if the reader's file cannot be read."""
    try:
        return nbformat.read(path, as_version=4).metadata.get("medlstm", {}).get("edition")
    except (ValueError, nbformat.reader.NotJSONError):
        return None


def _untouched(path):
    """Whether a copy is as it was written: no cell changed, none run."""
    if _edition_of(path) is None:
        return False
    notebook = nbformat.read(path, as_version=4)
    return edition(notebook) == notebook.metadata.medlstm.edition and not any(
        cell.get("execution_count") for cell in notebook.cells
    )


def _write(notebook, path):
    with whole_file(path) as part:
        nbformat.write(notebook, part)


def first():
    """The name of the first chapter."""
    return page_name(chapters()[0])
