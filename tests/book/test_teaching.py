"""The teacher's pages: whole, and saying nothing that the book or the board does not bear out."""

import json
import re
from functools import cache
from typing import NamedTuple

import nbformat
import numpy as np
import pytest
import yaml

from medlstm.book.chapters import CHAPTERS, CORE, pages, slide_type
from medlstm.cells import CELLS, run, sigmoid
from medlstm.evaluation import net_benefit, predictive_values
from medlstm.files import ROOT
from medlstm.gradients import complex_step
from medlstm.lstm import LSTM

NOTES = ROOT / "teaching" / "notes"
HEADINGS = [
    "In 45 minutes",
    "In 90 minutes",
    "On the board",
    "Questions for the class",
    "The exercises",
    "What goes wrong",
    "When time is short",
    "To take home",
]
NUMBER = re.compile(r"(?<![\w.])(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?<!,)")
every_page = pytest.mark.parametrize("name", CORE)


@cache
def page(name):
    return (NOTES / f"{name}.md").read_text()


@cache
def parts(name):
    """The text of a page below each of its headings."""
    pieces = re.split(r"^## (.*)\n", page(name), flags=re.M)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def references(text):
    return re.findall(r"\{(?:ref|numref|eq)\}`(?:[^`<]*<)?([\w-]+)>?`", text)


def exercises(name):
    """The exercises of a chapter: label and name."""
    notebook = nbformat.read(CHAPTERS / f"{name}.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return [(label, title) for title, label in re.findall(r"^:::\{exercise\} (.*)\n:label: (\S+)$", text, re.M)]


# What stands under a label.


def shown(cell):
    """All that a reader of the chapter can read of a cell; no output that may differ on the next machine."""
    figure = cell.metadata.get("mystnb", {})
    ignored = "nbval-ignore-output" in cell.metadata.get("tags", [])
    outputs = [] if ignored else cell.get("outputs", [])
    texts = [output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in outputs]
    said = [text for text in texts if not text.startswith("<Figure size")]
    return "\n".join([cell.source, figure.get("figure", {}).get("caption", ""), *said])


START = re.compile(r"^(?=\([\w-]+\)=\n## |:::\{exercise\})|(?<!=\n)^(?=## )", re.M)
LABEL = re.compile(r"^\(([\w-]+)\)=$|^:label: (\S+)$|^\$\$ \(([\w-]+)\)$", re.M)


class Section(NamedTuple):
    """A section of a chapter, or an exercise: its labels, what is shown, and how long that is."""

    labels: list
    shown: list
    words: int
    lines: int


@cache
def sections():
    """All sections and exercises of all chapters; an exercise also shows the answers that its check was tried on."""
    found = []
    for path in sorted(CHAPTERS.glob("*.ipynb")):
        answers = ROOT / "tests" / "answers" / f"{path.stem}.yaml"
        tried = yaml.safe_load(answers.read_text()) if answers.is_file() else {}
        found.append(Section([], [], 0, 0))
        for cell in nbformat.read(path, as_version=4).cells:
            if slide_type(cell) == "notes":
                continue
            prose = cell.cell_type == "markdown"
            for number, piece in enumerate(START.split(cell.source) if prose else [shown(cell)]):
                if prose and (number or START.match(piece)):
                    found.append(Section([], [], 0, 0))
                section = found[-1]
                named = ["".join(label) for label in LABEL.findall(piece)] if prose else []
                figure = cell.metadata.get("mystnb", {}).get("figure", {}).get("name")
                section.labels.extend(named + [figure] * bool(figure))
                section.shown.append(piece)
                section.shown.extend(json.dumps(tried[name], ensure_ascii=False) for name in named if name in tried)
                found[-1] = section._replace(
                    words=section.words + prose * len(re.findall(r"[A-Za-z][\w'-]*", piece)),
                    lines=section.lines + (not prose) * len(cell.source.splitlines()),
                )
    return {label: section for section in found for label in section.labels}


@cache
def evidence(label):
    """What stands under a label: all of the section or the exercise that it belongs to."""
    return "\n".join(sections()[label].shown)


def minutes_to_read(label):
    """By the rule of the chapters: 80 words or 20 lines of code a minute."""
    return sections()[label].words / 80 + sections()[label].lines / 20


def minutes_stated(label):
    """What an exercise says that it takes."""
    return int(re.search(r"^\*(\d+) minutes\.\*", evidence(label), re.M)[1])


def numbers(text):
    """The numbers in a text, each in one spelling: 80384 for 80,384 and .9 for 0.9."""
    return {re.sub(r"^0(?=\.)", "", number.replace(",", "")) for number in NUMBER.findall(text)}


def claims(text):
    """The pieces of a text that have to bear out their numbers each by itself: paragraphs, questions, rows."""
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    for paragraph in re.split(r"\n\s*\n", text):
        rows = [row for row in paragraph.splitlines() if row.startswith("|")]
        yield from [row.split("|", 2)[2] for row in rows] or [paragraph]


def test_labels_lead_to_their_own_section_alone():
    assert "0.7500" in evidence("sec-forget") and "80,384" not in evidence("sec-forget")
    assert evidence("eq-cell") == evidence("sec-cell-state")
    assert evidence("fig-cells") == evidence("sec-accuracy-blind")
    assert "-0.375" in evidence("ex-new-step") and "bias_f" not in evidence("ex-new-step")
    assert "Next" not in evidence("ex-detector")
    assert numbers("80,384 of 0.9, .9 and 9; x_1, 1e-05.") == {"80384", ".9", "9", "1", "05"}


@every_page
def test_every_number_is_found_where_its_sentence_points(name):
    on_the_board = numbers(board_text(name))
    for heading, text in parts(name).items():
        for claim in claims(text):
            borne_out = set().union(*(numbers(evidence(label)) for label in references(claim)))
            if heading == "On the board" or "board" in claim:
                borne_out |= on_the_board
            plain = re.sub(r"\{\w+\}`[^`]*`", "", claim)
            assert numbers(plain) <= borne_out, (heading, numbers(plain) - borne_out, claim)


# The form of a page.


@every_page
def test_a_page_has_all_its_parts_and_all_exercises(name):
    assert list(parts(name)) == HEADINGS and all(len(text.split()) > 8 for text in parts(name).values())
    assert re.match(r"# Teaching: .+\n\nFor whoever teaches \{doc\}`../../chapters/" + name + "`", page(name))
    assert re.findall(r"^\*\*\{ref\}`(ex-[\w-]+)` (.*?)\*\* \*Wrong", parts(name)["The exercises"], re.M) == exercises(
        name
    )
    for minutes in (45, 90):
        for _, _, what in plan(name, minutes):
            assert all(f"`{label}` {title}" in what for label, title in exercises(name) if label in references(what))
    assert not re.search(r"```python|^>>>", page(name), re.M), "solutions stand in the chapter"


@every_page
def test_each_question_has_answers_that_come_and_the_true_one_with_its_evidence(name):
    questions = re.split(r"^(?=\*\*)", parts(name)["Questions for the class"], flags=re.M)[1:]
    assert len(questions) >= 3
    for question in questions:
        *come, true = re.findall(r"^- (.*)", question, re.M)
        assert come and all(re.match(r'\*".+"\* Ask: .+\?', answer) for answer in come), question
        assert true.startswith("What is true: ") and references(true), question


@every_page
def test_each_exercise_has_what_is_wrong_and_a_question_to_ask(name):
    for paragraph in re.split(r"\n\n", parts(name)["The exercises"].strip()):
        assert re.match(r"\*\*\{ref\}`[\w-]+` .*?\*\* \*Wrong:\* .+ \*Ask:\* .+", paragraph), paragraph


def plan(name, minutes):
    """The rows of a plan: from, to, what is done."""
    rows = re.findall(r"^\| (\d+)–(\d+) \|(.*)$", parts(name)[f"In {minutes} minutes"], re.M)
    return [(int(start), int(end), what) for start, end, what in rows]


@every_page
@pytest.mark.parametrize("minutes", [45, 90])
def test_the_minutes_of_a_plan_add_up(name, minutes):
    rows = plan(name, minutes)
    assert [start for start, _, _ in rows] == [0, *(end for _, end, _ in rows[:-1])] and rows[-1][1] == minutes
    assert all(start < end for start, end, _ in rows)


@every_page
@pytest.mark.parametrize("minutes", [45, 90])
def test_the_minutes_of_a_plan_follow_the_rule_that_the_general_page_states(name, minutes):
    rule = "at least half of the minutes that it takes to read, and an exercise at least half of those that it states"
    assert rule in general()
    for start, end, what in plan(name, minutes):
        named = references(what)
        needed = sum(minutes_to_read(label) for label in named if label.startswith("sec-"))
        needed += sum(minutes_stated(label) for label in named if label.startswith("ex-"))
        assert end - start >= needed / 2, (what, needed)


def general():
    return (CHAPTERS / "teaching.md").read_text()


def test_the_general_page_has_three_plans_four_projects_a_scheme_and_what_to_do_when_something_fails():
    page = general()
    sections = dict(re.findall(r"^## (.*)\n((?:(?!## ).*\n?)*)", page, re.M))
    assert re.findall(r"^\*\*([\w ]+)\*\*", sections["Three plans"], re.M) == ["One day", "Six weeks", "Alone"]
    assert re.findall(r"^\| (\d) \|", sections["Three plans"], re.M) == 2 * list("123456")
    assert len(re.findall(r"^\*\*[\w ]+\*\* ", sections["Who will sit before you"], re.M)) == 3
    assert re.findall(r"^(\d)\. \*\*", sections["Four projects of half a day"], re.M) == list("1234")
    points = map(int, re.findall(r"^\| the \w+ \((\d)\) \|", sections["Four projects of half a day"], re.M))
    assert sum(points) == 20 and "| out of 20 |" in page
    failures = re.findall(r"^- \*\*(.*?)\.\*\*", sections["When something fails"], re.M)
    assert {"No network", "A laptop that cannot install", "No projector"} <= set(failures)
    assert "CITATION.cff" in sections["Adapt it, cite it"]


def test_the_pages_are_in_the_contents_below_the_general_one_and_it_leads_to_them():
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    chapters = {chapter["file"]: chapter for part in parts for chapter in part["chapters"]}
    below = chapters["chapters/teaching"]["sections"]
    assert [entry["file"] for entry in below][: len(CORE)] == [f"teaching/notes/{name}" for name in CORE]
    assert re.findall(r"\{doc\}`[^`<]*<?\.\./teaching/notes/([\w-]+)>?`", general()) == list(CORE)
    titles = [page(name).splitlines()[0] for name in CORE]
    assert len(set(titles)) == len(titles) and {path.stem for path in NOTES.glob("*.md")} == set(CORE)
    assert not [path for path in pages() if path.is_relative_to(NOTES)], "readers work in copies without them"


# The board: each line is computed.

SIGNS = {"·": "*", "−": "-", "^": "**", "½": "(1/2)", "¼": "(1/4)", "¾": "(3/4)", "√": "sqrt", "σ": "sigma"}


def three(x):
    """A number as a computer keeps it that has three digits."""
    return float(f"{x:.2e}")


def board_text(name):
    return "\n".join(re.findall(r"^```text\n(.*?)^```", parts(name)["On the board"], re.M | re.S))


def computed(expression, known):
    """The value of what is written at a board."""
    expression = re.sub(r"ln (\d+)", r"ln(\1)", expression)
    expression = re.sub(r"√(\d+)", r"√(\1)", expression)
    for sign, code in SIGNS.items():
        expression = expression.replace(sign, code)
    functions = {"ln": np.log, "tanh": np.tanh, "sqrt": np.sqrt, "sigma": sigmoid, "three": three}
    return float(eval(expression, {"__builtins__": {}}, functions | known))


def board(name):
    """What is worked out at the board, by its names; a line that is wrong is an AssertionError.

    What follows an = must be the same number, what follows an ≈ the same number, rounded to the digits it shows.
    """
    known = {}
    for line in filter(None, board_text(name).splitlines()):
        symbol, *steps = re.split(r" (=|≈) ", line)
        value = computed(steps[1], known)
        for sign, expression in zip(steps[::2], steps[1::2], strict=True):
            digits = len(expression.partition(".")[2])
            off = abs(computed(expression, known) - value)
            assert off <= (1e-9 if sign == "=" else 0.5 * 10.0**-digits * (1 + 1e-9)), line
        assert symbol.isidentifier() and symbol not in known, line
        known[symbol] = value
    return known


@every_page
def test_every_line_of_the_board_is_right_and_short_enough_to_be_written(name):
    assert len(board(name)) >= 4
    assert max(map(len, board_text(name).splitlines())) <= 64


@pytest.mark.parametrize("line", ["a = 1/3 = 0.33", "a = 1/3 ≈ 0.34", "a = 1 + 1 = 3", "a = b"])
def test_a_wrong_line_is_noticed(line, monkeypatch):
    monkeypatch.setitem(globals(), "board_text", lambda name: line)
    with pytest.raises((AssertionError, NameError)):
        board("any")


def test_the_table_of_four():
    seen = board("medical-images")
    positive, _ = predictive_values(0.9, 0.9, np.array([0.01, 0.5]))
    assert np.allclose(positive, [seen["right"], seen["right_half"]])
    assert seen["found"] + seen["missed"] + seen["cleared"] + seen["alarms"] == 1000


def test_the_slopes_of_a_tanh():
    seen = board("images-as-sequences")
    heights = np.arctanh([0, 0.5, 0.9])
    slopes = [seen["slope_blank"], seen["slope_ink"], seen["slope_full"]]
    assert np.allclose(complex_step(lambda z: np.tanh(z).sum(), heights), slopes)


def printed_step():
    ln3 = np.log(3)
    params = {
        "kernel": ln3 * np.array([[1, 0.5, 0, -0.5]]),
        "recurrent_kernel": ln3 * np.array([[-2, 1, 1, -1]]),
        "bias": np.zeros(4),
    }
    return params, np.array([[1.0]]), np.array([[0.5]]), np.array([[2.0]])


def test_the_step_by_hand_is_the_chapters():
    params, x, h, c = printed_step()
    (h_new, c_new), gates = CELLS["standard"](x, (h, c), params)
    seen = board("gate-equations")
    assert np.allclose([seen["c"], seen["h"]], [c_new.item(), h_new.item()])
    for symbol, gate in {"f": "forget", "i": "input", "g": "candidate", "o": "output"}.items():
        assert np.isclose(seen[symbol], gates[gate].item())
    brackets = re.findall(r"^z_(.) = 1 · (.+)·ln 3 \+ ½ · (.+)·ln 3 = ", board_text("gate-equations"), re.M)
    weights = {gate: [computed(number, {}) for number in numbers_of] for gate, *numbers_of in brackets}
    columns = np.concatenate([params["kernel"], params["recurrent_kernel"]]).T / np.log(3)
    assert weights == dict(zip("ifgo", columns.tolist(), strict=True))


def test_the_step_backwards_is_what_a_complex_step_gives():
    params, x, h, c = printed_step()
    seen = board("training-equations")
    shown_by = lambda params, h, c: CELLS["standard"](x, (h, c), params)[0][0].sum()
    of_bias = complex_step(lambda bias: shown_by(params | {"bias": bias}, h, c), params["bias"])
    assert np.allclose(of_bias, [seen[f"δz_{gate}"] for gate in "ifgo"])
    assert np.isclose(complex_step(lambda old: shown_by(params, old, c), h), seen["to_h_old"])
    assert np.isclose(complex_step(lambda old: shown_by(params, h, old), c), seen["to_c_old"])


def test_the_numbers_of_weights():
    loaf, keras = board("numpy-lstm"), board("keras-lstm")
    size = lambda inputs, units: sum(array.size for array in LSTM(inputs, units).parameters.values())
    assert loaf["layer"] == size(28, 64)
    assert (keras["lower"], keras["upper"]) == (size(28, 128), size(128, 64))


def test_the_computer_with_three_digits_is_like_one_with_seven():
    one, large = np.float32(0.5), np.float32(1e8)
    assert (one + large) - large == board("same-network-twice")["left"] == 0
    assert one + (large - large) == one and board("same-network-twice")["right"] == 4


def test_what_a_standing_gate_leaves(rng):
    seen = board("inside-the-lstm")
    params = CELLS["standard"].initial_parameters(2, 3, rng)
    for bias in (1, 3, 5):
        held = {key: np.zeros_like(array) for key, array in params.items()}
        held["bias"][3:6] = bias
        _, (_, c) = run(CELLS["standard"], np.zeros((1, 27, 2)), held, (np.zeros((1, 3)), np.ones((1, 3))))
        assert np.allclose(c, seen[f"left_{bias}"])


def test_a_thousand_children_and_a_price():
    seen = board("medical-classification")
    assert np.isclose(predictive_values(0.969, 0.624, 0.16)[0], seen["right"])
    everybody = net_benefit(np.array([0, 1]), np.ones(2), 0.2, 0.16)
    assert np.isclose(everybody, seen["call_all"])


def test_a_set_needs_no_order_and_a_mean_tells_an_artefact(rng):
    seen = board("slices-and-frames")
    areas = rng.permutation([100, 91, 80, 64, 72, 80, 96])
    assert np.isclose(1 - (areas.min() / areas.max()) ** 1.5, seen["EF"])
    means = np.convolve([0, 6, 0, 0, 4, 5, 6], np.ones(3) / 3, "valid")
    assert means[0] == seen["artefact"] < seen["lesion"] == means[-1]


# What the speaker reads beside the slides.


@every_page
def test_most_slides_have_a_note_for_the_speaker(name):
    cells = nbformat.read(CHAPTERS / f"{name}.ipynb", as_version=4).cells
    notes = [k for k, cell in enumerate(cells) if slide_type(cell) == "notes"]
    slides = [k for k, cell in enumerate(cells) if slide_type(cell) in ("slide", "subslide")]
    assert len(notes) > len(slides) / 2
    assert len({max(k for k in slides if k < place) for place in notes}) == len(notes), "one on a slide, none before"
    for k in notes:
        assert 20 <= len(cells[k].source.split()) <= 80 and cells[k].metadata.tags == ["remove-cell"]
        assert not numbers(cells[k].source), "what is said aloud needs no figures: they are on the slide"
        before = next(cell for cell in reversed(cells[:k]) if slide_type(cell) != "notes")
        assert not before.source.startswith(":::{exercise}")
        assert not {"exercise", "solution", "nbval-ignore-output"} & set(before.metadata.get("tags", []))
