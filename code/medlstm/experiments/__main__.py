"""``python -m medlstm.experiments NAME [--seeds K] [--quick] [--root FOLDER]``"""

import argparse
from pathlib import Path

from medlstm.datasets import DATA
from medlstm.experiments import cells, latch, mnist_rows, rows_and_columns, runner

EXPERIMENTS = {"cells": cells, "latch": latch, "mnist_rows": mnist_rows, "rows_and_columns": rows_and_columns}

parser = argparse.ArgumentParser(
    prog="python -m medlstm.experiments",
    description="Run an experiment, or go on where it was stopped. Finished runs are kept.")
parser.add_argument("name", choices=EXPERIMENTS)
parser.add_argument("--seeds", type=int, default=5, metavar="K", help="seeds 0 to K - 1 (default: 5)")
parser.add_argument("--quick", action="store_true",
                    help="one tiny run, to see that everything works; kept out of data/")
parser.add_argument("--root", type=Path, metavar="FOLDER",
                    help="where results/ and weights/ are (default: data; with --quick: _build/quick)")
options = parser.parse_args()

root = options.root or (DATA.parent / "_build" / "quick" if options.quick else DATA)
runner.run(options.name, EXPERIMENTS[options.name], options.seeds, options.quick, root)
