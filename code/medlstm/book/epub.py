"""How does the book come onto a reader? ``python -m medlstm.book epub`` packs its site as an EPUB, a page a file.

Formulas become MathML, which readers draw and read out. Nothing in the file says when or where it was made.
"""

import re
import uuid
from html import escape
from pathlib import Path
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from bs4 import BeautifulSoup
from latex2mathml.converter import convert
from pygments.formatters import HtmlFormatter

from medlstm.book import whole
from medlstm.book.forms import FORMS, SITE
from medlstm.files import whole_file

STYLE = Path(__file__).with_name("reader.css")
ALIGNED = re.compile(r"\\(?:begin|end)\{(?:split|aligned)\}")
FUNCTION = re.compile(  # without brackets around what it is of
    r"((?<!<msup>)<mi>(?:ln|log|tanh)</mi>|<msup><mi>tanh</mi><mn>2</mn></msup>)(?!<mo stretchy=\"false\">&#x00028;)"
)
TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>"""
ACCESS = {
    "accessMode": ["textual", "visual"],
    "accessModeSufficient": ["textual"],
    "accessibilityFeature": [
        *("alternativeText", "describedMath", "MathML", "readingOrder", "structuralNavigation", "tableOfContents"),
        "displayTransformability",
    ],
    "accessibilityHazard": ["none"],
    "accessibilitySummary": [
        "Every image has a text alternative, formulas are MathML with their TeX source, code is text; "
        "hints and solutions are linked from their exercises."
    ],
}


class File(NamedTuple):
    """A file of text: its name, the part of the book, its title, and what stands in it."""

    name: str
    part: str
    title: str
    content: BeautifulSoup


def make(path=FORMS / "book.epub", site=SITE):
    """Pack the whole book into a file.

    Parameters
    ----------
    path : Path
    site : Path
        The built site.

    Returns
    -------
    int
        The number of files of text.

    Raises
    ------
    ValueError
        If the site is not built.
    """
    files = list(_files(whole.pages(site)))
    images = sorted({image["src"] for file in files for image in file.content.select("img")})
    names = {image: f"images/{number:03d}{Path(image).suffix}" for number, image in enumerate(images, start=1)}
    _lead_to_files(files, names)
    with whole_file(path) as part, ZipFile(part, "w") as archive:
        _add(archive, "mimetype", "application/epub+zip", ZIP_STORED)  # first and uncompressed, as the format asks
        _add(archive, "META-INF/container.xml", CONTAINER)
        _add(archive, "book/package.opf", _package(files, names))
        _add(archive, "book/contents.xhtml", _contents(files))
        style = HtmlFormatter(style="a11y-high-contrast-light").get_style_defs(".highlight")
        _add(archive, "book/style.css", f"{STYLE.read_text()}\n{style}")
        for file in files:
            _add(archive, f"book/{file.name}.xhtml", _document(file.title, file.content.decode()))
        for image, name in names.items():
            _add(archive, f"book/{name}", _image(Path(image)))
    return len(files)


def _files(pages):
    """The title page, the pages of the book, then hints and solutions."""
    facts = whole.facts()
    title = (
        f'<section class="title"><h1>{escape(facts.title)}</h1><p><em>{escape(facts.subtitle)}</em></p>'
        f"<p>{escape(facts.authors)}</p><p>Edition {facts.version}, {facts.date:%d %B %Y}</p>"
        f"<p>{facts.rights}</p><p>Nothing in this book is for clinical use.</p></section>"
    )
    yield File("title", "", "Title page", BeautifulSoup(title, "html.parser").section)
    last = []
    for page in pages:
        if not page.part:
            page.article.h1.string = "About this book"
        last.append((page, whole.answers_last(page)))
        _formulas_as_mathml(page.article)
        yield File(page.name, page.part, page.article.h1.get_text(), page.article)
    for kind in ("hints", "solutions"):
        for page, answers in last:
            if boxes := getattr(answers, kind):
                name = f"{kind}--{page.name}"
                article = BeautifulSoup(f'<section id="{name}"><h1></h1></section>', "html.parser").section
                article.h1.string = f"{kind.capitalize()}: {page.title}"
                article.extend(boxes)
                _formulas_as_mathml(article)
                yield File(name, kind.capitalize(), article.h1.get_text(), article)


def _formulas_as_mathml(article):
    """Formulas as readers draw them, and with their TeX for those who hear them."""
    for formula in article.select("span.math, div.math"):
        source = next(text for text in formula.find_all(string=True, recursive=False) if "\\(" in text or "\\[" in text)
        display = "block" if formula.name == "div" else "inline"
        source.replace_with(BeautifulSoup(mathml(source.strip()[2:-2].strip(), display), "html.parser"))


def mathml(tex, display="inline"):
    """A formula in TeX as MathML.

    Parameters
    ----------
    tex : str
    display : "inline" or "block"

    Returns
    -------
    str
    """
    bare = ALIGNED.sub("", tex)
    known = rf"\begin{{align*}}{bare}\end{{align*}}" if bare != tex else tex  # the only one that `convert` knows
    known = known.replace(r"\mathrm{", r"\text{")  # `convert` sets the first in italics
    if display == "block":
        known = known.replace(r"\sum_", r"\sum\limits_")
    math = FUNCTION.sub(r'\1<mspace width="0.17em" />', convert(known, display=display))
    return math.replace("<math ", f'<math alttext="{escape(" ".join(tex.split()))}" ', 1)


def _lead_to_files(files, names):
    """Links lead to a place in a file; images are taken from the archive."""
    home = {
        tag["id"]: file.name
        for file in files
        for tag in [file.content, *file.content.find_all(id=True)]
        if tag.get("id")
    }
    for file in files:
        for link in file.content.select("a[href^='#']"):
            place = link["href"][1:]
            link["href"] = f"{home[place]}.xhtml" + ("" if place == home[place] else f"#{place}")
        for link in file.content.select("a.external"):
            link["href"] = link["href"].replace("<", "%3C").replace(">", "%3E")
        for image in file.content.select("img"):
            image["src"] = names[image["src"]]


def _image(path):
    """An image; those within a drawing that Matplotlib gave one id, and nobody asks for, have none."""
    content = path.read_bytes()
    return re.sub(rb'(<image [^>]*?) id="[^"]*"', rb"\1", content) if path.suffix == ".svg" else content


def _document(title, body):
    return f"""<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en" xml:lang="en">
<head><title>{escape(title)}</title><link rel="stylesheet" type="text/css" href="style.css"/></head>
<body>{body}</body></html>"""


def _contents(files):
    """The table of contents: parts, and what stands in each."""
    entries, part = [], ""
    for file in files:
        if file.part != part:
            entries.append(("</ol></li>" if part else "") + f"<li><span>{escape(file.part)}</span><ol>")
            part = file.part
        entries.append(f'<li><a href="{file.name}.xhtml">{escape(file.title)}</a></li>')
    nav = f'<nav epub:type="toc"><h1>Contents</h1><ol>{"".join(entries)}</ol></li></ol></nav>'
    return _document("Contents", nav)


def _package(files, names):
    """What is in the archive, in which order it is read, and what the book is."""
    facts = whole.facts()
    identifier = uuid.uuid5(uuid.NAMESPACE_URL, f"{facts.title} {facts.version}")
    items = [
        f'<item id="{file.name}" href="{file.name}.xhtml" media-type="application/xhtml+xml"{_has(file)}/>'
        for file in files
    ]
    items += [
        f'<item id="{"image-" + Path(name).stem}" href="{name}" media-type="{TYPES[Path(name).suffix]}"/>'
        for name in names.values()
    ]
    order = "".join(f'<itemref idref="{file.name}"/>' for file in files)
    access = "\n".join(
        f'<meta property="schema:{name}">{word}</meta>' for name, words in ACCESS.items() for word in words
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:{identifier}</dc:identifier>
<dc:title>{escape(facts.title)}</dc:title>
<dc:creator>{escape(facts.authors)}</dc:creator>
<dc:language>en</dc:language>
<dc:description>{escape(facts.subtitle)}</dc:description>
<dc:date>{facts.date}</dc:date>
<dc:rights>{facts.rights}</dc:rights>
<meta property="dcterms:modified">{facts.date}T00:00:00Z</meta>
{access}
</metadata>
<manifest>
<item id="contents" href="contents.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="style" href="style.css" media-type="text/css"/>
{"".join(items)}
</manifest>
<spine><itemref idref="title"/><itemref idref="contents"/>{order.replace('<itemref idref="title"/>', "")}</spine>
</package>"""


def _has(file):
    return ' properties="mathml"' if file.content.select_one("math") else ""


def _add(archive, name, content, compression=ZIP_DEFLATED):
    """A file of the archive, dated by the edition."""
    info = ZipInfo(name, (*whole.facts().date.timetuple()[:3], 0, 0, 0))
    info.external_attr = 0o644 << 16
    archive.writestr(info, content, compression)
