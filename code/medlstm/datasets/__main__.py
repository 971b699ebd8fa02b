"""``python -m medlstm.datasets [NAME ...]`` brings MedMNIST sets into ``data/medmnist/``: the book's unless named."""

import sys

from medlstm.datasets import BOOK_SETS, fetch_medmnist

try:
    fetch_medmnist(sys.argv[1:] or BOOK_SETS)
except (OSError, ValueError) as error:
    sys.exit(str(error))
