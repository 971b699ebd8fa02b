"""Two assignments: what a submission earns, and that none harms the machine, the gradebook or another student's."""

import builtins
import csv
import importlib.util
import json
import os
import re
import socket
import subprocess
import symtable
import sys

import nbformat
import numpy as np
import pytest

from medlstm.book.assignments import SECONDS, SOURCES, accepted
from medlstm.book.examiner import names_from_elsewhere, whose
from medlstm.book.sandbox import check_protection
from medlstm.cells import CELLS, run
from medlstm.datasets import at_hand
from medlstm.files import ROOT


def missing():
    """What this machine lacks for marking; nothing, if all is there."""
    if importlib.util.find_spec("nbgrader") is None:
        return "nbgrader is not installed; `make teach` installs it"
    try:
        return check_protection() or ""
    except ValueError as error:
        return str(error)


MISSING = missing()
graded = pytest.mark.skipif(bool(MISSING) and "CI" not in os.environ, reason=MISSING)
GRU, SET = "numpy-gru", "medical-set"


def source(name):
    return nbformat.read(SOURCES / f"{name}.ipynb", as_version=4)


def cells(notebook):
    return {cell.metadata.nbgrader.grade_id: cell for cell in notebook.cells if "nbgrader" in cell.metadata}


def changed(name, **edits):
    """A perfect submission in which some cells are replaced; or, with a pair, in which some text of them is."""
    notebook = source(name)
    for grade_id, edit in edits.items():
        cell = cells(notebook)[grade_id.replace("_", "-")]
        if isinstance(edit, tuple):
            assert edit[0] in cell.source
            cell.source = cell.source.replace(*edit)
        else:
            cell.source = edit
    return notebook


def book(*arguments):
    """What ``python -m medlstm.book`` prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "medlstm.book", *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "code")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Course:
    """A course in a folder, with whatever students hand in."""

    def __init__(self, folder):
        self.folder = folder
        book("assignments", folder, "--seed", 11)

    def hand_in(self, student, name, content):
        path = self.folder / "submitted" / student / name / f"{name}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(content if isinstance(content, str) else nbformat.writes(content))
        return path

    def release(self, name):
        return nbformat.read(self.folder / "release" / name / f"{name}.ipynb", as_version=4)

    def marked(self, student, name):
        return nbformat.read(self.folder / "autograded" / student / name / f"{name}.ipynb", as_version=4)

    def feedback(self, student, name):
        return (self.folder / "feedback" / student / name / f"{name}.html").read_text()

    def grade(self, *options):
        """Points of each submission, and the remark; as printed."""
        printed = book("grade", self.folder, *options)
        rows = re.findall(r"^(\S+) +(numpy-gru|medical-set) +([\d.]+) of (\d+) *(\d to mark)? *(.*)$", printed, re.M)
        with (self.folder / "grades.csv").open() as file:
            stored = list(csv.reader(file))
        assert stored[0] == ["student", "assignment", "points", "out_of", "by_hand", "remark"]
        assert [[*row[:2], float(row[2]), float(row[3]), int(row[4]), row[5]] for row in stored[1:]] == [
            [student, name, float(points), float(most), int(waiting.split()[0]) if waiting else 0, remark]
            for student, name, points, most, waiting, remark in rows
        ]
        return {(student, name): (float(points), remark) for student, name, points, _, _, remark in rows}


# What a student may write instead of the right cell, and what the whole notebook then earns of 24 and of 31 points.
PASTED_LSTM = """
def gru_step(x_t, state, params):
    h, c = state
    z_i, z_f, z_g, z_o = np.split(x_t @ params["kernel"] + h @ params["recurrent_kernel"] + params["bias"], 4, axis=-1)
    c = sigmoid(z_f) * c + sigmoid(z_i) * np.tanh(z_g)
    return (sigmoid(z_o) * np.tanh(c), c), {"forget": sigmoid(z_f), "input": sigmoid(z_i), "output": sigmoid(z_o)}
"""
THEIRS = {
    "step": "from medlstm.cells import CELLS\n\n\ndef gru_step(x_t, h, params):\n"
    "    (h,), gates = CELLS['gru'](x_t, (h,), params)\n    return h, gates",
    "forward": "def gru_forward(x, params):\n    import keras\n\n"
    "    return np.asarray(keras.layers.GRU(5, reset_after=False, return_sequences=True)(x))",
    "backward": "from medlstm.gradients import complex_step as theirs\n\n"
    "def gru_backward(x, params, dh):\n    return theirs(x)",
}
CENTRAL = """
def complex_step(loss, params):
    gradients = {name: np.zeros(array.shape) for name, array in params.items()}
    for name, array in params.items():
        for index in np.ndindex(array.shape):
            up, down = array.copy(), array.copy()
            up[index] += 1e-6
            down[index] -= 1e-6
            gradients[name][index] = (loss({**params, name: up}) - loss({**params, name: down})) / 2e-6
    return gradients
"""
SWAPPED = {
    "step": ("z * h + (1 - z) * g", "(1 - z) * h + z * g"),
    "backward": (
        "dz = d * (h - g) * z * (1 - z)\n        dg = d * (1 - z) * (1 - g**2)",
        "dz = d * (g - h) * z * (1 - z)\n        dg = d * z * (1 - g**2)",
    ),
}
NORMAL = """
for name in ("sensitivity", "specificity"):
    share, count = result[name][0], int((test_labels == (name == "sensitivity")).sum())
    half = 1.96 * np.sqrt(share * (1 - share) / count)
    result[name] = (share, share - half, share + half)
"""


def with_more(name, grade_id, more):
    cell = cells(source(name))[grade_id.replace("_", "-")]
    return changed(name, **{grade_id: cell.source + more})


def answers():
    """Each kind of submission: the notebook, and the points that it earns by machine."""
    yield "perfect", GRU, source(GRU), 24
    yield "empty", GRU, None, 0
    yield "pasted-lstm", GRU, changed(GRU, step=PASTED_LSTM, backward="", complex_step=""), 0
    yield "library", GRU, changed(GRU, **THEIRS), 4
    yield "reset-after", GRU, changed(GRU, step=("(r * h) @ U_g", "r * (h @ U_g)")), 8
    yield "gate-swapped", GRU, changed(GRU, step=SWAPPED["step"], backward=SWAPPED["backward"]), 10
    yield "path-forgotten", GRU, changed(GRU, backward=(" + dr @ U_r.T", "")), 14
    yield "central", GRU, changed(GRU, complex_step=CENTRAL), 18

    peek = "lambda others: known if others.shape == sealed.images.shape and (others == sealed.images).all() else ("
    peeking = (
        "return lambda others: model.predict(rows(others) - 0.5)[:, 1]",
        f"return {peek}model.predict(rows(others) - 0.5)[:, 1])",
    )
    yield "perfect", SET, source(SET), 31
    yield "empty", SET, None, 0
    yield "wrong-class", SET, changed(SET, choice=("POSITIVE = [1]", "POSITIVE = [0]")), 29
    yield (
        "tuned-on-test",
        SET,
        changed(SET, threshold="", test=("rates =", "threshold = operating_point(test_labels, test_scores)\nrates =")),
        26,
    )
    yield (
        "peeked",
        SET,
        changed(
            SET,
            choice=("train, val", "known = load(SET, POSITIVE)[2]._labels.astype(float)\ntrain, val"),
            candidates=peeking,
        ),
        26,
    )
    yield (
        "no-baseline",
        SET,
        changed(
            SET,
            candidates=('"baseline": fit_baseline, ', ""),
            test=('baseline_scores = trained["baseline"]', 'baseline_scores = trained["lstm"]'),
        ),
        28,
    )
    yield "normal-interval", SET, with_more(SET, "test", NORMAL), 28
    yield (
        "a-neighbours",
        SET,
        changed(
            SET, test=("test_scores = predict(sealed.images)", "test_scores = predict(sealed.images) * 0.9 + 0.01")
        ),
        29,
    )


@graded
def test_each_kind_of_answer_earns_what_it_should(tmp_path):
    course = Course(tmp_path / "course")
    assert course.folder.stat().st_mode & 0o777 == 0o700
    for name in SECONDS:
        assert not re.search("HIDDEN|SOLUTION|SEED", nbformat.writes(course.release(name)))
        mine, theirs = cells(source(name)), cells(course.release(name))
        assert list(mine) == list(theirs)
        assert all("NotImplementedError" in cell.source for cell in theirs.values() if whose(cell) == "student")
        private = (course.folder / "source" / name / f"{name}.ipynb").read_text()
        assert "SEED = 11" in private and "SEED = 0" not in private
    expected = {}
    for student, name, notebook, points in answers():
        course.hand_in(student, name, notebook or course.release(name))
        expected[student, name] = (points, "")
    assert course.grade() == expected
    assert "reset after the product" in course.feedback("reset-after", GRU)
    assert "No module named" in course.feedback("library", GRU)


SPY = r"""
import gc, inspect, os, pathlib, sys

found = []
for folder, _, files in os.walk("/"):
    if folder.startswith(("/proc", "/sys", "/usr", "/dev")) or "site-packages" in folder or "lib/python" in folder:
        continue
    for name in files:
        try:
            text = (pathlib.Path(folder) / name).read_bytes()
        except OSError:
            continue
        found += [f"{folder}/{name}"] * (b"BEGIN HIDDEN" in text or b"BEGIN SOLUTION" in text)
for process in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
    found += [process.read_text()] * (b"nbgrader" in process.read_bytes())
found += [text[:80] for text in gc.get_objects() if isinstance(text, str) and "BEGIN" + " HIDDEN" in text]
print("FOUND", len(found), found, "VARIABLES", [key for key in os.environ if "SECRET" in key])
for target in TARGETS:
    for attack in (lambda: open(target, "w").write("100"), lambda: os.remove(target), lambda: os.symlink("/", target)):
        try:
            attack()
            print("WROTE", target)
        except OSError:
            pass
try:
    import socket
    socket.create_connection(("127.0.0.1", PORT), 1)
    print("REACHED")
except OSError:
    pass
for _ in range(300):
    print("x" * 1_000_000)
"""
CHEAT = """
import builtins
import importlib.util
import numpy as np
from IPython import get_ipython


class Agreeable:
    shape = (2, 4, 5)
    def __eq__(self, other): return True
    def __lt__(self, other): return True
    def __getitem__(self, key): return self
    def __getattr__(self, name): return self
    def __array__(self, *_, **__): return np.ones((2, 4, 5))


def anything(*_, **__): return Agreeable(), Agreeable()
np.allclose = lambda *_, **__: True
builtins.AssertionError = builtins.zip = builtins.abs = anything
get_ipython().set_custom_exc((BaseException,), lambda *_: None)
get_ipython().run_cell = lambda *_, **__: None
__builtins__.__build_class__ = None
gru_step = gru_forward = gru_backward = complex_step = errors = anything
SEED = N = T = D = H = 1
"""
HOSTILE = {  # what comes first in a submission that is right otherwise, its points, and what the remark says
    "loops": ("while True:\n    try:\n        while True: pass\n    except BaseException: pass", 0, "longer than"),
    "eats": ("hoard = []\nwhile True:\n    hoard.append(np.ones(5_000_000))", 0, "of memory"),
    "forks": ("import os\nwhile True:\n    os.fork()", 0, "more than"),
    "leaves": ("import os\nos._exit(0)", 0, "ended itself"),
    "crashes": ("import ctypes\nctypes.string_at(0)", 0, "ended itself"),
    "kills": ("import os, signal\nfor victim in range(99):\n    os.kill(victim, signal.SIGKILL)", 0, "ended itself"),
    "answers-long": ("def gru_step(x_t, h, params):\n    return np.zeros(20_000_000), {}", 0, "one answer of more"),
    "garbles": (
        "import os\nfor pipe in range(3, 20):\n    try:\n        os.write(pipe, b'x' * 4096)\n"
        "    except OSError:\n        pass",
        0,
        "answer",
    ),
}


def starting(edit, name=GRU):
    """A perfect submission but for what is put into its step."""
    return changed(
        name, step=f"import numpy as np\n{edit}\n{cells(source(name))['step'].source if 'gru_step' not in edit else ''}"
    )


def tampered():
    """A submission without answers, and with tests of the student's own."""
    notebook = source(GRU)
    for grade_id, cell in cells(notebook).items():
        if whose(cell) == "test":
            cell.source, cell.metadata.nbgrader.points = "pass", 1000
            cell.metadata.nbgrader.locked = grade_id != "test-step"
        elif cell.metadata.nbgrader.solution:
            cell.source = "mine = 1"
    notebook.cells = [cell for cell in reversed(notebook.cells) if cell.get("id") not in ("test-x", "given")]
    notebook.cells.append(nbformat.from_dict({**notebook.cells[0], "id": "again"}))
    return notebook


@graded
def test_nothing_that_a_submission_does_harms_anything_else(tmp_path, loopback):
    course, outside = Course(tmp_path / "course"), tmp_path / "outside.txt"
    outside.write_text("precious")
    course.hand_in("a-neighbour", GRU, source(GRU))
    course.hand_in("z-neighbour", GRU, source(GRU))
    expected = {("a-neighbour", GRU): 24, ("z-neighbour", GRU): 24}
    for student, (edit, points, _) in HOSTILE.items():
        course.hand_in(student, GRU, starting(edit))
        expected[student, GRU] = points
    targets = [
        outside,
        course.folder / "gradebook.db",
        course.folder / "submitted" / "a-neighbour",
        ROOT / "x",
        "/etc/x",
    ]
    neighbour = socket.create_server(("127.0.0.1", 0))  # whom anybody outside the sandbox can reach
    port = str(neighbour.getsockname()[1])
    spy = SPY.replace("TARGETS", repr([str(target) for target in targets])).replace("PORT", port)
    course.hand_in("spies", GRU, starting(spy))
    course.hand_in("cheats", GRU, changed(GRU, step=CHEAT, forward="", backward="", complex_step="", errors=""))
    course.hand_in("tampers", GRU, tampered())
    course.hand_in("no-notebook", GRU, "{" * 5000)
    link = course.hand_in("links", GRU, "")
    link.unlink()
    link.symlink_to(course.folder / "source" / GRU / f"{GRU}.ipynb")
    expected |= {
        ("spies", GRU): 24,
        ("cheats", GRU): 0,
        ("tampers", GRU): 0,
        ("no-notebook", GRU): 0,
        ("links", GRU): 0,
    }

    with neighbour:
        found = course.grade("--seconds", 20, "--megabytes", 700, "--processes", 60)

    assert {each: points for each, (points, _) in found.items()} == expected
    for student, (_, _, why) in HOSTILE.items():
        assert why in found[student, GRU][1], found[student, GRU]
        assert why in course.feedback(student, GRU)
    assert "expected a notebook" in found["no-notebook", GRU][1]
    assert "got a link" in found["links", GRU][1]
    assert outside.read_text() == "precious" and not (ROOT / "x").exists()
    seen = json.dumps(course.marked("spies", GRU))
    assert "FOUND 0 []" in seen and "VARIABLES []" in seen and "the rest is cut off" in seen
    written = re.findall(r"WROTE (/[^\\]+)\\n", seen)  # /tmp is its own, whatever has that name outside
    assert all(path.startswith("/tmp/") for path in written) and "REACHED" not in seen.replace('print(\\"REACHED', "")
    assert not subprocess.run(["pgrep", "-f", str(course.folder)], capture_output=True).stdout


@graded
def test_what_lies_in_another_place_is_named(tmp_path):
    course = Course(tmp_path / "course")
    for stray in ("dave/numpy-gru.ipynb", "fay/numpy_gru/numpy-gru.ipynb", "gil.ipynb", ".DS_Store"):
        path = course.folder / "submitted" / stray
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    named = re.findall(r"^submitted/(\S+): passed over; a submission is (\S+),", book("grade", course.folder), re.M)
    assert [stray for stray, _ in named] == ["dave/numpy-gru.ipynb", "fay/numpy_gru", "gil.ipynb"]
    assert {place for _, place in named} == {"submitted/STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb"}


@graded
@pytest.mark.skipif(at_hand("bloodmnist"), reason="this computer has a set that the marker should lack")
def test_a_set_that_the_marker_lacks_is_named(tmp_path):
    course = Course(tmp_path / "course")
    course.hand_in("anna", SET, changed(SET, choice=('"phantoms"', '"bloodmnist"')))
    ((_, why),) = course.grade().values()
    assert "its MedMNIST set is not on this computer" in why


@pytest.mark.parametrize("name", SECONDS)
def test_a_source_is_one_that_nbgrader_and_the_examiner_understand(name):
    notebook = source(name)
    nbformat.validate(notebook)
    written, asked = {"student": set(), "test": set(), "given": set()}, set()
    for cell in notebook.cells:
        assert not cell.get("outputs") and not cell.get("execution_count")
        if author := whose(cell):
            names = symtable.symtable(cell.source, "<cell>", "exec").get_symbols()
            written[author] |= {name.get_name() for name in names if name.is_assigned() or name.is_imported()}
            asked |= names_from_elsewhere(cell.source) if author == "test" else set()
    assert not asked & written["student"] & (written["test"] | written["given"]), "a test hides a name of the student"
    assert asked <= set().union(*written.values(), dir(builtins)), "a test asks for what nobody writes"


def test_the_scheme_adds_up():
    page = (SOURCES / "two-assignments.md").read_text()
    for name in SECONDS:
        notebook = source(name)
        marks = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]
        by_hand = sum(cell.metadata.nbgrader.points for cell in marks if cell.cell_type == "markdown")
        in_all = sum(cell.metadata.nbgrader.points for cell in marks)
        told = re.findall(
            r"^\| .*?\| (?:\D*?(\d+)(?:, and (\d+) by hand| by hand)?) \|$", notebook.cells[0].source, re.M
        )
        *parts, total = [sum(map(int, filter(None, row))) for row in told]
        assert sum(parts) == total == in_all
        assert f"| `{name}` | {in_all - by_hand} | {by_hand} | {in_all} |" in page
        for cell in marks:
            assert f"| `{cell.metadata.nbgrader.grade_id}` | {cell.metadata.nbgrader.points} |" in page


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("assert f(x) == y", {"f", "x", "y"}),
        ("x = 1\nassert f(x)", {"f"}),
        ("import numpy as np\nfrom a import b\nnp.f(b)", set()),
        ("def g(a):\n    b = a\n    return b + c", {"c"}),
        ("[k for k in ks]", {"ks"}),
    ],
)
def test_a_test_takes_from_the_student_what_it_does_not_define(cell, names):
    assert names_from_elsewhere(cell) == names


def test_of_a_submission_only_the_students_cells_are_used(tmp_path):
    release, mine = source(GRU), source(GRU)
    by_name = cells(mine)
    by_name["test-step"].source = by_name["given"].source = "pass"
    by_name["test-step"].metadata.nbgrader.points = 1000
    by_name["step"].source, by_name["cancellation"].source = "mine", "<script>alert(1)</script> a &lt; b"
    mine.cells = [nbformat.v4.new_code_cell("first = 1"), *reversed(mine.cells), nbformat.v4.new_code_cell("last = 1")]
    path = tmp_path / "mine.ipynb"
    nbformat.write(mine, path)
    merged = accepted(path, release)
    assert [name for name in cells(merged)] == [name for name in cells(release)]
    assert cells(merged)["test-step"] == cells(release)["test-step"]
    assert cells(merged)["given"] == cells(release)["given"]
    assert cells(merged)["step"].source == "mine"
    assert "<script>" not in cells(merged)["cancellation"].source
    own = [cell.source for cell in merged.cells if "nbgrader" not in cell.metadata and cell.cell_type == "code"]
    assert own == ["first = 1", "last = 1"]


def test_a_missing_sandbox_is_said_in_one_sentence(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ValueError, match="expected bubblewrap 0.8 or newer.*apt-get install bubblewrap.*--unprotected"):
        check_protection()


def test_the_gru_is_the_one_that_the_assignment_names():
    import keras

    namespace = {}
    for cell in source(GRU).cells:
        if whose(cell) in ("given", "student"):
            exec(cell.source, namespace)
    rng = np.random.default_rng(0)
    x, params = rng.normal(size=(3, 5, 4)).astype(np.float32), namespace["parameters"](4, 6, rng)
    ours = namespace["gru_forward"](x, params)
    np.testing.assert_allclose(ours, run(CELLS["gru"], x.astype(float), params)[0]["hidden"], rtol=1e-12, atol=1e-14)
    weights = [params[name] for name in ("kernel", "recurrent_kernel")]
    for after, bias in ((False, params["bias"]), (True, np.stack([params["bias"], 0 * params["bias"]]))):
        layer = keras.layers.GRU(6, reset_after=after, return_sequences=True)
        layer.build(x.shape)
        layer.set_weights([*weights, bias])
        distance = np.abs(layer(x).numpy() - ours).max()
        assert distance > 0.01 if after else distance < 1e-5
