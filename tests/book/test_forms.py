"""Other forms of the book: copied into the site and linked from its pages, where built."""

import re

import pytest

from medlstm.book.forms import pages, publish

PAGE = """<html><body>
<div class="dropdown dropdown-download-buttons"><ul class="dropdown-menu">
<li><a href="x.ipynb"><span class="btn__icon-container">
<svg></svg>
</span></a></li>
</ul></div>
<div id="print"><h1>Title</h1>
</div>
<article><h1>Title</h1>
<p>Text.</p></article>
</body></html>
"""
NAMES = ["index", "chapters/numpy-lstm", "chapters/faq", "teaching/notes/numpy-lstm", "_static/webpack-macros"]


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "html"
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.html").write_text(PAGE)
    return folder


@pytest.fixture
def forms(tmp_path):
    folder = tmp_path / "forms"
    (folder / "slides" / "parts").mkdir(parents=True)
    (folder / "book.pdf").write_bytes(bytes(9_340_000))
    (folder / "slides" / "numpy-lstm.html").write_text(PAGE)
    (folder / "slides" / "parts" / "reveal.js").write_text("")
    return folder


def links(site, name):
    """What a page links to, with the words of each link."""
    html = (site / f"{name}.html").read_text()
    found = re.findall(r'<a [^>]*href="([^"]*forms/[^"]*)">(.*?)</a>', html, re.S)
    return [(address, re.sub(r"<[^>]*>|\s", " ", words).strip()) for address, words in found]


def test_a_book_is_in_every_menu_and_slides_where_they_belong(site, forms):
    publish(site, forms)
    book, slides = ("../forms/book.pdf", "Whole book, PDF (9.3 MB)"), ("../forms/slides/numpy-lstm.html", "Slides")
    assert links(site, "index") == [("forms/book.pdf", book[1])]
    assert links(site, "chapters/faq") == [book]
    assert links(site, "chapters/numpy-lstm") == [slides, book]
    *menu, head = links(site, "teaching/notes/numpy-lstm")
    assert menu == [(f"../{address}", words) for address, words in (slides, book)]
    assert head == (f"../{slides[0]}", "Slides of this chapter")
    assert "<article><h1>Title</h1>\n<p" in (site / "teaching/notes/numpy-lstm.html").read_text()
    assert all((site / "chapters" / address).is_file() for address, _ in (book, slides))
    assert (site / "forms" / "slides" / "parts" / "reveal.js").is_file()


def test_entries_look_like_their_neighbours(site, forms):
    publish(site, forms)
    menu, _, rest = (site / "index.html").read_text().partition("</ul>")
    assert menu.count("<svg></svg>") == 2 and "forms/" not in rest


def test_templates_and_the_forms_themselves_stay_as_they_are(site, forms):
    publish(site, forms)
    for untouched in (site / "_static" / "webpack-macros.html", site / "forms" / "slides" / "numpy-lstm.html"):
        assert untouched.read_text() == PAGE
        assert untouched not in pages(site)


def test_a_second_call_changes_nothing(site, forms):
    publish(site, forms)
    once = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    publish(site, forms)
    assert {path: path.read_bytes() for path in site.rglob("*") if path.is_file()} == once


def test_what_is_built_later_is_linked_and_what_is_gone_is_not(site, forms):
    publish(site, forms)
    (forms / "book.pdf").unlink()
    (forms / "book.epub").write_bytes(bytes(8_000_000))
    publish(site, forms)
    assert links(site, "chapters/faq") == [("../forms/book.epub", "Whole book, EPUB (8.0 MB)")]
    publish(site, forms / "nowhere")
    assert (site / "chapters" / "numpy-lstm.html").read_text() == PAGE and not (site / "forms").exists()


def test_without_a_site_nothing_happens(tmp_path, forms):
    publish(tmp_path / "html", forms)
    assert not (tmp_path / "html").exists()
