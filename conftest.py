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


def tags(cell):
    return set(cell.metadata.get("tags", []))


class Check(pytest.Item):
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

    def repr_failure(self, excinfo):
        return f"{self.nodeid}\n{excinfo.value}"


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
    chapters = {}
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


def pytest_collection_modifyitems(items):
    """Checks are proved; a chapter whose data are not on this machine is skipped, its stored outputs are shown."""
    items[:] = with_checks(items)
    missing = {path: missing_data(path) for path in {item.path for item in items} if path.suffix == ".ipynb"}
    for item in items:
        if missing.get(item.path):
            item.add_marker(pytest.mark.skip(reason=f"needs {', '.join(missing[item.path])}; `make data` fetches it"))
