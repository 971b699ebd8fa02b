"""What makes the book and opens it, from the command line: ``python -m medlstm.book --help``."""

import argparse
import sys
from pathlib import Path

from medlstm.book import chapters, colab, cover, epub, explorer, forms, lab, printing, readers, repository, slides

parser = argparse.ArgumentParser(prog="python -m medlstm.book", description="Make the book, or open it.")
actions = parser.add_subparsers(required=True)


def action(name, does, says, /, **arguments):
    """One more thing that can be done: `does` gets the options and returns what to print, if anything."""
    added = actions.add_parser(name, help=says)
    for argument, settings in arguments.items():
        added.add_argument(argument, **settings)
    added.set_defaults(does=does)
    return added


def teachers():
    """The assignments, whose libraries only teachers wait for."""
    from medlstm.book import assignments

    return assignments


def linked(made):
    """What was made, when the site leads to it."""
    forms.publish()
    return made


FOLDER = {"type": Path, "metavar": "FOLDER"}
action(
    "run",
    lambda given: chapters.store(given.names),
    "execute chapters and store their outputs",
    names={"nargs": "*", "metavar": "NAME", "help": "such as numpy-lstm; all unless given"},
)
action(
    "lab",
    lambda given: lab.open_lab(given.name, given.folder.resolve()),
    "open JupyterLab on your copies of the chapters, in workbook/",
    name={"nargs": "?", "metavar": "NAME", "help": "the first chapter unless given"},
).add_argument("--folder", type=Path, default=readers.WORKBOOK, help="another folder for the copies")
action(
    "reset",
    lambda given: readers.reset(given.name),
    "start your copy of a chapter afresh; the old one is kept",
    name={"metavar": "NAME"},
)
action(
    "readers",
    lambda given: f"{len(readers.write_copies(given.folder))} pages without solutions in sight are in {given.folder}",
    "write such copies for a class",
    folder=FOLDER,
)
action(
    "colab",
    lambda given: f"{colab.write_colab(given.folder, repository.required())} pages for Colab are in {given.folder}",
    "write the copies that Colab opens, in a workflow of GitHub",
    folder=FOLDER,
)
course = action(
    "assignments",
    lambda given: (
        teachers().set_up(given.folder, given.seed)
        or f"Give your students what is in {given.folder}/release\n"
        f"Put what comes back into {given.folder}/submitted/STUDENT/ASSIGNMENT/"
    ),
    "release the two assignments to a class, in a folder of yours",
    folder=FOLDER,
)
course.add_argument("--seed", type=int, help="what the hidden tests draw from; nobody's guess unless given")
marking = action(
    "grade",
    lambda given: teachers().report(
        given.folder, (given.megabytes, given.processes), not given.unprotected, given.again, given.seconds
    ),
    "run and mark what is in FOLDER/submitted/STUDENT/ASSIGNMENT/",
    folder=FOLDER,
)
marking.add_argument("--again", action="store_true", help="run those again that were run already")
marking.add_argument("--seconds", type=float, help="one submission's time; unless given, what its assignment says")
marking.add_argument("--megabytes", type=int, default=4000, help="one submission's memory")
marking.add_argument("--processes", type=int, default=200, help="one submission's processes")
marking.add_argument("--unprotected", action="store_true", help="run students' code as yours, without a sandbox")
action("cover", lambda given: cover.draw(), "draw the picture of the first page again")
action("explorer", lambda given: explorer.draw(), "draw the picture that stands in for the explorer again")
action(
    "slides",
    lambda given: f"{len(linked(slides.write()))} talks are listed in _build/forms/slides/index.html",
    "write the slides of the core chapters from the built site",
)
action(
    "pdf",
    lambda given: f"{linked(printing.make())} pages are in _build/forms/book.pdf",
    "print the built site, as one file, with Chromium",
)
action(
    "epub",
    lambda given: f"{linked(epub.make())} files of text are in _build/forms/book.epub",
    "pack the built site for readers of electronic books",
)

options = parser.parse_args()
try:
    answer = options.does(options)
except ValueError as error:
    sys.exit(str(error))
if answer:
    print(answer)
