"""Where do the cells of a submission run? The student's in a sandbox, the tests outside.

A test cell takes every name that it does not define itself from the student's Python, as a copy if it is data, and as
something to be called from afar if it is not. So a test is never where a student's code could read or change it, and
whatever that code does to NumPy, to an assertion, or to IPython, it does to its own copy.
"""

import builtins
import contextlib
import io
import symtable

import nbformat
from nbconvert.preprocessors import Preprocessor
from traitlets import Bool, Dict, Float, Integer, List

from medlstm.book.sandbox import Limits, Sandbox, Stopped

SHOWN = ("text/plain", "image/png")


class Examine(Preprocessor):
    """Stands in for nbgrader's ``Execute``."""

    seconds = Dict({}, help="of each assignment, by its name, in all").tag(config=True)
    otherwise = Float(600, help="seconds of an assignment that `seconds` does not name").tag(config=True)
    megabytes = Integer(Limits().megabytes).tag(config=True)
    processes = Integer(Limits().processes).tag(config=True)
    closed_book = List([], help="assignments in which neither the book's package nor a framework is there").tag(
        config=True
    )
    enabled = Bool(True).tag(config=True)
    protected = Bool(True).tag(config=True)

    def preprocess(self, nb, resources):
        """Run all code cells, and store their outputs."""
        name = resources["nbgrader"]["assignment"]
        limits = Limits(self.seconds.get(name, self.otherwise), self.megabytes, self.processes)
        with Sandbox(limits, name not in self.closed_book, self.protected) as sandbox:
            examiner = {"submitted": [cell.source for cell in nb.cells if whose(cell) == "student"]}
            for cell in nb.cells:
                if cell.cell_type == "code":
                    cell.outputs = outputs_of(cell, sandbox, examiner)
        return nb, resources


def whose(cell):
    """Who wrote a code cell: "student", "test", or "given" for what both need; None of other cells."""
    marked = cell.metadata.get("nbgrader", {})
    if cell.cell_type != "code":
        return None
    if marked.get("solution") or not (marked.get("grade") or marked.get("locked")):
        return "student"
    return "test" if marked.get("grade") else "given"


def outputs_of(cell, sandbox, examiner):
    """Run a cell where it belongs; the outputs that the marked notebook shows."""
    author, outputs = whose(cell), []
    if author != "student":
        outputs = examined(cell.source, sandbox, examiner)
    if author != "test":
        try:
            shown, error = sandbox.run(cell.source)
            outputs = [*safe(shown), *([failure(error)] if error else [])]
        except Stopped as stopped:
            outputs = [failure({"ename": "Stopped", "evalue": str(stopped)})]
    return outputs


def examined(source, sandbox, examiner):
    """Run a cell of the teacher's, with what it takes from the student; what it defines stays in `examiner`."""
    printed, taken = io.StringIO(), set()
    try:
        taken = names_from_elsewhere(source) - set(examiner) - set(dir(builtins))
        examiner |= {name: sandbox.look(name) for name in sorted(taken)}
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            exec(compile(source, "<test>", "exec"), examiner)
    except Exception as error:
        return [failure({"ename": type(error).__name__, "evalue": str(error)})]
    finally:
        for name in taken:
            examiner.pop(name, None)  # what is the student's is asked for anew by each test
    return [nbformat.v4.new_output("stream", text=printed.getvalue())] if printed.getvalue() else []


def names_from_elsewhere(source):
    """The names that a cell uses and does not define."""
    cell = symtable.symtable(source, "<test>", "exec")
    defined = {symbol.get_name() for symbol in cell.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    return _used(cell) - defined


def _used(table):
    here = {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (table.get_type() == "module" or symbol.is_global())
    }
    return here.union(*map(_used, table.get_children()))


def failure(error):
    """An error as an output."""
    name, message = str(error.get("ename")), str(error.get("evalue"))
    lines = error.get("traceback")
    lines = [str(line) for line in lines] if isinstance(lines, list) else [f"{name}: {message}"]
    return nbformat.v4.new_output("error", ename=name, evalue=message, traceback=lines)


def safe(outputs):
    """What may be shown of a student's outputs: texts and pictures, nothing that a browser would run."""
    for output in outputs:
        if output.get("output_type") == "stream":
            name = "stderr" if output.get("name") == "stderr" else "stdout"
            yield nbformat.v4.new_output("stream", name=name, text=str(output.get("text")))
        elif isinstance(data := output.get("data"), dict):
            data = {kind: text for kind, text in data.items() if kind in SHOWN and isinstance(text, str)}
            yield nbformat.v4.new_output("display_data", data)
