"""What is a chapter without a notebook program? Plain Python, with its text as comments.

Cells begin with ``# %%``, which editors know. Exercises are solved in it: without, the first check would end the run.
"""

from medlstm.book.chapters import slide_type
from medlstm.book.plain import cells_of, page_name, plain

HEAD = """\
# From the book "LSTMs for Medical Images". Run it in the folder of the book, with the book's Python:
#     .venv/bin/python {name}.py
# The exercises are solved here.

# %%
import os

if os.path.isdir("chapters"):
    os.chdir("chapters")  # where the chapter looks for its data"""
SHOW = """\
# %%
import matplotlib.pyplot as plt

if plt.get_backend().lower() != "agg":
    plt.show()  # what was drawn"""


def script(path):
    """A chapter as plain Python.

    Parameters
    ----------
    path : Path
        Its notebook.

    Returns
    -------
    str
    """
    name = page_name(path)
    pieces = [HEAD.format(name=name)]
    for cell in cells_of(path):
        if cell.cell_type == "code":
            pieces.append(f"# %%\n{cell.source}")
        elif slide_type(cell) != "notes":
            lines = plain(cell.source, name).split("\n")
            pieces.append("\n".join(["# %% [markdown]", *(f"# {line}".rstrip() for line in lines)]))
    return "\n\n".join([*pieces, SHOW]) + "\n"
