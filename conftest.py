"""Every test, and every kernel that nbval starts, runs under the settings of the stored outputs.

Between the start of an exercise and its solution, nbval's run of a chapter proves here that the check bites: the
start alone fails with the check's own message, and so does each wrong answer of ``tests/answers/``; each right answer
of another form passes.
"""

import ast
import os
import re

import pytest
import yaml

from medlstm.environment import set_environment, threads
from medlstm.files import ROOT

set_environment()
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.update(threads(1))  # before NumPy counts the cores: workers take one each

from medlstm.book.chapters import missing_data  # noqa: E402

SLOWER = 4  # a computer may be so many times as slow as the one on which the minutes of the chapters were measured
seconds = {}  # that the cells of each chapter took, by its path


def tags(cell):
    return set(cell.metadata.get("tags", []))


class Beside(pytest.Item):
    """A test of a chapter that is none of its cells."""

    def reportinfo(self):
        return self.path, 0, self.name

    def repr_failure(self, excinfo):
        return f"{self.nodeid}\n{excinfo.value}"


class Check(Beside):
    """What the check of an exercise says of a blank answer, of wrong ones, and of right ones."""

    def __init__(self, *, cell, answers, **kwargs):
        super().__init__(**kwargs)
        self.cell, self.answers = cell, answers

    def run(self, code):
        """The error that a piece of code ends with in the chapter's kernel, and its message; None without one."""
        reply = self.parent.kernel.kc.execute_interactive(
            code,
            store_history=False,
            allow_stdin=False,
            stop_on_error=False,
            timeout=600,
            output_hook=lambda message: None,
        )["content"]
        return (reply["ename"], reply["evalue"]) if reply["status"] == "error" else None

    def runtest(self):
        written = ast.walk(ast.parse(self.cell.source))
        messages = {node.value for node in written if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        for answer in ["", *self.answers.get("wrong", [])]:
            error = self.run(f"{answer}\n{self.cell.source}")
            assert error and error[0] == "AssertionError" and error[1] in messages, (
                f"expected the check's own message for the answer {answer or 'left blank'!r}, got {error}"
            )
        for answer in self.answers.get("right", []):
            error = self.run(f"{answer}\n{self.cell.source}")
            assert error is None, f"expected the check to accept {answer!r}, got {error}"


class Minutes(Beside):
    """Whether a chapter has run in about the minutes that its first cell states."""

    def runtest(self):
        opening = self.parent.nb.cells[0].source
        minutes = {"seconds": 0.25, "half a minute": 0.5, "1 minute": 1, "2 minutes": 2}
        stated = re.search(r"minutes to read, (.+?) to run\.", opening)[1]
        self.user_properties.append(("run time", f"{self.path.stem:24}{seconds[self.path]:6.0f} s, stated {stated}"))
        assert seconds[self.path] < SLOWER * 60 * minutes[stated], f"took {seconds[self.path]:.0f} s, stated {stated}"


def pytest_runtest_logreport(report):
    path = ROOT / report.nodeid.split("::")[0]
    if path.suffix == ".ipynb" and "Cell" in report.nodeid:
        seconds[path] = seconds.get(path, 0) + report.duration


def pytest_terminal_summary(terminalreporter):
    """How long each chapter took."""
    reports = [report for group in terminalreporter.stats.values() for report in group]
    for line in sorted({value for report in reports for _, value in getattr(report, "user_properties", [])}):
        terminalreporter.write_line(line)


def checks_of(cells):
    """The checks of a chapter, by the place of the solution that each comes before: (label, cell)."""
    label, solution = None, None
    for place, cell in enumerate(cells):
        if cell.cell_type == "markdown":
            label = next(iter(re.findall(r"^:label: (ex-\S+)", cell.source, re.M)), label)
        elif "solution" in tags(cell):
            solution = place
        elif "check" in tags(cell):
            yield solution, label, cell


def with_checks(items):
    """The items of a run, each check's own before the item of its solution."""
    chapters, last = {}, {item.path: item for item in items if item.path.suffix == ".ipynb"}
    for item in items:
        parent = item.parent
        if item.path.suffix == ".ipynb" and item.path not in chapters:
            parent.skip_compare += ("image/svg+xml",)  # like any picture
            file = ROOT / "tests" / "answers" / f"{item.path.stem}.yaml"
            answers = yaml.safe_load(file.read_text()) if file.is_file() else {}
            code = [place for place, cell in enumerate(parent.nb.cells) if cell.cell_type == "code"]
            chapters[item.path] = {
                code.index(place): Check.from_parent(parent, name=label, cell=cell, answers=answers.get(label, {}))
                for place, label, cell in checks_of(parent.nb.cells)
            }
        check = chapters.get(item.path, {}).get(getattr(item, "cell_num", None))
        if check:
            yield check
        yield item
        if item is last.get(item.path) and "minutes to read" in parent.nb.cells[0].source:
            yield Minutes.from_parent(parent, name="minutes")


def pytest_collection_modifyitems(items):
    """Checks are proved; a chapter whose data are not on this machine is skipped, its stored outputs are shown."""
    items[:] = with_checks(items)
    missing = {path: missing_data(path) for path in {item.path for item in items} if path.suffix == ".ipynb"}
    for item in items:
        if missing.get(item.path):
            item.add_marker(pytest.mark.skip(reason=f"needs {', '.join(missing[item.path])}; `make data` fetches it"))
