"""In a reader's copy, only the checks fail, each with its own message; the whole chapter still runs."""

import ast

import nbformat
import pytest

from medlstm.notebooks import chapters, execute, missing_data, readers_copy

pytestmark = pytest.mark.readers


def constants(source):
    """The values written out in a piece of code; neighbouring strings count as one."""
    return [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]


@pytest.mark.parametrize("path", [path for path in chapters() if '"solution"' in path.read_text()],
                         ids=lambda path: path.stem)
def test_each_check_fails_with_its_own_message_and_nothing_worse(path):
    if missing := missing_data(path):
        pytest.skip(f"needs {', '.join(missing)}; `make data` fetches it")
    original = nbformat.read(path, as_version=4)
    copy = readers_copy(original)
    assert len(copy.cells) < len(original.cells) and not any(c.get("outputs") for c in copy.cells)

    messages = set()
    for cell in execute(copy, allow_errors=True).cells:
        errors = [output for output in cell.get("outputs", []) if output.output_type == "error"]
        if "check" in cell.metadata.get("tags", []):
            assert [error.ename for error in errors] == ["AssertionError"], cell.source
            assert errors[0].evalue in constants(cell.source)
            messages.add(errors[0].evalue)
        else:
            assert not errors, (cell.source, errors)
    assert len(messages) == sum("check" in c.metadata.get("tags", []) for c in original.cells)
