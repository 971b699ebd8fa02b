"""The explorer in a real browser: it computes what `medlstm` computes, and bears whatever a reader does."""

import base64
import random

import numpy as np
import pytest
from browser import chromium, needs_browser

from medlstm.book import explorer
from medlstm.book.forms import pages
from medlstm.cells import CELLS, clamp, run, softmax
from medlstm.datasets import load_mnist, scaled
from medlstm.files import ROOT
from medlstm.network import SequenceClassifier

SITE = ROOT / "_build" / "html"
PAGE = SITE / "chapters" / "explorer.html"
pytestmark = [
    pytest.mark.browser,
    needs_browser,
    pytest.mark.skipif(not PAGE.is_file(), reason="the site is not built: make book"),
]
HELD = {
    "standard": {"forget": 1.0, "input": 0.0},
    "no_forget": {"output": 1.0},
    "softmax_output": {"forget": 0.0},
    "article": {"input": 1.0, "forget": 0.0},
}

READ = """async ([name, pixels, holds, from]) => {
  const { load, program, readRows } = LSTMExplorer, network = await load(name), prepared = program(network);
  const kept = {}, add = (key, values) => (kept[key] ??= []).push(...values);
  for (const image of pixels) {
    const { trace, probabilities } = readRows(prepared, Float64Array.from(image), holds, from);
    for (const [key, values] of [...trace, ["p", probabilities]]) add(key, values);
  }
  const text = (values) => { let s = ""; const b = new Uint8Array(Float64Array.from(values).buffer);
    for (let k = 0; k < b.length; k += 8192) s += String.fromCharCode(...b.subarray(k, k + 8192)); return btoa(s); };
  return Object.fromEntries(Object.entries(kept).map(([key, values]) => [key, text(values)]));
}"""


@pytest.fixture(scope="module")
def opened():
    with chromium() as browser:
        page = browser.new_page()
        page.goto(PAGE.as_uri())
        page.wait_for_function("LSTMExplorer.shown[0].slopes")
        yield page


@pytest.fixture
def page(opened):
    """The page as it is when it has been opened."""
    faults = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.goto("about:blank")
    opened.goto(PAGE.as_uri())
    opened.wait_for_function("LSTMExplorer.shown[0].slopes")
    yield opened
    assert faults == []


@pytest.fixture(scope="module")
def digits():
    _, (images, _) = load_mnist()
    return images[:100]


def in_page(page, name, images, holds=None, start=0):
    """What the page computes: arrays by the letters of its equations, and p."""
    values = scaled(images).reshape(len(images), -1).astype(float).tolist()
    kept = page.evaluate(READ, [name, values, holds or {}, start])
    arrays = {key: np.frombuffer(base64.b64decode(text)).reshape(len(images), 28, -1) for key, text in kept.items()}
    return arrays


def in_python(name, images, held, start):
    """The same by `medlstm.cells`, with gates held from a row on."""
    cell = CELLS[explorer.cell_of(name)]
    params = {key: array.astype(float) for key, array in explorer.weights(name).items()}
    x = scaled(images).astype(float)
    parts, state = [], None
    for weights, rows in ((params, x[:, :start]), (clamp(cell, params, **held), x[:, start:])):
        if rows.shape[1]:
            trace, state = run(cell, rows, weights, state)
            parts.append(trace)
    trace = {key: np.concatenate([part[key] for part in parts], axis=1) for key in parts[0]}
    return trace, softmax(trace["hidden"] @ params["head/kernel"] + params["head/bias"])


@pytest.mark.parametrize("name", explorer.NETWORKS)
@pytest.mark.parametrize("start", [0, 14])
def test_every_gate_row_and_class_is_that_of_the_package(name, start, opened, digits):
    held = HELD[explorer.cell_of(name)] if start else {}
    told = in_page(opened, name, digits, {explorer.LETTERS[gate]: value for gate, value in held.items()}, start)
    trace, probabilities = in_python(name, digits, held, start)
    assert np.abs(told.pop("p") - probabilities).max() < 1e-5
    assert set(told) <= {explorer.LETTERS[key] for key in trace}
    for key, expected in trace.items():
        if explorer.LETTERS[key] in told:
            assert np.abs(told[explorer.LETTERS[key]] - expected).max() < 1e-5, key


def test_a_row_s_importance_is_gradient_times_pixel(opened, digits):
    arrays = explorer.weights("digits_standard")
    network = SequenceClassifier(28, (64,), 10, dtype=np.float64)
    for ours, theirs in zip(network.parameters.values(), arrays.values(), strict=True):
        ours[...] = theirs
    x = scaled(digits[:4]).astype(float)
    logits = network.forward(x)
    answers = logits.argmax(axis=1)
    gradient = network.backward(np.eye(10)[answers] - softmax(logits))
    for image, answer, expected in zip(x, answers, (gradient * x).sum(axis=2)):
        told = opened.evaluate(
            "async ([image, answer]) => [...LSTMExplorer.importance(LSTMExplorer.program(await"
            " LSTMExplorer.load('digits_standard')), Float64Array.from(image), {}, 0, answer)]",
            [image.ravel().tolist(), int(answer)],
        )
        assert np.allclose(told, expected, rtol=1e-4, atol=1e-6)


def test_a_digit_is_read_within_a_frame_and_explained_while_one_waits(opened):
    read, explained = opened.evaluate("""() => {
      const shown = LSTMExplorer.shown[0], { prepared, image } = shown, times = [[], []];
      for (let k = 0; k < 15; k++) {
        let start = performance.now();
        LSTMExplorer.readRows(prepared, image);
        times[0].push(performance.now() - start);
        if (k % 3) continue;
        start = performance.now();
        LSTMExplorer.importance(prepared, image, {}, 0, 3);
        times[1].push(performance.now() - start);
      }
      return times.map((all) => Math.min(...all));  // another program only adds
    }""")
    assert read < 16 and explained < 300


def test_what_pages_load_is_light_and_carries_the_stored_weights():
    files = {path.name: path for path in (SITE / "explorer").iterdir()}
    assert sum(path.stat().st_size for path in files.values()) < 1e6
    for name in explorer.NETWORKS:
        entry = explorer.network(name)
        assert entry["weights"] in files[f"{name}.js"].read_text()
        assert entry["sha256"] in files["explorer.js"].read_text()


def test_other_pages_load_none_of_it():
    users = [page.stem for page in pages(SITE) if "explorer/explorer.js" in page.read_text()]
    assert sorted(users) == ["explorer", "gate-equations"]


def test_the_tasks_tell_what_happens(opened):
    text = (ROOT / "chapters" / "explorer.md").read_text()
    images = np.stack([pixels for _, _, kind, pixels in explorer.examples() if kind == "digit"])
    answers = {held: in_python("digits_standard", images, {"forget": held}, 14)[1][:, -1] for held in (0.0, 1.0)}
    seven = 14
    assert "the answer is 1 with a probability of 0.15, and so it is for every digit" in text
    assert round(answers[0.0][seven, 1], 2) == 0.15 and np.abs(answers[0.0][:, 1] - 0.15).max() < 0.03
    assert set(answers[0.0].argmax(axis=1)) == {1} and answers[1.0][seven].argmax() == 7
    right = int((answers[1.0].argmax(axis=1) == np.repeat(range(10), 2)).sum())
    assert f"{right} of the 20 digits" in text
    told = in_python("digits_standard", explorer.phantom()[None], {}, 0)[1][0, -1]
    assert f"is a zero, with a probability of {told[0]:.2f}" in text
    order = opened.evaluate("LSTMExplorer.shuffled(28, 1)")
    four = images[8][None, order]
    assert in_python("digits_standard", four, {}, 0)[1][0, -1].argmax() == 5 and "for a five" in text


# ---------- what a reader does ----------


def test_holding_a_gate_shows_at_once(page):
    page.get_by_label("f forget gate").select_option("0")
    page.get_by_label("from row").fill("15")
    page.get_by_label("from row").press("Tab")
    held = page.evaluate("[...LSTMExplorer.shown[0].read.trace.get('f')].slice(13 * 64, 16 * 64)")
    assert set(held[64:]) == {0} and min(held[:64]) > 0
    assert "forget gate 0.00" in page.get_by_role("status").first.inner_text()


def test_the_output_gate_of_the_misprinted_cell_changes_nothing(page):
    page.get_by_label("Network", exact=True).select_option("digits_article")
    page.wait_for_function("LSTMExplorer.shown[0].network.cell === 'article'")
    answers = lambda: page.evaluate("[...LSTMExplorer.shown[0].read.probabilities]")
    before = answers()
    page.get_by_label("o output gate").select_option("0")
    page.wait_for_function("'o' in LSTMExplorer.shown[0].holds")
    assert answers() == before
    page.get_by_label("i input gate").select_option("0")
    page.wait_for_function("'i' in LSTMExplorer.shown[0].holds")
    assert answers() != before


def test_a_digit_can_be_drawn_with_the_mouse_and_from_the_keyboard(page):
    page.get_by_role("button", name="draw a digit").click()
    pad = page.locator(".pad")
    box = pad.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 30, steps=8)
    page.mouse.up()
    ink = lambda: page.evaluate("LSTMExplorer.shown[0].image.reduce((sum, v) => sum + v)")
    assert ink() > 20
    page.wait_for_function("LSTMExplorer.shown[0].answers(27)[1] > 0.5")
    page.get_by_role("button", name="wipe the field").click()
    assert ink() == 0
    pad.focus()
    for key in ("Space", "Shift+ArrowDown", "Shift+ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    assert ink() > 3
    assert "column 16, row 17" in page.get_by_role("status").first.inner_text()
    page.keyboard.press("Delete")


def test_rows_are_stepped_played_shuffled_and_blanked(page):
    page.get_by_role("button", name="one row back").click()
    assert page.locator(".count").inner_text() == "27 of 28"
    page.get_by_label("rows read").focus()
    page.keyboard.press("Home")
    assert page.locator(".count").inner_text() == "1 of 28"
    page.get_by_role("button", name="play").click()
    page.wait_for_function("LSTMExplorer.shown[0].chosen.row > 3")
    page.get_by_role("button", name="pause").click()
    image = lambda: page.evaluate("[...LSTMExplorer.shown[0].image]")
    before = image()
    page.get_by_role("button", name="shuffle").click()
    assert image() != before and sorted(image()) == sorted(before)
    page.get_by_role("button", name="in order").click()
    assert image() == before
    page.get_by_label("blank, such as").fill("10-14")
    page.keyboard.press("Tab")
    assert image()[9 * 28 : 14 * 28] == [0] * 140 and image()[: 9 * 28] == before[: 9 * 28]
    page.get_by_label("blank, such as").fill("14-10")
    page.keyboard.press("Tab")
    assert "Two rows from 1 to 28 were expected" in page.get_by_role("status").first.inner_text()


def test_a_link_keeps_what_is_seen(page):
    page.get_by_label("Image", exact=True).select_option("chest_pneumonia")
    page.wait_for_function("LSTMExplorer.shown[0].network.classes === 2")  # its network came with it
    page.get_by_label("i input gate").select_option("1")
    page.get_by_label("The cell, line by line").fill("h = tanh(x @ W_g + b_g)\n")
    link = page.get_by_role("link", name="a link to all that you see").get_attribute("href")
    chosen = page.evaluate("LSTMExplorer.shown[0].chosen")
    page.goto("about:blank")
    page.goto(PAGE.as_uri() + link)
    page.wait_for_function("LSTMExplorer.shown[0].slopes")
    assert page.evaluate("LSTMExplorer.shown[0].chosen") == chosen
    page.goto(PAGE.as_uri() + "#explorer:network=none&row=99&f=2&blank=9-3&image=__proto__&order=x&eq=")
    page.wait_for_function("LSTMExplorer.shown[0].network")
    assert page.evaluate("LSTMExplorer.shown[0].chosen.network") == "digits_standard"


def test_without_scripts_a_picture_stands_in(opened):
    page = opened.context.browser.new_context(java_script_enabled=False).new_page()
    page.goto(PAGE.as_uri())
    picture = page.locator("#fig-explorer img")
    assert picture.is_visible() and "heat maps" in picture.get_attribute("alt")
    page.goto((SITE / "index.html").as_uri())
    assert page.locator("#fig-cover img").is_visible()
    page.context.close()


def test_the_cover_can_be_played(opened):
    page = opened.context.browser.new_page()
    page.goto((SITE / "index.html").as_uri())
    bars = lambda: page.locator(".lstm-cover .bar.best i").all_inner_texts()
    page.get_by_label("rows read").focus()
    page.keyboard.press("End")
    assert bars() == ["7", "0", "8", "pneumonia"]
    page.keyboard.press("Home")
    assert bars() != ["7", "0", "8", "pneumonia"]
    page.close()


# ---------- equations ----------


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("h = o * tanh(c)", "o is not known here", (0, 4)),
        ("h = x", "h: 28 numbers, 64 were expected", (0, 0)),
        ("g = tanh(x @ U_g)\nh = g", "28 numbers, 64 were expected", (0, 11)),
        ("g = tanh(x @ W_g + x)\nh = g", "28 numbers, 64 were expected", (0, 17)),
        ("h = W_g", "a matrix stands only to the right of @", (0, 0)),
        ("h = tanh(W_g)", "tanh takes numbers, not a matrix", (0, 4)),
        ("h = h @ b_g", "to the right of @ a matrix was expected, got 64 numbers", (0, 6)),
        ("h = x @ W_z", "this network has no W_z", (0, 8)),
        ("c = c", "a line that gives h is missing", (0, 0)),
        ("", None, None),
        ("h = h ? 1", "“?” has no meaning here", (0, 6)),
        ("h = (h", "“)” was expected", (0, 6)),
        ("h = h h", "“h” was not expected here", (0, 6)),
        ("h =", "something is missing here", (0, 3)),
        ("tanh = h", "tanh cannot be given a value", (0, 0)),
        ("x = h", "x cannot be given a value", (0, 0)),
        ("3 = h", "a line begins with a name", (0, 0)),
        ("h = constructor", "constructor is not known here", (0, 4)),
        ("h = __proto__", "“_” has no meaning here", (0, 4)),
        ("h = window(h)", "window is not known here", (0, 4)),
        ("c = 1\nh = h", "c: 1 number, 64 were expected", (0, 0)),
        ("h = h" + " @ U_f" * 25, "at most 24 products", None),
        ("h = " + "(" * 100 + "h" + ")" * 100, "at most 40 brackets", None),
        ("h = h" + " + h" * 500, "at most 400 operations", None),
        ("h = h" + " " * 5000 + "+ h", "at most 4000 characters", None),
    ],
)
def test_a_wrong_line_is_answered_at_the_character(text, message, place, opened):
    told = opened.evaluate(
        """async (text) => {
      const network = await LSTMExplorer.load("digits_standard");
      try { LSTMExplorer.program(network, text || undefined); return null; }
      catch (error) { return [error.message, error.line, error.column]; }
    }""",
        text,
    )
    if message is None:
        assert told is None
    else:
        assert told[0].startswith(message)
        assert place is None or tuple(told[1:]) == place


def test_other_equations_run_with_a_word_of_warning(page):
    area = page.get_by_label("The cell, line by line")
    own = area.input_value()
    area.fill(own.replace("f * c", "c"))
    assert "trained for another cell: LSTM, for digits" in page.locator(".banner").inner_text()
    area.fill(own.replace("tanh(c)", "tanh(c"))
    assert "“)” was expected" in page.locator(".fault").inner_text()
    assert page.locator(".fault").inner_text().splitlines()[3].index("^") == len("line 6: h = o * tanh(c")
    area.fill(own.replace(" ", "") + "\n# the same")
    assert page.locator(".banner").is_hidden() and page.locator(".fault").is_hidden()
    area.fill("h = exp(exp(10 * exp(x @ W_g)))")
    assert "no longer a finite number" in page.get_by_role("status").first.inner_text()


def test_no_input_hangs_the_page_or_reaches_beyond_it(opened):
    rng = random.Random(0)
    own = "\n".join(opened.evaluate("LSTMExplorer.EQUATIONS.standard"))
    pieces = "x h c f W_f U_g b_o sigmoid( softmax( ) ( @ * - / + = 1e308 0 constructor window.name ' `${1}` __proto__"
    pieces = [*pieces.split(), "\n", "[0]", "é", "\u2028", "=>", ";", "#"]
    likes = (
        ["sigmoid", "tanh", "relu", "exp", "softmax"],
        ["W_f", "W_g"],
        ["f *", "f -", "f /", "-"],
        ["tanh(c)", "c"],
    )
    texts = []
    for _ in range(500):
        letters = list(own)
        for _ in range(rng.randint(1, 6)):
            letters[rng.randrange(len(letters))] = rng.choice(pieces)
        alike = rng.choice(likes)
        texts += ["".join(letters), " ".join(rng.choices(pieces, k=rng.randint(1, 40)))]
        texts.append(own.replace(rng.choice(alike), rng.choice(alike)))
    told = opened.evaluate(
        """async (texts) => {
      const network = await LSTMExplorer.load("digits_standard"), image = new Float64Array(784).fill(0.3);
      const names = Object.getOwnPropertyNames(window).length + Object.getOwnPropertyNames(Object.prototype).length;
      let ran = 0, refused = 0, slowest = 0;
      for (const text of texts) {
        const start = performance.now();
        try { LSTMExplorer.readRows(LSTMExplorer.program(network, text || "h = h"), image); ran++; }
        catch (error) {
          if (!(error instanceof LSTMExplorer.EquationError)) throw new Error(text + " -> " + error);
          refused++;
        }
        slowest = Math.max(slowest, performance.now() - start);
      }
      const after = Object.getOwnPropertyNames(window).length + Object.getOwnPropertyNames(Object.prototype).length;
      return [ran, refused, slowest, after - names];
    }""",
        texts,
    )
    ran, refused, slowest, leaked = told
    assert ran > 100 and refused > 500 and slowest < 1000 and leaked == 0
