"""How does a chapter become slides? ``python -m medlstm.book slides`` cuts them out of the pages of the built site.

A slide shows what the page shows, in the same words, numbers and references, since it is the same HTML: nothing is
rendered twice. reveal.js turns the pieces; the package sphinx-revealjs carries it.

What is on a slide stands in the metadata of the cells, as Jupyter has it: ``slide`` begins one, ``subslide`` one below
it, ``-`` or nothing goes on, ``fragment`` goes on at the next key, ``skip`` is left out, ``notes`` are what the speaker
reads. A cell is a row of blocks, paragraphs or code and its outputs; ``slideshow.blocks`` names those that are shown
where not all are, and begins a slide with each list after the first if there are several. Outputs tagged
``hide-output`` and folds come at the next key: a guess comes first. Captions stay in the chapter.

A slide is 1280 pixels wide and 720 high. So is a page of 960 by 540 points, 13.3 inches across, the usual one of
programs for slides: 18 points are 24 pixels there, one thirtieth of the picture's height, on whatever projector.
"""

import html
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup, Comment, Tag
from markdown_it import MarkdownIt

from medlstm.book import letters
from medlstm.book.chapters import CORE, chapter, slide_type
from medlstm.book.forms import FORMS, SITE
from medlstm.book.plain import plain

SMALLEST = 24  # pixels
WIDE, ALONE, BELOW = 1216, 610, 540  # of a drawing, in pixels: how wide, how high alone, how high below a heading
STYLE = Path(__file__).with_suffix(".css")
BOOK = "LSTMs for Medical Images"
LICENCE = "Text and figures: CC BY 4.0. Code: MIT."


def write(site=SITE, folder=FORMS / "slides"):
    """Write the decks of all core chapters and a page that lists them.

    Parameters
    ----------
    site : Path
        The folder of the built site.
    folder : Path
        What was in it is replaced.

    Returns
    -------
    list of Path
        The decks.

    Raises
    ------
    ValueError
        If there is no reveal.js, or no site of this edition.
    """
    reveal = _reveal()
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "images").mkdir(parents=True)
    for part in ("dist/reveal.js", "dist/reveal.css", "dist/reset.css", "plugin/notes/notes.js", "LICENSE"):
        shutil.copy(reveal / part, folder / Path(part).name)
    shutil.copy(STYLE, folder / "slides.css")
    decks = [Deck(name, site) for name in CORE]
    shutil.copytree(site / "_static" / "mathjax", folder / "mathjax")
    for deck in decks:
        (folder / f"{deck.name}.html").write_text(deck.page(folder))
    (folder / "index.html").write_text(_contents(decks))
    return [folder / f"{deck.name}.html" for deck in decks]


def _reveal():
    """The folder of reveal.js."""
    package = find_spec("sphinx_revealjs")
    if not package:
        raise ValueError("expected the package sphinx-revealjs, which carries reveal.js, found none; type: make teach")
    return Path(package.origin).parent / "_static" / "revealjs"


def outline(cells):
    """Which cells are on which slide?

    Parameters
    ----------
    cells : list
        Of a notebook.

    Returns
    -------
    list of list of list
        Columns of slides, one below the other; a slide is a list of cells, each with the places of the blocks that
        are shown, or None for all. Solutions and checks are on none, nor are notes to what is left out: those before
        which nothing has been shown since the notes before them.
    """
    columns, spoken_of = [], True
    for cell in cells:
        kind = slide_type(cell)
        if kind == "slide" or (kind == "subslide" and not columns):
            columns.append([[]])
        elif kind == "subslide":
            columns[-1].append([])
        if kind != "skip" and columns and not _answers(cell) and not (kind == "notes" and spoken_of):
            spoken_of = kind == "notes"
            first, *others = _parts(cell)
            columns[-1][-1].append((cell, first))
            columns += [[[(cell, part)]] for part in others]
    return columns


def _parts(cell):
    """The blocks of a cell that are shown, slide by slide."""
    blocks = cell.metadata.get("slideshow", {}).get("blocks")
    return blocks if blocks and isinstance(blocks[0], list) else [blocks]


def _answers(cell):
    """Whether a cell gives an exercise away."""
    tags = set(cell.metadata.get("tags", []))
    return bool(tags & {"solution", "check"}) or ":::{solution}" in cell.source


class Deck:
    """The slides of one chapter, cut out of its page."""

    def __init__(self, name, site):
        self.name, self.site = name, site
        self.cells = nbformat.read(chapter(name), as_version=4).cells
        page = site / "chapters" / f"{name}.html"
        if not page.is_file():
            raise ValueError(f"expected the built site in {site}, found no page of {name} there; type: make book")
        self.article = BeautifulSoup(page.read_text(), "html.parser").select_one("article")
        self.title = self.article.h1.find(string=True, recursive=False).strip()
        self.blocks = self._cut()
        self.columns = outline(self.cells)

    def _cut(self):
        """The blocks of each cell, by its id."""
        for part in self.article.select("section, .plot, a.large"):
            part.unwrap()
        shown = [c for c in self.cells if c.cell_type == "code" and "remove-cell" not in c.metadata.get("tags", [])]
        divs = self.article.select("div.cell")
        code = {id(div): cell for div, cell in zip(divs, shown)}
        blocks, pending = {}, []
        for part in list(self.article.children):
            mark = re.match(r" cell (\S+) $", part) if isinstance(part, Comment) else None
            if mark:
                blocks[mark[1]], pending = pending, []
            elif isinstance(part, Tag) and id(part) in code:
                blocks[code[id(part)].id] = _code_blocks(part)
            elif isinstance(part, Tag) and part.name != "span":
                pending.append(part)
        missing = [c.id for c in self.cells if c.cell_type == "markdown" and slide_type(c) != "notes"]
        if len(divs) != len(shown) or not blocks.keys() >= set(missing):
            raise ValueError(f"expected the page of {self.name} as it is now, got an older one; type: make book")
        return blocks

    def page(self, folder):
        """The deck as a page; its images go into the folder."""
        stacks = [[self._title()], *self.columns_shown(folder), [self._end()]]
        sections = "\n".join(
            stack[0] if len(stack) == 1 else "<section>\n" + "\n".join(stack) + "\n</section>" for stack in stacks
        )
        return PAGE.format(
            title=html.escape(self.title),
            book=BOOK,
            name=self.name,
            sections=sections,
            mathjax=MATHJAX if 'class="math' in sections else "",
        )

    def columns_shown(self, folder):
        """The slides between the first and the last, as HTML."""
        for column in self.columns:
            yield [self._slide(cells, folder) for cells in column]

    def _slide(self, parts, folder):
        body = BeautifulSoup("", "html.parser").new_tag("section")
        for cell, chosen in parts:
            for block in self._chosen(cell, chosen):
                body.append(block)
        if first := body.find(True, recursive=False):
            first["class"] = [name for name in first.get("class", []) if name != "fragment"]
        self._lead_home(body)
        alone = not [part for part in body.find_all(True, recursive=False) if not part.select("img")]
        for figure in body.select("figure"):
            self._draw(figure, folder, ALONE if alone else BELOW)
        for cell, _ in parts:
            if slide_type(cell) == "notes":
                words = re.sub(r"\]\(([\w-]+)\.ipynb\)", r"](../../chapters/\1.html)", plain(cell.source, self.name))
                notes = f'<aside class="notes">{MarkdownIt().render(words)}</aside>'
                body.append(BeautifulSoup(notes, "html.parser"))
        return str(body)

    def _chosen(self, cell, chosen):
        """The blocks of a cell that are shown; the title of the chapter has a slide of its own."""
        blocks, tags = self.blocks.get(cell.id, []), set(cell.metadata.get("tags", []))
        chosen = range(len(blocks)) if chosen is None else chosen
        if any(k >= len(blocks) for k in chosen):
            raise ValueError(
                f"{self.name}, cell {cell.id}: expected slideshow.blocks below {len(blocks)}, got {chosen}; "
                "choose others"
            )
        for k in chosen:
            block = BeautifulSoup(str(blocks[k]), "html.parser").find(True)
            if block.name == "h1" or (cell.cell_type == "code" and k == 0 and "hide-input" in tags):
                continue
            kinds, late = block.get("class", []), slide_type(cell) == "fragment" or (k > 0 and "hide-output" in tags)
            if "dropdown" in kinds or late:
                block["class"] = [name for name in kinds if name not in ("dropdown", "fragment")] + ["fragment"]
            yield block

    def _lead_home(self, body):
        """Links lead to the site, from wherever the slide is; what else a page has for its readers goes."""
        for part in body.select(".headerlink"):
            part.decompose()
        for link in body.select("a[href]"):
            address = link["href"]
            if not re.match(r"\w+:", address):
                link["href"] = (
                    f"../../chapters/{self.name}.html{address}" if address[0] == "#" else f"../../chapters/{address}"
                )
                link["class"] = "book"
        for part in body.select("[id]"):
            del part["id"]

    def _draw(self, figure, folder, high):
        """A drawing as large as its slide allows, with letters that can be read; of its caption the number stays."""
        image = figure.img
        source = self.site / "chapters" / image["src"]
        number = figure.select_one(".caption-number")
        if source.suffix == ".svg":
            svg = letters.fitted(source.read_text(), WIDE, high, SMALLEST)
            wide, tall = letters.size(svg)
            (folder / "images" / source.name).write_text(svg)
        else:
            shutil.copy(source, folder / "images" / source.name)
            wide, tall = int(image["width"]), int(image["height"])
        scale = min(WIDE / wide, high / tall)
        image.attrs = {
            "src": f"images/{source.name}",
            "alt": image["alt"],
            "width": round(scale * wide),
            "height": round(scale * tall),
        }
        if figure.figcaption:
            figure.figcaption.decompose()
        if number:
            figure["aria-label"] = number.get_text(strip=True)

    def _title(self):
        return (
            f'<section class="first">\n<h1>{html.escape(self.title)}</h1>\n<p>{BOOK}</p>\n'
            f'<p class="quiet">{LICENCE}</p>\n'
            f'<p><a class="book" href="../../chapters/{self.name}.html">The chapter</a></p>\n</section>'
        )

    def _end(self):
        """What to do now: the exercises by their names, and where the book goes on."""
        body = BeautifulSoup('<section class="last"><h2>Your turn</h2></section>', "html.parser").section
        items = "".join(
            f'<li><a href="#{exercise["id"]}">{" ".join(exercise.p.get_text().split())}</a></li>'
            for exercise in self.article.select("div.exercise[id]")
        )
        body.append(BeautifulSoup(f"<ul>{items}</ul>", "html.parser"))
        following = next(cell for cell in reversed(self.cells) if cell.source.startswith("## Next"))
        for block in self.blocks[following.id]:
            if block.name == "p":
                body.append(BeautifulSoup(str(block), "html.parser"))
        self._lead_home(body)
        return str(body)


def _code_blocks(cell):
    """What a reader sees of a code cell: its code, then each output."""
    outputs = cell.select_one(".cell_output")
    return [cell.select_one(".cell_input"), *(outputs.find_all(True, recursive=False) if outputs else [])]


def _contents(decks):
    rows = "".join(
        f'<li><a href="{deck.name}.html">{html.escape(deck.title)}</a> '
        f'<span class="quiet">{2 + sum(map(len, deck.columns))} slides</span></li>\n'
        for deck in decks
    )
    return CONTENTS.format(rows=rows, book=BOOK, licence=LICENCE)


# In a published site the chapters lie two folders up; beside a site of this machine, in html/.
HOME = """<script>
if (location.pathname.includes("/_build/forms/"))
  for (const link of document.querySelectorAll("a.book"))
    link.setAttribute("href", link.getAttribute("href").replace("../../", "../../html/"));
</script>"""

MATHJAX = """<script>
window.MathJax = {
  options: {enableMenu: false, ignoreHtmlClass: "reveal", processHtmlClass: "math"},
  startup: {ready() { MathJax.startup.defaultReady(); }},
};
</script>
<script src="mathjax/tex-chtml.js"></script>
"""

PAGE = (
    """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} \u2014 slides of {book}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="reset.css">
<link rel="stylesheet" href="reveal.css">
<link rel="stylesheet" href="slides.css">
{mathjax}</head>
<body>
<div class="reveal">
<div class="slides">
{sections}
</div>
<a class="book home" href="../../chapters/{name}.html">{title}</a>
</div>
<script src="reveal.js"></script>
<script src="notes.js"></script>
"""
    + HOME
    + """
<script>
const typeset = window.MathJax ? MathJax.startup.promise : Promise.resolve();
typeset.then(() => Reveal.initialize({{
  width: 1280, height: 720, margin: 0, minScale: 0.1, maxScale: 8, center: false, display: "flex",
  hash: true, controls: false, slideNumber: "c/t", transition: "none", backgroundTransition: "none",
  pdfSeparateFragments: false, pdfMaxPagesPerSlide: 1, plugins: [RevealNotes],
}}));
</script>
</body>
</html>
"""
)

CONTENTS = (
    """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Slides of {book}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="slides.css">
</head>
<body class="contents">
<h1>Slides</h1>
<p>Talks of about half an hour from the chapters of <a class="book" href="../../index.html">{book}</a>.
Arrow keys or space turn the slides, <kbd>S</kbd> opens the speaker\u2019s view with notes, <kbd>F</kbd> fills the
screen, <kbd>O</kbd> shows all at once, <kbd>?</kbd> lists every key.
For a PDF open a talk with <code>?print-pdf</code> behind its address and print it.</p>
<ol>
{rows}</ol>
<p class="quiet">{licence}</p>
"""
    + HOME
    + """
</body>
</html>
"""
)
