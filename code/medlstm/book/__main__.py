"""What makes the book and opens it, from the command line: ``python -m medlstm.book --help``."""

import argparse
import sys
from pathlib import Path

from medlstm.book import chapters, cover, epub, explorer, lab, printing, readers

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
actions.add_parser("cover", help="draw the picture of the first page again")
actions.add_parser("explorer", help="draw the picture that stands in for the explorer again")
actions.add_parser("pdf", help="print the built site, as one file, with Chromium")
actions.add_parser("epub", help="pack the built site for readers of electronic books")
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
    elif options.action == "pdf":
        print(f"{printing.make()} pages are in _build/forms/book.pdf")
    elif options.action == "epub":
        print(f"{epub.make()} files of text are in _build/forms/book.epub")
    else:
        {"cover": cover, "explorer": explorer}[options.action].draw()
except ValueError as error:
    sys.exit(str(error))
