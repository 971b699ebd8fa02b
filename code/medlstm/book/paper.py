"""What does the book look like on paper? One long page, with all that a site does not have; `paper.css` lays it out."""

import re
from base64 import b64encode
from html import escape
from pathlib import Path
from typing import NamedTuple

import matplotlib
from bs4 import BeautifulSoup
from pygments.formatters import HtmlFormatter

from medlstm.book import letters, whole

STYLE = Path(__file__).with_name("paper.css")
FONTS = {  # they come with Matplotlib, so that lines and pages break alike on every machine
    "Text": ("STIXGeneral", "STIXGeneralItalic", "STIXGeneralBol", "STIXGeneralBolIta"),
    "Code": ("DejaVuSansMono", "DejaVuSansMono-Oblique", "DejaVuSansMono-Bold", "DejaVuSansMono-BoldOblique"),
    "Heads": ("DejaVuSans", "DejaVuSans-Oblique", "DejaVuSans-Bold", "DejaVuSans-BoldOblique"),
}
COLUMNS, MOST = 84, 104  # letters of code side by side, and at most, smaller; what is longer is turned over
SPACE = (431, 552)  # of a drawing, in points: the width of a line, and as high as `paper.css` allows
SMALLEST = 7  # points of a letter in a drawing
PAGE_OF = re.compile(r"\{page of ([\w.-]+)\}")
"""Stands where the number of a page belongs."""


class Chapter(NamedTuple):
    """What stands in the table of contents, at the head of pages, and on them."""

    name: str
    part: str
    title: str
    sections: list
    html: str


def paper(pages, site):
    """The book as one page of HTML.

    Parameters
    ----------
    pages : list of `whole.Page`
    site : Path
        The built site, whose MathJax sets the formulas.

    Returns
    -------
    str
        With a `PAGE_OF` in place of each page number.
    """
    last = [(page, whole.answers_last(page)) for page in pages]
    chapters = [_chapter(page) for page in pages]
    chapters += [_answers("hints", page, answers.hints) for page, answers in last if answers.hints]
    chapters += [_answers("solutions", page, answers.solutions) for page, answers in last if answers.solutions]
    style = _faces() + HtmlFormatter(style="a11y-high-contrast-light").get_style_defs(".highlight")
    style += STYLE.read_text() + "\n".join(map(_head, chapters))
    mathjax = (site / "_static" / "mathjax" / "tex-chtml.js").resolve().as_uri()
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(whole.facts().title)}</title><style>{style}</style>
<script>MathJax = {{options: {{enableMenu: false, enableAssistiveMml: false}}, chtml: {{scale: 0.95}}}}</script>
<script async src="{mathjax}"></script></head>
<body>{_title_page()}{_contents(chapters)}{"".join(html for *_, html in _with_parts(chapters))}</body></html>"""


def _chapter(page):
    """A page of the book, one level below its part."""
    article = page.article
    if page.part:
        for level in (5, 4, 3, 2, 1):
            for heading in article.find_all(f"h{level}"):
                heading.name = f"h{level + 1}"
    else:
        article.h1.string = "About this book"
    title = article.find(["h1", "h2"]).get_text()
    sections = [(heading.parent["id"], heading.decode_contents()) for heading in article.select("section > h3")]
    if page.name.startswith("notes-"):
        sections = []  # the same in each
    _fit(article)
    return Chapter(page.name, page.part, title, sections, str(article))


def _answers(kind, page, boxes):
    """The hints or the solutions of a page."""
    for box in boxes:
        _fit(box)
    name = f"{kind}--{page.name}"
    html = f'<section class="page {kind}" id="{name}"><h2>{page.title}</h2>{"".join(map(str, boxes))}</section>'
    return Chapter(name, kind.capitalize(), page.title, [], html)


def _fit(box):
    """Long lines of code are set smaller, letters of drawings larger; references say on which page to look."""
    for block in box.select("pre"):
        longest = max(map(len, block.get_text().split("\n")))
        if longest > COLUMNS:
            block["style"] = f"--columns: {min(longest, MOST)}"
    for image in box.select("img"):
        file = Path(image["src"])
        image["src"] = _legible(file) if file.suffix == ".svg" else file.as_uri()
    for link in box.select("a.paged, a:has(> .std-ref), a:has(> .doc)"):
        page = BeautifulSoup(_page_of(link["href"].removeprefix("#"), " p.\u2009"), "html.parser")
        link.insert_after(page)


def _legible(file):
    """The address of a drawing, or of one like it with larger letters."""
    svg = file.read_text()
    fitted = letters.fitted(svg, *SPACE, SMALLEST, most=1)
    if fitted is svg:
        return file.as_uri()
    return "data:image/svg+xml;base64," + b64encode(fitted.encode()).decode()


def _page_of(name, words=""):
    return f'<span class="page-number">{words}<b>{{page of {name}}}</b></span>'


def _with_parts(chapters):
    """The chapters; the first of a part has its name at the head."""
    part = ""
    for chapter in chapters:
        if chapter.part != part:
            part = chapter.part
            head, opening, rest = chapter.html.partition(f'id="{chapter.name}">')
            chapter = chapter._replace(html=f'{head}{opening}<h1 class="part">{part}</h1>{rest}')
        yield chapter


def _contents(chapters):
    """The table of contents, with parts, chapters and sections."""
    lines, part = [], ""
    for chapter in chapters:
        if chapter.part != part:
            part = chapter.part
            lines.append(f'<p class="part">{part}</p>')
        lines.append(_line("chapter", chapter.name, escape(chapter.title)))
        lines += [_line("section", name, title) for name, title in chapter.sections]
    return f'<section class="contents"><h1>Contents</h1>{"".join(lines)}</section>'


def _line(kind, name, title):
    return f'<p class="{kind}"><a href="#{name}"><span>{title}</span><i></i>{_page_of(name)}</a></p>'


def _title_page():
    facts = whole.facts()
    return f"""<section class="title">
<p class="book">{escape(facts.title)}</p><p class="subtitle">{escape(facts.subtitle)}</p>
<p>{escape(facts.authors)}</p>
<p>Edition {facts.version}, {facts.date:%d %B %Y}</p>
<p class="rights">{facts.rights} Whose the images and data are, the data sheet says.<br>
Nothing in this book is for clinical use.</p></section>"""


def _head(chapter):
    """What stands at the head of the pages of a chapter."""
    part, title = (text.replace("\\", "\\\\").replace('"', '\\"') for text in (chapter.part, chapter.title))
    name = chapter.name.partition("--")[0]  # hints, and solutions, follow each other on the same pages
    title = title if name == chapter.name else ""
    return (
        f'@page {name} {{ @top-left {{ content: "{part}" }} @top-right {{ content: "{title}" }} }}\n'
        f"#{chapter.name} {{ page: {name} }}"
    )


def _faces():
    """The fonts as styles know them."""
    folder, looks = Path(matplotlib.get_data_path()) / "fonts" / "ttf", ("", "italic", "bold", "bold italic")
    return "".join(
        f'@font-face {{ font-family: "{family}"; src: url("{(folder / file).as_uri()}.ttf");'
        f" font-style: {'italic' if 'italic' in look else 'normal'};"
        f" font-weight: {'bold' if 'bold' in look else 'normal'} }}\n"
        for family, files in FONTS.items()
        for look, file in zip(looks, files)
    )
