"""The readers' copies: plain, blank, and never overwritten."""

import json
import re

import nbformat
import pytest
from nbclient import NotebookClient

from medlstm.book import plain, readers
from medlstm.book.chapters import chapter, pages
from medlstm.book.readers import readers_copy, reset, write_copies
from medlstm.files import ROOT

COPIES = {path.stem: readers_copy(path) for path in pages()}
every_copy = pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copies")
    write_copies(folder)
    return folder


@pytest.fixture
def workbook(written, tmp_path):
    """A folder with a fresh copy of one page, and a book that has no other."""
    for name in ("glossary", "faq"):
        (tmp_path / f"{name}.ipynb").write_bytes((written / f"{name}.ipynb").read_bytes())
    return tmp_path


def text(copy):
    return "\n".join(cell.source for cell in copy.cells if cell.cell_type == "markdown")


@every_copy
def test_is_plain_markdown_without_outputs(copy):
    nbformat.validate(copy)
    assert not re.search(r":::|```\{|\{[a-z:]+\}`|^\([a-z-]+\)=|\$\$ *\([a-z]", text(copy), re.M)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in copy.cells)


@every_copy
def test_every_link_leads_to_a_page(copy):
    links = re.findall(r"\]\((?!http)([^)#]+)", re.sub(r"```.*?```", "", text(copy), flags=re.S))
    assert {link for link in links if link.endswith(".ipynb")} <= {f"{plain.page_name(path)}.ipynb" for path in pages()}
    assert all(link.endswith(".ipynb") or (ROOT / "chapters" / link).is_file() for link in links), links


@every_copy
def test_solutions_are_folded_and_never_run(copy):
    originals = [
        cell.source
        for path in pages()
        if readers_copy(path).metadata == copy.metadata
        for cell in plain.cells_of(path)
        if "solution" in cell.metadata.get("tags", [])
    ]
    folds = re.findall(r"<details><summary><b>Solution</b></summary>\n\n(.*?)\n\n</details>", text(copy), re.S)
    assert len(folds) == len(originals)
    assert all(f"```python\n{code}\n```" in fold for code, fold in zip(originals, folds))
    assert not set(originals) & {cell.source for cell in copy.cells}


def test_notes_for_the_speaker_are_left_out(tmp_path):
    chapter_with_notes = nbformat.read(chapter("gate-equations"), as_version=4)
    note = nbformat.v4.new_markdown_cell("Wait for the vote.", metadata={"slideshow": {"slide_type": "notes"}})
    chapter_with_notes.cells.insert(3, note)
    nbformat.write(chapter_with_notes, tmp_path / "gate-equations.ipynb")
    copy = readers_copy(tmp_path / "gate-equations.ipynb")
    assert "Wait for the vote." not in text(copy)
    assert copy.metadata.medlstm.edition == COPIES["gate-equations"].metadata.medlstm.edition


def test_a_failed_check_does_not_stop_the_chapter():
    checks = [cell for cell in COPIES["gate-equations"].cells if "raises-exception" in cell.metadata.get("tags", [])]
    assert len(checks) == 6 and all("check(" in cell.source for cell in checks)


def test_an_answer_below_its_question_is_folded():
    fold = plain.plain(":::{admonition} What came out\n:class: dropdown\nIt counts.\n:::\n", "gate-equations")
    assert fold == "<details><summary><b>What came out</b></summary>\n\nIt counts.\n\n</details>\n"


def test_references_are_words_with_a_link():
    words = lambda source, page="gate-equations": plain.plain(source, page)
    assert words("{doc}`numpy-lstm`") == "[An LSTM from NumPy](numpy-lstm.ipynb)" or "numpy-lstm.ipynb" in words(
        "{doc}`numpy-lstm`"
    )
    assert words("{doc}`The gates <../teaching/notes/gate-equations>`") == "The gates"  # it has no copy
    assert words("{term}`gates <gate>`") == "[gates](glossary.ipynb)"
    assert words("{cite:p}`hochreiter1997,gers2000`") == (
        "([Hochreiter and Schmidhuber 1997; Gers *et al.* 2000](bibliography.ipynb))"
    )
    assert words("{cite:t}`gers2000`") == "[Gers *et al.* (2000)](bibliography.ipynb)"
    assert words("{eq}`eq-forget`") == "equation (1)"
    assert words("{eq}`eq-forget`", "faq") == "[equation (1) of The gate equations](gate-equations.ipynb)"
    assert words("{ref}`sec-latch`") == "[Can it remember?](inside-the-lstm.ipynb)"
    assert words("{ref}`later <sec-latch>`") == "[later](inside-the-lstm.ipynb)"
    assert words("$$\na\n$$ (eq-forget)") == "$$\na\n\\tag{1}\n$$"
    with pytest.raises(KeyError, match="sec-nowhere"):
        words("{ref}`sec-nowhere`")


def test_a_figure_keeps_its_caption():
    cells = COPIES["gate-equations"].cells
    place = next(k for k, cell in enumerate(cells) if "cell_drawing(" in cell.source)
    assert cells[place + 1].source.startswith("**Figure 1.** One step of an LSTM, from left to right.")


def test_a_picture_and_a_fold_of_a_text_page_are_kept():
    assert re.search(r"^!\[A handwritten seven .*\]\(\.\./_static/explorer\.png\)$", text(COPIES["explorer"]), re.M)
    assert "<details><summary><b>Four times</b></summary>\n\nRight." in text(COPIES["quizzes"])


def change(path, word="mine"):
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].source += word
    nbformat.write(notebook, path)
    return path.read_bytes()


def newer(monkeypatch, word=" Newer."):
    fresh = readers.readers_copy

    def edited(path, alone=False):
        copy = fresh(path, alone)
        copy.cells[0].source += word
        copy.metadata.medlstm.edition = readers.edition(copy)
        return copy

    monkeypatch.setattr(readers, "readers_copy", edited)


@pytest.fixture
def small_book(monkeypatch):
    path = next(path for path in pages() if path.stem == "glossary")
    monkeypatch.setattr(readers, "pages", lambda: [path])


def test_a_second_call_changes_nothing(workbook, small_book, capsys):
    mine = change(workbook / "glossary.ipynb")
    assert write_copies(workbook) == {"glossary": "glossary.ipynb"}
    assert (workbook / "glossary.ipynb").read_bytes() == mine and capsys.readouterr().out == ""


def test_a_newer_edition_replaces_what_nobody_touched(workbook, small_book, monkeypatch, capsys):
    newer(monkeypatch)
    assert write_copies(workbook) == {"glossary": "glossary.ipynb"} and capsys.readouterr().out == ""
    assert "Newer." in (workbook / "glossary.ipynb").read_text()


def test_a_newer_edition_is_put_beside_what_a_reader_changed(workbook, small_book, monkeypatch, capsys):
    mine = change(workbook / "glossary.ipynb")
    newer(monkeypatch)
    assert write_copies(workbook) == {"glossary": "glossary-2.ipynb"}
    assert "newer edition; you have changed yours, so the new one is glossary-2.ipynb" in capsys.readouterr().out
    assert (workbook / "glossary.ipynb").read_bytes() == mine
    write_copies(workbook)
    newer(monkeypatch, " Newest.")
    assert write_copies(workbook) == {"glossary": "glossary-2.ipynb"}, "the second was not touched"
    second = change(workbook / "glossary-2.ipynb")
    newer(monkeypatch, " Last.")
    assert write_copies(workbook) == {"glossary": "glossary-3.ipynb"}
    assert (workbook / "glossary-2.ipynb").read_bytes() == second


def test_a_copy_that_was_run_counts_as_changed(workbook, small_book, monkeypatch):
    path = workbook / "glossary.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("1", execution_count=1))
    notebook.metadata.medlstm.edition = readers.edition(notebook)
    nbformat.write(notebook, path)
    newer(monkeypatch)
    assert write_copies(workbook) == {"glossary": "glossary-2.ipynb"}


def test_stored_copies_are_taken_as_they_are(workbook, small_book, monkeypatch, tmp_path):
    monkeypatch.setattr(readers, "readers_copy", None)  # none is made again
    folder, stored = tmp_path / "class", (workbook / "glossary.ipynb").read_bytes()
    for _ in range(2):
        assert write_copies(folder, stored=workbook) == {"glossary": "glossary.ipynb"}
        assert (folder / "glossary.ipynb").read_bytes() == stored
    mine = change(folder / "glossary.ipynb")
    write_copies(folder, stored=workbook)
    assert (folder / "glossary.ipynb").read_bytes() == mine


@pytest.mark.parametrize("content", ["", "half {", json.dumps({"cells": []})])
def test_a_file_that_is_no_notebook_is_the_readers_own(workbook, small_book, content):
    (workbook / "glossary.ipynb").write_text(content)
    assert write_copies(workbook) == {"glossary": "glossary-2.ipynb"}
    assert (workbook / "glossary.ipynb").read_text() == content


def test_reset_starts_afresh_and_keeps_the_old(workbook, capsys):
    fresh = (workbook / "faq.ipynb").read_bytes()
    kept = []
    for number in (1, 2):
        kept.append(change(workbook / "faq.ipynb", f"mine {number}"))
        reset("faq", workbook)
        assert (workbook / "faq.ipynb").read_bytes() == fresh
    assert [(workbook / "kept" / f"faq-{k}.ipynb").read_bytes() for k in (1, 2)] == kept
    assert "faq: your copy is now" in capsys.readouterr().out
    with pytest.raises(ValueError, match="expected the name of a chapter, got 'questions'; choose one of medical"):
        reset("questions", workbook)


def test_the_workbook_is_not_part_of_the_book():
    ignored = (readers.ROOT / ".gitignore").read_text().splitlines()
    assert f"{readers.WORKBOOK.name}/" in ignored


@pytest.mark.parametrize("there", [False, True])
def test_a_chapter_alone_says_in_one_sentence_what_is_missing(there, loopback):
    copy = readers_copy(chapter("gate-equations"), alone=True)
    hide = nbformat.v4.new_code_cell("import importlib.util\nimportlib.util.find_spec = lambda name: None")
    copy.cells = [hide] * (not there) + copy.cells[:1]
    NotebookClient(copy, kernel_name="python3", allow_errors=True).execute()
    outputs = copy.cells[-1].outputs
    if there:
        assert outputs == []
    else:
        (error,) = outputs
        assert error.output_type == "error" and error.traceback == [error.evalue]
        assert error.evalue.startswith("This chapter needs the rest of its book: download the book, type `make lab`")
