"""How are the two assignments released to a class, and how is what comes back marked?

nbgrader does the work. What is added: each teacher's hidden tests draw other numbers, of a submission only the
student's own cells are used, and `medlstm.book.examiner` runs them.
"""

import csv
import importlib.util
import os
import re
import secrets
import sysconfig
import warnings
from pathlib import Path
from typing import NamedTuple

import bleach
import nbformat

from medlstm.book.examiner import Examine, whose
from medlstm.book.sandbox import Limits, check_protection
from medlstm.files import ROOT, whole_file

SOURCES = ROOT / "teaching" / "assignments"
SECONDS = {"numpy-gru": 60, "medical-set": 900}
CLOSED_BOOK = ["numpy-gru"]
USUAL = Limits()
LARGEST = 20  # megabytes of a submission
REFUSED = "This submission was not run:"
PLACE = "submitted/STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb"
LACKING = ("ConnectionError", "OSError", "PermissionError")  # what a set that is not there ends with, in the sandbox
CONFIG = '''\
"""nbgrader's settings for this course; `nbgrader` reads them when it is called in this folder."""

from medlstm.book.assignments import configuration

c = get_config()  # noqa: F821
c.merge(configuration("."))
'''


class Mark(NamedTuple):
    """One line of the table."""

    student: str
    assignment: str
    points: float
    out_of: float
    by_hand: int
    """Answers that still wait for a marker."""
    remark: str
    """Why the submission, or the rest of it, was not run; empty if it was."""


def configuration(folder, limits=USUAL, protected=True, seconds=None):
    """nbgrader's settings for a course in `folder`: `Examine` runs the submissions, and nothing else does."""
    from nbgrader.converters import Autograde
    from nbgrader.preprocessors import Execute
    from traitlets.config import Config

    config = Config()
    config.CourseDirectory.root = str(Path(folder).resolve())
    usual = Autograde.autograde_preprocessors.default_args[0]
    config.Autograde.autograde_preprocessors = [Examine if each is Execute else each for each in usual]
    config.Examine.seconds = dict.fromkeys(SECONDS, seconds) if seconds else SECONDS
    config.Examine.megabytes, config.Examine.processes = limits.megabytes, limits.processes
    config.Examine.closed_book, config.Examine.protected = CLOSED_BOOK, protected
    return config


def set_up(folder, seed=None):
    """Make a course in a folder that only you can read, and release both assignments.

    Parameters
    ----------
    folder : Path
        Sources that are there already are kept, so that you may change them and release anew.
    seed : int, optional
        Decides what the hidden tests of a new source draw; nobody's guess unless given.

    Raises
    ------
    ValueError
        If nbgrader is missing, or refuses a source.
    """
    folder = Path(folder)
    api = _nbgrader(folder)
    seed = secrets.randbits(32) if seed is None else seed
    (folder / "submitted").mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    (folder / "nbgrader_config.py").write_text(CONFIG)
    for name in SECONDS:
        source = folder / "source" / name / f"{name}.ipynb"
        if not source.exists():
            with whole_file(source) as part:
                nbformat.write(with_seed(nbformat.read(SOURCES / source.name, as_version=4), seed), part)
        _succeed(api.generate_assignment(name), f"{source}: expected a source that nbgrader can release")


def with_seed(notebook, seed):
    """A source whose hidden tests draw from another seed; changed in place."""
    for cell in notebook.cells:
        cell.source = re.sub(r"^SEED = \d+$", f"SEED = {seed}", cell.source, flags=re.M)
    return notebook


def grade(folder, limits=USUAL, protected=True, again=False, seconds=None):
    """Run and mark what is in ``submitted/STUDENT/ASSIGNMENT/``, write feedback and ``grades.csv``.

    Parameters
    ----------
    folder : Path
        As `set_up` made it.
    limits : Limits
        Of memory and processes, for one submission.
    protected : bool
        Whether to insist on the sandbox.
    again : bool
        Whether to run those again that were run since they came in.
    seconds : float, optional
        That one submission may take; those of `SECONDS` unless given.

    Returns
    -------
    list of Mark

    Raises
    ------
    ValueError
        If there is no course, or nothing that can shut a submission in.
    """
    folder = Path(folder)
    if not (folder / "gradebook.db").is_file():
        raise ValueError(f"{folder}: expected a course, got none; make one with: make assignments FOLDER={folder}")
    if protected:
        check_protection()
    api = _nbgrader(folder, limits=limits, protected=protected, seconds=seconds)
    submissions = [(path.parent.name, path.name) for path in sorted((folder / "submitted").glob("*/*"))]
    for student, name in submissions:
        if name in SECONDS and (again or not _is_marked(api, folder, student, name)):
            print(f"{student}: {name} ...", flush=True)
            _mark(api, folder, student, name)
    for path in _strays(folder / "submitted"):
        print(f"{path.relative_to(folder)}: passed over; a submission is {PLACE}, of {' or '.join(SECONDS)}")
    return _marks(api, folder, [each for each in submissions if each[1] in SECONDS])


def _strays(submitted):
    """What lies where submissions are expected, and is none."""
    files = [path for path in submitted.glob("*") if not path.is_dir()]
    files += [path for path in submitted.glob("*/*") if path.name not in SECONDS]
    return sorted(path for path in files if not path.name.startswith("."))


def _nbgrader(folder, **settings):
    if importlib.util.find_spec("nbgrader") is None:
        raise ValueError("expected nbgrader, which only teachers need, got none; type: make teach")
    from nbgrader.apps import NbGraderAPI
    from sqlalchemy.exc import SAWarning

    warnings.simplefilter("ignore", SAWarning)  # about nbgrader's own queries
    os.environ["PATH"] = f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}"  # nbgrader calls alembic
    config = configuration(folder, **settings)
    config.CourseDirectory.submitted_directory = ".accepted"
    return NbGraderAPI(config=config)


def _succeed(result, expected):
    if not result["success"]:
        raise ValueError(f"{expected}, got this from nbgrader:\n{result.get('log') or result.get('error')}")


def _is_marked(api, folder, student, name):
    """Whether a submission was marked since it was handed in."""
    marked, handed_in = (folder / step / student / name / f"{name}.ipynb" for step in ("autograded", "submitted"))
    with api.gradebook as gradebook:
        known = any(each.student_id == student for each in gradebook.assignment_submissions(name))
    return known and marked.is_file() and handed_in.is_file() and marked.stat().st_mtime > handed_in.stat().st_mtime


def _mark(api, folder, student, name):
    """Mark one submission; what cannot be marked is marked as an empty one that says why."""
    release = nbformat.read(folder / "release" / name / f"{name}.ipynb", as_version=4)
    try:
        notebook = accepted(folder / "submitted" / student / name / f"{name}.ipynb", release)
    except ValueError as error:
        notebook = empty(release, str(error))
    for attempt in (notebook, empty(release, "nbgrader could not read it")):
        with whole_file(folder / ".accepted" / student / name / f"{name}.ipynb") as part:
            nbformat.write(attempt, part)
        result = api.autograde(name, student)
        if result["success"]:
            break
    _succeed(result, f"{student}, {name}: expected a submission that can be marked")


def accepted(path, release):
    """The student's own cells of a submission, in the released notebook: nothing else of the file is used.

    Whatever was done to the cells that are not the student's, their order, their points or their marks, is undone.

    Parameters
    ----------
    path : Path
    release : notebook

    Returns
    -------
    notebook

    Raises
    ------
    ValueError
        If the file is missing, a link, too large, or no notebook.
    """
    if path.is_symlink() or path.parent.is_symlink():
        raise ValueError(f"expected the file {path.name}, got a link")
    if not path.is_file():
        raise ValueError(f"expected the file {path.name}, got none of that name")
    if path.stat().st_size > LARGEST << 20:
        raise ValueError(f"expected a notebook of at most {LARGEST} MB, got {path.stat().st_size >> 20}")
    try:
        submission = nbformat.reads(path.read_text(), as_version=4)
        nbformat.validate(submission)
    except Exception as error:  # a file from a stranger: whatever goes wrong, it is no notebook
        raise ValueError(f"expected a notebook, got a file that is none ({type(error).__name__})") from None
    answers, own, place = {}, {}, None
    known = {cell.metadata.nbgrader.grade_id: cell for cell in release.cells if "nbgrader" in cell.metadata}
    for cell in submission.cells:
        name = _grade_id(cell)
        if name in known:
            place, answers[name] = name, cell.source
        elif cell.cell_type in ("code", "markdown") and cell.source not in {each.source for each in release.cells}:
            own.setdefault(place, []).append(cell)
    merged = nbformat.v4.new_notebook(metadata=release.metadata)
    for cell in [None, *release.cells]:
        name = _grade_id(cell) if cell else None
        if cell:
            if cell.metadata.get("nbgrader", {}).get("solution") and name in answers:
                cell = nbformat.from_dict({**cell, "source": answers[name]})
                cell.source = _harmless(cell)
            merged.cells.append(cell)
        if name is not None or cell is None:
            merged.cells += [_own(each) for each in own.get(name, [])]
    return merged


def _grade_id(cell):
    marks = cell.metadata.get("nbgrader", {})
    return marks.get("grade_id") if isinstance(marks, dict) else None


def _own(cell):
    make = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
    return make(_harmless(cell))


def _harmless(cell):
    """The text of a student's cell, without HTML that a teacher's browser would run."""
    return cell.source if cell.cell_type == "code" else bleach.clean(cell.source)


def empty(release, why):
    """The released notebook as nobody has touched it, with the reason why it stands in for a submission."""
    stand_in = nbformat.from_dict(release)
    stand_in.cells.insert(0, nbformat.v4.new_markdown_cell(f"**{REFUSED}** {why}."))
    return stand_in


def _marks(api, folder, submissions):
    """Feedback for each, and the table of all, for a spreadsheet too."""
    marks = []
    for student, name in submissions:
        _succeed(api.generate_feedback(name, student), f"{student}, {name}: expected feedback")
        with api.gradebook as gradebook:
            found = gradebook.find_submission(name, student)
            by_hand = sum(grade.needs_manual_grade for notebook in found.notebooks for grade in notebook.grades)
            marked = folder / "autograded" / student / name / f"{name}.ipynb"
            marks.append(Mark(student, name, found.score, found.max_score, by_hand, _remark(marked)))
    with whole_file(folder / "grades.csv") as part, part.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(Mark._fields)
        rows.writerows(marks)
    return marks


def _remark(path):
    """Why a marked submission, or the rest of it, was not run, or could not be."""
    notebook = nbformat.read(path, as_version=4)
    if (first := notebook.cells[0].source).startswith(f"**{REFUSED}**"):
        return first.replace("**", "")
    outputs = [(whose(cell), output) for cell in notebook.cells for output in cell.get("outputs", [])]
    for author, error in outputs:
        if error.output_type == "error" and author == "test" and error.ename == "Stopped":
            return f"stopped: {error.evalue}"
        if error.output_type == "error" and error.ename in LACKING and "medmnist" in error.evalue:
            return "its MedMNIST set is not on this computer: fetch it, and grade --again"
    return ""


def table(marks):
    """The marks as text."""
    lines = [("student", "assignment", "points", "by hand", "remark")]
    for mark in marks:
        waiting = f"{mark.by_hand} to mark" if mark.by_hand else ""
        lines.append((mark.student, mark.assignment, f"{mark.points:g} of {mark.out_of:g}", waiting, mark.remark))
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def report(folder, most, protected, again, seconds):
    """Grade, and say what came out; `most` are the megabytes and processes of one submission."""
    limits = USUAL._replace(megabytes=most[0], processes=most[1])
    marks = table(grade(folder, limits, protected, again, seconds))
    return f"{marks}\nThe same is in {folder}/grades.csv, and feedback in {folder}/feedback/STUDENT/"
