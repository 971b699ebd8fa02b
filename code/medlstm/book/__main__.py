"""What makes the book and opens it, from the command line: ``python -m medlstm.book --help``."""

import argparse
import sys
from pathlib import Path

from medlstm.book import chapters, colab, cover, explorer, lab, readers, repository

parser = argparse.ArgumentParser(prog="python -m medlstm.book", description="Make the book, or open it.")
actions = parser.add_subparsers(dest="action", required=True)
run = actions.add_parser("run", help="execute chapters and store their outputs")
run.add_argument("names", nargs="*", metavar="NAME", help="such as numpy-lstm; all unless given")
open_ = actions.add_parser("lab", help="open JupyterLab on your copies of the chapters, in workbook/")
open_.add_argument("name", nargs="?", metavar="NAME", help="the first chapter unless given")
open_.add_argument("--folder", type=Path, default=readers.WORKBOOK, help="another folder for the copies")
fresh = actions.add_parser("reset", help="start your copy of a chapter afresh; the old one is kept")
fresh.add_argument("name", metavar="NAME")
copies = actions.add_parser("readers", help="write such copies for a class")
copies.add_argument("folder", type=Path, metavar="FOLDER")
course = actions.add_parser("assignments", help="release the two assignments to a class, in a folder of yours")
course.add_argument("folder", type=Path, metavar="FOLDER")
course.add_argument("--seed", type=int, help="what the hidden tests draw from; nobody's guess unless given")
marking = actions.add_parser("grade", help="run and mark what is in FOLDER/submitted/STUDENT/ASSIGNMENT/")
marking.add_argument("folder", type=Path, metavar="FOLDER")
marking.add_argument("--again", action="store_true", help="run those again that were run already")
marking.add_argument(
    "--seconds", type=float, help="one submission's time; unless given, as long as its assignment says"
)
marking.add_argument("--megabytes", type=int, default=4000, help="one submission's memory")
marking.add_argument("--processes", type=int, default=200, help="one submission's processes")
marking.add_argument("--unprotected", action="store_true", help="run students' code as yours, without a sandbox")
hosted = actions.add_parser("colab", help="write the copies that Colab opens, in a workflow of GitHub")
hosted.add_argument("folder", type=Path, metavar="FOLDER")
actions.add_parser("cover", help="draw the picture of the first page again")
actions.add_parser("explorer", help="draw the picture that stands in for the explorer again")
options = parser.parse_args()

try:
    if options.action == "run":
        chapters.store(options.names)
    elif options.action == "lab":
        lab.open_lab(options.name, options.folder.resolve())
    elif options.action == "reset":
        readers.reset(options.name)
    elif options.action == "readers":
        print(f"{len(readers.write_copies(options.folder))} pages without solutions in sight are in {options.folder}")
    elif options.action == "assignments":
        from medlstm.book import assignments  # what only teachers wait for

        assignments.set_up(options.folder, options.seed)
        print(f"Give your students what is in {options.folder}/release")
        print(f"Put what comes back into {options.folder}/submitted/STUDENT/ASSIGNMENT/")
    elif options.action == "grade":
        from medlstm.book import assignments

        limits = assignments.USUAL._replace(megabytes=options.megabytes, processes=options.processes)
        marks = assignments.grade(options.folder, limits, not options.unprotected, options.again, options.seconds)
        print(assignments.table(marks))
        print(f"The same is in {options.folder}/grades.csv, and feedback in {options.folder}/feedback/STUDENT/")
    elif options.action == "colab":
        print(f"{colab.write_colab(options.folder, repository.required())} pages for Colab are in {options.folder}")
    else:
        {"cover": cover, "explorer": explorer}[options.action].draw()
except ValueError as error:
    sys.exit(str(error))
