"""Every drawing in the book, in one style."""

from medlstm.figures.gates import cell_drawing, gate_maps, gates_by_row, over_time
from medlstm.figures.images import along_rows, attributions, beside_rows, digits, grid, reading, rows_of_a_digit, scans
from medlstm.figures.results import (
    along_slices,
    changes,
    confusion,
    curves,
    curves_side_by_side,
    dots,
    intervals,
    learning_curve,
    learning_curves,
    reliability,
    seeds,
    two_groups,
)
from medlstm.figures.style import FAINT, INK, LINES, MARKS, QUANTITIES

__all__ = [
    "FAINT",
    "INK",
    "LINES",
    "MARKS",
    "QUANTITIES",
    "along_rows",
    "along_slices",
    "attributions",
    "beside_rows",
    "cell_drawing",
    "changes",
    "confusion",
    "curves",
    "curves_side_by_side",
    "digits",
    "dots",
    "gate_maps",
    "gates_by_row",
    "grid",
    "intervals",
    "learning_curve",
    "learning_curves",
    "over_time",
    "reading",
    "reliability",
    "rows_of_a_digit",
    "scans",
    "seeds",
    "two_groups",
]
