"""Which look do all drawings share?

The six quantities of an LSTM have one colour, one mark and one place through the whole book; see
`QUANTITIES`. The colours are those of Okabe and Ito, which most colour-blind readers can tell apart. What
is no such quantity is drawn in one of `LINES`. A figure is drawn on white paper, which the site keeps white
in dark mode. Whoever imports `medlstm.figures` draws in this style, too.
"""

from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap

plt.style.use(Path(__file__).with_name("book.mplstyle"))

INK, FAINT = "#222222", "#8a8a8a"


class Quantity(NamedTuple):
    """How one of the six quantities looks, and the range of its values."""

    title: str
    symbol: str
    colour: str
    marker: str
    low: float
    high: float


QUANTITIES = {
    "forget": Quantity("forget gate", "$f_t$", "#0072B2", "o", 0, 1),
    "input": Quantity("input gate", "$i_t$", "#009E73", "^", 0, 1),
    "candidate": Quantity("candidate", "$g_t$", "#E69F00", "s", -1, 1),
    "cell": Quantity("cell state", "$c_t$", "#D55E00", "D", -3, 3),
    "output": Quantity("output gate", "$o_t$", "#AA4499", "v", 0, 1),
    "hidden": Quantity("hidden state", "$h_t$", "#444444", "X", -1, 1),
}

LINES = ("#24405e", "#9c4221", "#5f7f2e", "#7a4b8c", "#8c7216", "#2b7a78")
"""For models, groups and all else that is none of the six."""
MARKS = ("o", "s", "^", "D", "v", "X")
EVIDENCE = LinearSegmentedColormap.from_list("evidence", ["#ffffff", LINES[0]])
MISTAKES = LinearSegmentedColormap.from_list("mistakes", ["#ffffff", LINES[1]])
SIGNED = LinearSegmentedColormap.from_list("signed", [LINES[0], "#ffffff", LINES[1]])
"""For all that has a sign: navy below zero, rust above. In grey print both are dark."""


def headline(figure, title):
    """Write what a figure of several panels says above them."""
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")


def names_at_ends(axis, ends):
    """Write each name beside the end of its line, apart from its neighbours: `ends` are (x, y, name)."""
    figure = axis.figure
    figure.canvas.draw()
    heights = [axis.transData.transform((x, y))[1] for x, y, _ in ends]
    gap = 15 * figure.dpi / 100
    placed = {}
    for k in np.argsort(heights):
        placed[k] = max(heights[k], max(placed.values(), default=-np.inf) + gap)
    for k, (x, y, name) in enumerate(ends):
        axis.annotate(
            name,
            (x, y),
            (6, (placed[k] - heights[k]) * 72 / figure.dpi),
            textcoords="offset points",
            va="center",
            color=INK,
        )


def paper(axis, image):
    """Draw an image as ink on paper, with a thin frame."""
    axis.imshow(image, cmap="gray_r", aspect="auto", interpolation="nearest")
    axis.set_xticks([])
    axis.spines[:].set_visible(True)
    axis.spines[:].set_linewidth(0.5)


def rising(colour):
    """White to a colour."""
    return LinearSegmentedColormap.from_list(colour, ["#ffffff", colour])
