"""Slides: what is on them, and that a class can read them, without a network, to the last row.

The fast tests take a few seconds, those in Chromium about a minute and a half.
"""

import io
import re
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from threading import Thread

import matplotlib.pyplot as plt
import nbformat
import pytest
from browser import chromium, needs_browser
from bs4 import BeautifulSoup

from medlstm import figures
from medlstm.book import letters, slides
from medlstm.book.chapters import CORE, chapter, slide_type
from medlstm.book.forms import SITE
from medlstm.book.slides import outline

needs_decks = pytest.mark.skipif(
    not (SITE / "index.html").is_file() or not find_spec("sphinx_revealjs"),
    reason="the site is not built or reveal.js is not there: make book, make teach",
)
every_deck = pytest.mark.parametrize("name", CORE)
POINTS = 540 / 720  # a slide of 720 pixels is 540 points high


def markdown(source, kind=None, **more):
    metadata = {"slideshow": {"slide_type": kind, **more}} if kind else {}
    return nbformat.v4.new_markdown_cell(source, metadata=metadata)


def code(source, kind=None, tags=()):
    metadata = {"tags": list(tags)} | ({"slideshow": {"slide_type": kind}} if kind else {})
    return nbformat.v4.new_code_cell(source, metadata=metadata)


def sources(columns):
    return [[[cell.source for cell, _ in slide] for slide in column] for column in columns]


def test_slides_follow_jupyters_convention():
    cells = [
        markdown("before"),
        markdown("one", "slide"),
        markdown("goes on"),
        markdown("left out", "skip"),
        markdown("still one", "-"),
        markdown("below", "subslide"),
        markdown("later", "fragment"),
        markdown("said", "notes"),
        markdown("two", "slide"),
    ]
    assert sources(outline(cells)) == [[["one", "goes on", "still one"], ["below", "later", "said"]], [["two"]]]


def test_notes_to_what_is_left_out_are_left_out():
    cells = [markdown("shown", "slide"), markdown("said", "notes"), markdown("left", "skip"), markdown("lost", "notes")]
    assert sources(outline([*cells, markdown("next", "slide")])) == [[["shown", "said"]], [["next"]]]


def test_a_cell_may_be_spread_over_slides():
    columns = outline([markdown("a\n\nb\n\nc", "slide", blocks=[[0], [1, 2]]), markdown("more")])
    assert [[part for _, part in slide] for (slide,) in columns] == [[[0]], [[1, 2], None]]


def test_an_answer_is_on_no_slide_however_it_is_marked():
    cells = [
        markdown(":::{exercise} Try\n:label: ex-a\n:::", "slide"),
        code("start", "-", ["exercise"]),
        markdown(":::{solution} ex-a\nSo.\n:::", "slide"),
        code("solved", "fragment", ["solution"]),
        code("check(solved)", None, ["check"]),
        markdown("next", "slide"),
    ]
    shown = sources(outline(cells))
    assert "start" in shown[0][0] and shown[-1] == [["next"]]
    assert not re.search("solution|solved", str(shown))


def drawing(size):
    """A plot as the chapters store it, with one text of that size."""
    figure, axis = plt.subplots(figsize=(7, 3))
    axis.plot([0, 1], [0, 1])
    axis.annotate("at the end", (1, 1), (6, 0), textcoords="offset points", fontsize=size)
    axis.set(xlabel="across", ylabel="upwards", title="A title that is the answer")
    with io.StringIO() as file:
        figure.savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None})
        plt.close(figure)
        return file.getvalue()


def test_letters_grow_to_a_size_and_no_further():
    assert figures.INK  # whose import sets the style
    small = drawing(6)
    assert min(letters.letters(small)) == 6 and max(letters.letters(small)) == 10
    large = letters.enlarged(small, 9.5)
    assert min(letters.letters(large)) == pytest.approx(9.5, rel=1e-3)
    assert max(letters.letters(large)) == pytest.approx(10)
    assert letters.size(large)[0] >= letters.size(small)[0]
    assert list(letters.letters(letters.enlarged(small, 5))) == list(letters.letters(small))


def test_what_is_missing_is_said_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(slides, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"^expected the package sphinx-revealjs, .* found none; type: make teach$"):
        slides.write(tmp_path, tmp_path / "slides")


@needs_decks
def test_without_a_site_of_this_edition_there_are_no_slides(tmp_path):
    with pytest.raises(ValueError, match=r"found no page of medical-images there; type: make book$"):
        slides.write(tmp_path, tmp_path / "slides")
    page = tmp_path / "chapters" / "medical-images.html"
    page.parent.mkdir()
    html = (SITE / "chapters" / page.name).read_text()
    page.write_text(re.sub("<!-- cell .*? -->", "", html, count=1))
    with pytest.raises(ValueError, match=r"page of medical-images as it is now, got an older one; type: make book$"):
        slides.write(tmp_path, tmp_path / "slides")


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    """The folder of all decks; each has notes of the test's own after its first cell."""
    folder = tmp_path_factory.mktemp("site") / "forms" / "slides"
    with pytest.MonkeyPatch.context() as patch:
        read = nbformat.read

        def with_note(path, as_version):
            notebook = read(path, as_version=as_version)
            note = markdown("Wait for *the vote*; see {doc}`faq` and {ref}`sec-latch`.", "notes")
            notebook.cells.insert(1, note)
            return notebook

        patch.setattr(slides.nbformat, "read", with_note)
        slides.write(SITE, folder)
    return folder


def soup(decks, name):
    return BeautifulSoup((decks / f"{name}.html").read_text(), "html.parser")


def slides_of(page):
    return [section for section in page.select(".slides section") if not section.find("section")]


@needs_decks
@every_deck
def test_a_deck_is_a_talk(decks, name):
    page = soup(decks, name)
    first, *_, last = parts = slides_of(page)
    assert 10 <= len(parts) <= 20
    assert first.h1 and "CC BY 4.0" in first.text and first.a["href"] == f"../../chapters/{name}.html"
    assert last.h2 and len(last.select("li")) >= 4 and "ex-" in last.li.a["href"] and last.select("p a.book")
    assert all(part.get_text(strip=True) or part.img for part in parts)


@needs_decks
@every_deck
def test_no_solution_no_check_and_no_markup_is_shown(decks, name):
    page = soup(decks, name)
    assert not page.select(".solution, .tag_solution, .tag_check")
    for formula in page.select(".math, pre, script"):
        formula.decompose()
    assert not re.search(r"\{[a-z:]+\}`|:::|\$\$|```|^\([\w-]+\)=", page.text, re.M)
    text = " ".join(page.text.split())
    for cell in nbformat.read(chapter(name), as_version=4).cells:
        if {"solution", "check"} & set(cell.metadata.get("tags", [])):
            assert " ".join(cell.source.split()) not in text


@needs_decks
@every_deck
def test_every_link_leads_into_the_site_and_every_part_is_there(decks, name):
    page = soup(decks, name)
    for link in page.select("a.book"):
        file, _, place = link["href"].partition("#")
        target = (SITE / "forms" / "slides" / file).resolve()
        assert target.is_file(), link
        assert not place or f'id="{place}"' in target.read_text(), link
    parts = [tag[kind] for kind in ("src", "href") for tag in page.select(f"script[{kind}], img[{kind}], link[{kind}]")]
    assert all(part.startswith("data:") or (decks / part).is_file() for part in parts)
    assert all(len(image["alt"]) > 40 for image in page.select("img"))


@needs_decks
@every_deck
def test_letters_of_figures_are_read_from_the_last_row(decks, name):
    for image in soup(decks, name).select("img"):
        assert image["src"].endswith(".svg"), "the letters of a picture cannot be measured"
        svg = (decks / image["src"]).read_text()
        scale = min(int(image["width"]) / letters.size(svg)[0], int(image["height"]) / letters.size(svg)[1])
        assert min(letters.letters(svg)) * scale * POINTS > 17.9, image["alt"]


@needs_decks
def test_notes_are_the_speakers(decks):
    page = soup(decks, "gate-equations")
    note = page.select_one("aside.notes")
    assert note.parent is slides_of(page)[1] and note.em.text == "the vote"
    assert [link["href"] for link in note.select("a")] == [
        "../../chapters/faq.html",
        "../../chapters/inside-the-lstm.html",
    ]


@needs_decks
def test_all_decks_are_listed(decks):
    links = [link["href"] for link in soup(decks, "index").select("li a")]
    assert links == [f"{name}.html" for name in CORE]


def test_what_is_marked_as_a_slide_begins_where_a_reader_would_look():
    for name in CORE:
        cells = nbformat.read(chapter(name), as_version=4).cells
        assert slide_type(cells[0]) == "slide" and len(outline(cells)) >= 8


# What is cut, what lies outside, and what is too small, on the slide that is shown.
FAULTS = """smallest => {
    const frame = document.querySelector(".reveal .slides").getBoundingClientRect(), scale = frame.width / 1280;
    const bottom = frame.bottom - 44 * scale, faults = [];
    for (const part of Reveal.getCurrentSlide().querySelectorAll("*")) {
        if (part.closest("aside, mjx-assistive-mml")) continue;
        const box = part.getBoundingClientRect(), name = `${part.tagName} ${part.textContent.trim().slice(0, 40)}`;
        if (!box.width || !box.height) continue;
        if (box.left < frame.left - 1 || box.top < frame.top - 1 || box.right > frame.right - 8 * scale
            || box.bottom > bottom) faults.push(["outside", name, box.right / scale, box.bottom / scale]);
        if (part.scrollWidth > part.clientWidth + 1 && part.clientWidth && !part.closest("mjx-container"))
            faults.push(["cut", name, part.scrollWidth, part.clientWidth]);
        const words = [...part.childNodes].some(node => node.nodeType === 3 && node.data.trim());
        const letters = parseFloat(getComputedStyle(part).fontSize);
        if (words && !part.closest("mjx-container") && letters < smallest)
            faults.push(["small", name, letters]);
    }
    return faults;
}"""
SHOW = """k => {
    const {h, v} = Reveal.getIndices(Reveal.getSlides()[k]);
    Reveal.slide(h, v, -1);
}"""
ALL = "() => { while (Reveal.availableFragments().next) Reveal.nextFragment(); }"


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


# Which words of a figure lie on each other. Matplotlib draws a text as a group of its letters.
OVERLAPS = """() => {
    const texts = [...document.querySelectorAll("g[id^=text_]")].map(part => [part.id, part.getBoundingClientRect()]);
    return texts.flatMap(([name, a], k) => texts.slice(k + 1).filter(([, b]) =>
        Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
        && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3).map(([other]) => [name, other]));
}"""


@pytest.mark.browser
@needs_browser
@needs_decks
def test_words_of_a_figure_keep_clear_of_each_other(browser, decks):
    page = browser.new_page()
    drawings = sorted((decks / "images").glob("*.svg"))
    assert len(drawings) > 20
    for drawing in drawings:
        page.goto(drawing.as_uri())
        assert page.evaluate(OVERLAPS) == [], drawing
    page.evaluate("document.querySelectorAll('g[id^=text_]').forEach(part => part.removeAttribute('transform'))")
    page.evaluate("document.querySelectorAll('g[id^=text_] *').forEach(part => part.removeAttribute('transform'))")
    assert page.evaluate(OVERLAPS)  # all of them in one corner would be found
    page.close()


def opened(page, address):
    """What went wrong while a deck was opened: errors of the console, and what was asked of another host."""
    wrong = []
    page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.append(request.url))
    page.on(
        "request",
        lambda request: (
            None
            if re.match(r"file:|data:|blob:|about:|http://127\.0\.0\.1", request.url)
            else wrong.append(request.url)
        ),
    )
    page.goto(address)
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    return wrong


@needs_decks
@pytest.mark.browser
@needs_browser
@every_deck
def test_every_slide_fits_and_can_be_read(decks, browser, name):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    wrong = opened(page, (decks / f"{name}.html").as_uri())
    count = page.evaluate("Reveal.getTotalSlides()")
    assert count == len(slides_of(soup(decks, name)))
    found = {}
    for width, height in ((1280, 720), (1920, 1080)):
        page.set_viewport_size({"width": width, "height": height})
        for k in range(count):
            page.evaluate(SHOW, k)
            faults = page.evaluate(FAULTS, 24)
            page.evaluate(ALL)
            faults += page.evaluate(FAULTS, 24)
            if faults:
                found[width, k + 1] = faults[:2]
    assert found == {}
    around = "[...document.querySelectorAll('.home, .slide-number')].map(e => parseFloat(getComputedStyle(e).fontSize))"
    assert min(page.evaluate(around)) >= 24
    assert page.evaluate("document.querySelectorAll('mjx-merror, [data-mjx-error]').length") == 0
    formulas = page.evaluate("document.querySelectorAll('.math').length")
    assert page.evaluate("document.querySelectorAll('.math mjx-container').length") == formulas
    assert wrong == []
    page.close()


@pytest.fixture
def served(decks, loopback):
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=decks.parents[1])) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/forms/slides"
        server.shutdown()


@needs_decks
@pytest.mark.browser
@needs_browser
def test_the_speaker_sees_the_notes_and_the_keys_turn_the_slides(served, browser):
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    wrong = opened(page, f"{served}/gate-equations.html")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("Reveal.getIndices().h") == 1
    assert page.inner_text(".slide-number").split() == ["2", "/", str(page.evaluate("Reveal.getTotalSlides()"))]
    with context.expect_page() as speaker:
        page.keyboard.press("s")
    view = speaker.value
    view.wait_for_function("document.querySelector('.speaker-controls-notes .value')?.innerText.includes('the vote')")
    page.keyboard.press("ArrowRight")
    pane = "document.querySelector('.speaker-controls-notes')"
    view.wait_for_function(f"{pane}.matches('.hidden') || !{pane}.innerText.includes('the vote')")
    assert wrong == []
    context.close()


@needs_decks
@pytest.mark.browser
@needs_browser
def test_a_guess_comes_before_its_answer(decks, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    opened(page, (decks / "gate-equations.html").as_uri())
    place = "Reveal.getSlides().findIndex(slide => slide.textContent.includes('clamp(standard, params, candidate=1.0'))"
    page.evaluate(SHOW, page.evaluate(place))
    answer = page.locator("section.present .fragment").first
    assert "22.0" in answer.text_content() and answer.evaluate("e => getComputedStyle(e).visibility") == "hidden"
    page.keyboard.press("ArrowRight")
    assert answer.evaluate("e => getComputedStyle(e).visibility") == "visible"
    page.close()


@needs_decks
@pytest.mark.browser
@needs_browser
def test_a_deck_prints_a_slide_a_page(decks, browser):
    page = browser.new_page()
    wrong = opened(page, (decks / "gate-equations.html").as_uri() + "?print-pdf")
    page.wait_for_selector(".pdf-page")
    printed = page.pdf(prefer_css_page_size=True)
    pages = int(max(re.findall(rb"/Count (\d+)", printed), key=int))
    assert pages == len(slides_of(soup(decks, "gate-equations"))) and wrong == []
    page.close()
