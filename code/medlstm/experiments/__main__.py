"""``python -m medlstm.experiments NAME [--seeds K] [--quick] [--root FOLDER]``, and where it runs:
``[--workers N | --scheduler ADDRESS]``"""

import argparse
import sys
from pathlib import Path

from medlstm.experiments import (
    beyond,
    cells,
    data_quality,
    efficiency,
    explaining,
    explorer,
    generalisation,
    latch,
    medmnist,
    mnist_rows,
    multimodal,
    phantoms,
    rows_and_columns,
    runner,
    small_data,
)
from medlstm.files import DATA

EXPERIMENTS = {
    "beyond": beyond,
    "cells": cells,
    "data_quality": data_quality,
    "efficiency": efficiency,
    "explorer": explorer,
    "explaining": explaining,
    "generalisation": generalisation,
    "latch": latch,
    "medmnist": medmnist,
    "mnist_rows": mnist_rows,
    "multimodal": multimodal,
    "phantoms": phantoms,
    "rows_and_columns": rows_and_columns,
    "small_data": small_data,
}

parser = argparse.ArgumentParser(
    prog="python -m medlstm.experiments",
    description="Run an experiment, or go on where it was stopped. Finished runs are kept.",
)
parser.add_argument("name", choices=EXPERIMENTS)
parser.add_argument("--seeds", type=int, default=5, metavar="K", help="seeds 0 to K - 1 (default: 5)")
parser.add_argument(
    "--quick", action="store_true", help="one tiny run, to see that everything works; kept out of data/"
)
parser.add_argument(
    "--root",
    type=Path,
    metavar="FOLDER",
    help="where results/ and weights/ are (default: data; with --quick: _build/quick)",
)
where = parser.add_mutually_exclusive_group()
where.add_argument("--workers", type=int, metavar="N", help="runs at a time on this machine (default: one a core)")
where.add_argument(
    "--scheduler",
    metavar="ADDRESS",
    help="such as tcp://HOST:8786: run on the workers of a Dask cluster that is there already",
)
options = parser.parse_args()

root = options.root or (DATA.parent / "_build" / "quick" if options.quick else DATA)
try:
    runner.run(
        options.name, EXPERIMENTS[options.name], options.seeds, options.quick, root, options.workers, options.scheduler
    )
except (runner.Unfinished, ValueError) as error:
    sys.exit(f"{options.name}: {error}")
except KeyboardInterrupt:
    sys.exit("Stopped. Finished runs are kept; the same command goes on.")
