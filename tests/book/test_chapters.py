"""What must be true of every stored notebook before it is even run."""

import ast
import dis
import itertools
import json
import re

import nbformat
import pytest
import yaml

from medlstm.book.chapters import CHAPTERS, CORE, chapter, chapters, needed_data, pages, slide_type
from medlstm.files import ROOT

NOTEBOOKS = {path.stem: nbformat.read(path, as_version=4) for path in sorted(CHAPTERS.glob("*.ipynb"))}
REFERENCE = {"claims"}  # looked up, not read from end to end: no objectives, no exercises, no slides
LESSONS = {name: notebook for name, notebook in NOTEBOOKS.items() if name not in REFERENCE}
every_lesson = pytest.mark.parametrize("notebook", LESSONS.values(), ids=LESSONS)
every_notebook = pytest.mark.parametrize("notebook", NOTEBOOKS.values(), ids=NOTEBOOKS)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook):
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def counted(text):
    """How many words there are to read."""
    return len(re.findall(r"[A-Za-z][\w'-]*", text))


def tags(cell):
    return set(cell.metadata.get("tags", []))


def test_every_notebook_is_in_the_table_of_contents():
    assert sorted(path.stem for path in chapters()) == sorted(NOTEBOOKS)


@every_notebook
def test_is_valid_and_small(notebook):
    nbformat.validate(notebook)
    assert len(json.dumps(notebook)) < 1.5e6


@every_notebook
def test_every_cell_was_run_in_order(notebook):
    counts = [cell.execution_count for cell in code(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def texts(notebook):
    """What can be read in the stored outputs, images left out."""
    for cell in code(notebook):
        for output in cell.outputs:
            yield output.get("text", "")
            yield from (str(value) for kind, value in output.get("data", {}).items() if not kind.startswith("image/"))


@every_notebook
def test_no_warning_no_error_no_bar_is_stored(notebook):
    for cell in code(notebook):
        for output in cell.outputs:
            assert output.output_type != "error" and output.get("name") != "stderr", cell.source
    assert not any(sign in text for text in texts(notebook) for sign in ("\r", "ETA", "Warning"))


@every_notebook
def test_no_path_of_a_machine_is_stored(notebook):
    path = re.compile(r"(?<![\w.])/(?:home|root|Users|tmp|work|opt|usr|private|var)/\w|[A-Z]:\\\\")
    for text in [*texts(notebook), *(cell.source for cell in notebook.cells)]:
        assert not path.search(text)


@every_notebook
def test_at_most_a_quarter_is_ignored_and_each_is_asserted(notebook):
    cells = code(notebook)
    ignored = [k for k, cell in enumerate(cells) if "nbval-ignore-output" in tags(cell)]
    assert 4 * len(ignored) <= len(cells)
    for k in ignored:
        following = cells[k + 1]
        assert "nbval-ignore-output" not in tags(following)
        assert any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(following.source)))
    forbidden = {"nbval-skip", "nbval-raises-exception", "raises-exception", "skip-execution"}
    assert not any(forbidden & tags(cell) for cell in cells)


@every_notebook
def test_every_figure_has_a_caption_and_a_text_alternative(notebook):
    for cell in code(notebook):
        if any("image/png" in output.get("data", {}) for output in cell.outputs):
            settings = cell.metadata["mystnb"]
            assert len(settings["image"]["alt"]) > 40 and len(settings["figure"]["caption"]) > 20
            assert settings["figure"]["name"].startswith("fig-")


def test_no_figure_in_a_page_lacks_a_text_alternative():
    for page in [ROOT / "index.md", *CHAPTERS.glob("*.md")]:
        for block in re.findall(r"```{(?:figure|image)}.*?```", page.read_text(), re.S):
            assert re.search(r"^:alt: .{40,}", block, re.M), page
        assert "![](" not in page.read_text()


@every_lesson
def test_opens_and_closes_as_a_lesson(notebook):
    text = prose(notebook)
    opening = notebook.cells[0].source
    objectives = re.findall(r"^\d\. ", opening.split("**You need**")[0], re.M)
    assert 3 <= len(objectives) <= 5
    assert all(part in opening for part in ("**You will**", "**You need**", "**Time**"))
    assert len(re.findall(r"^:::{exercise}", text, re.M)) >= len(objectives)
    headings = re.findall(r"^## (.*)", text, re.M)
    assert headings[-3:] == ["What you can do now", "Exercises", "Next"]


@every_lesson
def test_the_summary_can_be_read_alone(notebook):
    """What was found, what is often said and where it is refuted, what to read; an open project if it is core."""
    name = next(name for name, lesson in LESSONS.items() if lesson is notebook)
    summary = next(cell.source for cell in notebook.cells if cell.source.startswith("## What you can do now"))
    short, said, read = re.search(
        r"\*\*In short\.\*\* (.*)\n\n\*\*Often said\.\*\*\n\n((?:- .*\n)+)\n\*\*To read on\.\*\* (.*)$", summary
    ).groups()
    assert 40 <= len(short.split()) <= 110 and "{cite" in read
    assert 2 <= len(said.splitlines()) <= 3
    for line in said.splitlines():
        assert re.fullmatch(r'- \*".{15,}"\* .{20,}\(\{(ref|eq|numref)\}`[\w-]+`\)\.', line), line
    assert ("\n:::{admonition} A project of an hour or two" in prose(notebook)) == (name in CORE)


@every_lesson
def test_the_minutes_follow_the_rule_that_the_teachers_page_states(notebook):
    before = list(itertools.takewhile(lambda cell: not cell.source.startswith("## Exercises"), notebook.cells))
    read = [cell.source for cell in before if cell.cell_type == "markdown" and slide_type(cell) != "notes"]
    words = sum(map(counted, read))
    lines = sum(len(cell.source.splitlines()) for cell in before if cell.cell_type == "code")
    stated = re.search(r"\*\*Time\*\* (\d+) minutes to read", notebook.cells[0].source)
    assert int(stated[1]) == 5 * round((words / 80 + lines / 20) / 5)
    assert "80 words or 20 lines of code a minute" in (ROOT / "chapters" / "teaching.md").read_text()


@pytest.mark.parametrize("name", ["explorer", "what-we-learned"])
def test_the_minutes_of_a_page_follow_the_same_rule(name):
    text = (CHAPTERS / f"{name}.md").read_text()
    words = counted(re.sub(r"<[^>]*>|\{\w+\}|^:.*$", "", text, flags=re.M))
    assert int(re.search(r"\*\*Time\*\* (\d+) minutes to read", text)[1]) == 5 * round(words / 80 / 5)
    tasks = re.findall(r"^\*\*\d\. .*?(?=^\*\*\d\. |^## )", text, re.M | re.S)
    longest = max((counted(re.sub("<[^>]*>", "", task)) / 20 for task in tasks), default=0)
    assert not tasks or (5 < longest <= 10 and "10 for each of three tasks" in text and len(tasks) == 3)


def test_readers_are_told_how_many_chapters_need_medical_images_and_how_many_exercises_there_are():
    words = ["", "", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    needing = words[sum(bool(needed_data(path)) for path in chapters())]
    assert f"{needing.capitalize()} chapters use real medical images" in (ROOT / "README.md").read_text()
    assert f"skip\n      # {needing} of the chapters" in (ROOT / ".github" / "workflows" / "tests.yml").read_text()
    counts = [len(list(exercises(notebook))) for notebook in LESSONS.values()]
    told = f"Chapters have {words[min(counts)]} to {words[max(counts)]} exercises"
    assert told in (CHAPTERS / "teaching.md").read_text()


def exercises(notebook):
    """Each exercise: its label, its text, the text of its solution and the code of that."""
    cells = notebook.cells
    for place, cell in enumerate(cells):
        found = re.search(r"^:::{exercise} .*\n:label: (ex-\S+)\n\n((?:.*\n)*?):::\n", cell.source + "\n", re.M)
        if found:
            solved = next(
                k for k in range(place, len(cells)) if cells[k].source.startswith(f":::{{solution}} {found[1]}")
            )
            reason = re.search(r"\n\n((?:.*\n)*?):::", cells[solved].source + "\n")[1]
            yield found[1], cell.source, found[2], reason, cells[solved + 1].source


@every_lesson
def test_each_exercise_states_its_minutes_by_the_rule_and_has_a_hint(notebook):
    for label, source, text, reason, code in exercises(notebook):
        stated, asked = re.fullmatch(r"\*(\d+) minutes\.\* (.*)", text, re.S).groups()
        lines = sum(bool(line.strip()) for line in code.splitlines())
        minutes = (counted(asked) + counted(reason)) / 20 + 2 * lines
        assert int(stated) == next(step for step in (5, 10, 15, 20, 30) if step >= minutes), label
        assert len(re.findall(r"^:::{admonition} Hint\n:class: dropdown hint\n.{30,}\n:::$", source, re.M)) == 1, label
    rule = "20 words of the text and of the solution a minute, two minutes for each line of the solution's code"
    assert rule in (ROOT / "chapters" / "teaching.md").read_text()


@every_notebook
def test_cells_are_short(notebook):
    lengths = sorted(len(cell.source.splitlines()) for cell in code(notebook))
    assert lengths[len(lengths) // 2] <= 5 and lengths[int(0.9 * len(lengths))] <= 20
    for cell in code(notebook):
        for line in cell.source.splitlines():
            assert len(line) <= 78, f"a page is 78 characters wide: {line}"


@every_lesson
def test_exercises_come_as_start_solution_check(notebook):
    kinds = [
        next(iter(tags(cell) & {"exercise", "solution", "check"}))
        for cell in code(notebook)
        if tags(cell) & {"exercise", "solution", "check"}
    ]
    assert kinds == ["exercise", "solution", "check"] * (len(kinds) // 3)
    labels = re.findall(r"^:label: (ex-\S+)", prose(notebook), re.M)
    assert labels == re.findall(r"^:::{solution} (\S+)", prose(notebook), re.M)
    assert len(labels) == len(kinds) // 3
    for cell in code(notebook):
        if "check" in tags(cell):
            assert "check(" in cell.source and set(cell.outputs[0].text.splitlines()) == {"Right."}


@every_lesson
def test_every_objective_has_an_exercise(notebook):
    """An exercise's first cell is tagged with the objectives that it practises, such as objective-2."""
    opening = notebook.cells[0].source.split("**You need**")[0]
    objectives = {f"objective-{number}" for number in re.findall(r"^(\d)\. ", opening, re.M)}
    tagged = [
        {tag for tag in tags(cell) if tag.startswith("objective-")}
        for cell in code(notebook)
        if "exercise" in tags(cell)
    ]
    assert all(tagged)
    assert set().union(*tagged) == objectives


@every_lesson
def test_every_check_has_wrong_and_right_answers(notebook):
    """They are given to it while the chapter runs; see conftest.py."""
    name = next(name for name, lesson in LESSONS.items() if lesson is notebook)
    answers = yaml.safe_load((ROOT / "tests" / "answers" / f"{name}.yaml").read_text())
    assert set(answers) == set(re.findall(r"^:label: (ex-\S+)", prose(notebook), re.M))
    for label, given in answers.items():
        assert len(given["wrong"]) >= 2 and len(given["right"]) >= 1, label


@every_lesson
def test_slides_are_marked(notebook):
    assert [slide_type(cell) for cell in notebook.cells].count("slide") >= 5


@every_notebook
def test_only_the_speaker_sees_the_notes_of_slides(notebook):
    for cell in notebook.cells:
        if slide_type(cell) == "notes":
            assert cell.cell_type == "markdown" and "remove-cell" in tags(cell), cell.source


@every_notebook
def test_kernel_metadata_say_nothing_of_a_machine(notebook):
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3" and notebook.metadata.language_info == {"name": "python"}


def test_the_claims_are_all_there():
    rows = re.findall(r"^\| (\d+) \|", prose(NOTEBOOKS["claims"]), re.M)
    assert sorted(map(int, rows)) == list(range(1, 59))


def test_every_claim_is_settled_and_points_at_its_evidence():
    for row in re.findall(r"^\| \d+ \|.*\|$", prose(NOTEBOOKS["claims"]), re.M):
        _, _, _, verdict, *_, see, _ = row.split("|")
        assert re.match(r" (right|wrong|imprecise|ambiguous|unused|gap|incomplete)", verdict), row
        assert re.search(r"\{\w+(:\w+)?\}`|below", see), row
        assert not re.search(r"\b(later|waits|to come)\b", row), row


def read(source):
    """The names that a piece of code reads."""
    return {
        node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }


def bound(source):
    """The names that a piece of code leaves behind."""
    code = compile(source, "cell", "exec")
    return {
        instruction.argval
        for instruction in dis.get_instructions(code)
        if instruction.opname in ("STORE_NAME", "STORE_GLOBAL")
    }


@every_lesson
def test_nothing_rests_on_a_solution(notebook):
    """A reader who leaves an exercise blank loses its check and no other cell."""
    answers = set()
    for cell in code(notebook):
        if "solution" in tags(cell):
            answers |= bound(cell.source)
        elif not tags(cell) & {"exercise", "check"}:
            assert not read(cell.source) & answers - bound(cell.source), cell.source
            answers -= bound(cell.source)


def test_pages_are_in_reading_order():
    assert [path.stem for path in pages()][:2] == ["medical-images", "images-as-sequences"]
    assert {path.stem for path in pages()} - {path.stem for path in chapters()} == {
        "explorer",
        "faq",
        "glossary",
        "quizzes",
        "teaching",
        "what-we-learned",
        "README",
        "bibliography",
        "errata",
        "CONTRIBUTING",
    }
    with pytest.raises(ValueError, match="expected the name of a chapter, got 'gates'; choose one of medical-images"):
        chapter("gates")


def test_next_leads_to_the_next_page():
    order = [path.stem for path in pages()]
    for here, following in itertools.pairwise(order):
        if here in LESSONS:
            last = next(cell.source for cell in reversed(LESSONS[here].cells) if cell.source.startswith("## Next"))
            assert re.search(r"\{doc\}`(?:[^`<]*<)?([\w-]+)>?`", last)[1] == following, here
