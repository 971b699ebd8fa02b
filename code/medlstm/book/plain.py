"""How does a page read where no Sphinx builds it? As Markdown that every notebook program shows.

The chapters are written in MyST. A copy for JupyterLab gets plain Markdown instead: numbers for figures and
equations, links for references, folds for solutions.
"""

import re
from functools import cache
from typing import NamedTuple

import nbformat
from pybtex.database import parse_file
from pybtex.plugin import find_plugin

from medlstm.book.chapters import pages
from medlstm.files import ROOT

TARGET = re.compile(r"^\(([\w-]+)\)=\n#+ (.*)$", re.M)
EQUATION = re.compile(r"\$\$[ \t]*\(([\w-]+)\)")
DIRECTIVE = re.compile(r"^(:{3,})\{([\w-]+)\}(.*)\n((?:^:\w+:.*\n)*)((?:.*\n)*?)^\1$\n?", re.M)
ROLE = re.compile(r"\{([\w:-]+)\}`([^`<]+?)(?:\s*<([^`>]+)>)?`")


class Place(NamedTuple):
    """Where a label stands: the name of its page, and what a reference to it says there."""

    page: str
    text: str


def title(source):
    """The heading of a page."""
    return re.search(r"^# (.*)$", source, re.M)[1]


def page_name(path):
    """The name of a page's copy."""
    return "data-sheet" if path.stem == "README" else path.stem


def cells_of(path):
    """The cells of a page; of a Markdown file, one."""
    if path.suffix == ".ipynb":
        return nbformat.read(path, as_version=4).cells
    return [nbformat.v4.new_markdown_cell(path.read_text())]


@cache
def labels():
    """Every label of the book, with its `Place`."""
    found = {}
    for path in pages():
        name, figures, equations = page_name(path), 0, 0
        for cell in cells_of(path):
            if cell.cell_type == "code":
                figure = cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
                if figure:
                    figures += 1
                    found[figure] = Place(name, f"Figure {figures}")
                continue
            found |= {label: Place(name, heading) for label, heading in TARGET.findall(cell.source)}
            for label in EQUATION.findall(cell.source):
                equations += 1
                found[label] = Place(name, f"({equations})")
            for _, kind, heading, options, _ in DIRECTIVE.findall(cell.source):
                if kind == "exercise":
                    label = re.search(r":label: (\S+)", options)[1]
                    found[label] = Place(name, heading.strip())
    return found


@cache
def titles():
    """The title of each page of the book, by the name of its copy."""
    return {page_name(path): title(cells_of(path)[0].source) for path in pages()}


@cache
def works():
    """Each cited work by its key: authors and year, and the whole entry in Markdown."""
    entries = parse_file(ROOT / "references.bib").entries
    style, render = find_plugin("pybtex.style.formatting", "plain")(), find_plugin("pybtex.backends", "markdown")()
    whole = {entry.key: entry.text.render(render) for entry in style.format_entries(entries.values())}
    return {key: (_authors(entry), entry.fields.get("year", "undated"), whole[key]) for key, entry in entries.items()}


def _authors(entry):
    names = [" ".join(map(str, person.rich_last_names)) for person in entry.persons["author"]]
    return names[0] if len(names) == 1 else " and ".join(names) if len(names) == 2 else f"{names[0]} *et al.*"


def plain(source, page):
    """MyST text of a page as plain Markdown.

    Parameters
    ----------
    source : str
        The text of a cell.
    page : str
        The name of the copy that it stands in; a label of this page needs no link to another file.

    Returns
    -------
    str

    Raises
    ------
    KeyError
        If a label, a page or a work is unknown.
    """
    source = re.sub(r"^\([\w-]+\)=\n", "", source, flags=re.M)
    source = re.sub(r"\n?\$\$[ \t]*\(([\w-]+)\)", lambda m: f"\n\\tag{{{labels()[m[1]].text[1:-1]}}}\n$$", source)
    source = DIRECTIVE.sub(lambda m: _directive(m[2], m[3].strip(), m[4], m[5].strip()), source)
    source = re.sub(r"```\{glossary\}\n(.*?)```", lambda m: _glossary(m[1]), source, flags=re.S)
    source = re.sub(r"```\{bibliography\}.*?```", lambda m: _bibliography(), source, flags=re.S)
    return ROLE.sub(lambda m: _reference(m[1], m[2].strip(), m[3], page), source)


def _directive(kind, heading, options, body):
    if kind in ("solution", "dropdown") or ":class: dropdown" in options:
        name = "Solution" if kind == "solution" else heading
        return f"<details><summary><b>{name}</b></summary>\n\n{body}\n\n</details>\n"
    if kind == "figure":
        return f"![{re.search(r':alt: (.*)', options)[1]}]({heading})\n\n{body}\n"
    if kind == "exercise":
        return f"### Exercise: {heading}\n\n{body}\n"
    return f"**{heading}**\n\n{body}\n\n---\n"


def _glossary(body):
    items = re.findall(r"^(\S.*)\n((?:  .*\n|\n)+)", body, re.M)
    return "\n\n".join(f"**{term}** \u2014 {' '.join(meaning.split())}" for term, meaning in items)


def _bibliography():
    return "\n\n".join(whole for _, _, whole in sorted(works().values()))


def _reference(kind, text, target, page):
    if kind == "term":
        return f"[{text}](glossary.ipynb)"
    if kind.startswith("cite"):
        return _citation(text.split(","), textual=kind == "cite:t")
    if kind == "doc":
        if (target or "").startswith("../teaching/"):  # what is for teachers alone has no copies
            return text
        name = (target or text).rpartition("/")[2].replace("README", "data-sheet")
        return f"[{text if target else titles()[name]}]({name}.ipynb)"
    place = labels()[target or text]
    words = text if target else place.text
    if kind == "eq":
        words = f"equation {words}"
    if place.page == page:
        return words if kind in ("eq", "numref") else f"*{words}*"
    elsewhere = f" of {titles()[place.page]}" if kind in ("eq", "numref") else ""
    return f"[{words}{elsewhere}]({place.page}.ipynb)"


def _citation(keys, textual):
    named = [works()[key.strip()][:2] for key in keys]
    joined = "; ".join(f"{authors} ({year})" if textual else f"{authors} {year}" for authors, year in named)
    return f"[{joined}](bibliography.ipynb)" if textual else f"([{joined}](bibliography.ipynb))"
