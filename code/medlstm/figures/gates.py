"""What do the gates do? Drawings of the six quantities of an LSTM."""

import matplotlib.pyplot as plt
import numpy as np

from medlstm.figures.style import FAINT, INK, QUANTITIES, SIGNED, headline, names_at_ends, paper, rising


def cell_drawing(title):
    """One step of an LSTM as a drawing, each of the `QUANTITIES` in its colour."""
    _figure, axis = plt.subplots(figsize=(7, 2.9))
    axis.set(xlim=(0, 11.6), ylim=(0, 4.7), aspect="equal")
    axis.axis("off")
    colours = {name: look.colour for name, look in QUANTITIES.items()} | {None: FAINT}

    def line(points, name, arrow=True):
        axis.plot(*zip(*points), color=colours[name], linewidth=1.8, solid_capstyle="round", zorder=1)
        if arrow:
            look = {"arrowstyle": "-|>", "color": colours[name], "lw": 1.8, "shrinkA": 0, "shrinkB": 0}
            axis.annotate("", points[-1], points[-2], zorder=2, arrowprops=look)

    def circle(x, y, text, name):
        look = {"markerfacecolor": "white", "markeredgecolor": colours[name], "markeredgewidth": 1.8}
        axis.plot(x, y, "o", markersize=19, zorder=3, **look)
        axis.text(x, y, text, ha="center", va="center_baseline", fontsize=12, zorder=4)

    def box(x, y, name, activation):
        frame = {"boxstyle": "round,pad=0.35", "edgecolor": colours[name], "linewidth": 1.8, "facecolor": "white"}
        words = f"{QUANTITIES[name].symbol}\n{activation}"
        axis.text(x, y, words, ha="center", va="center", fontsize=9, zorder=4, linespacing=1.35, bbox=frame)

    top, middle = 3.9, 2.6
    line([(0.6, top), (10.0, top)], "cell")
    line([(0.6, 0.35), (7.0, 0.35)], "hidden", arrow=False)
    for x, name in ((2.0, "forget"), (3.6, "input"), (5.2, "candidate"), (7.0, "output")):
        line([(x, 0.35), (x, 1.0)], "hidden", arrow=False)
        box(x, 1.25, name, "$\\tanh$" if name == "candidate" else "$\\sigma$")
    line([(2.0, 1.75), (2.0, top - 0.3)], "forget")
    line([(3.6, 1.75), (3.6, middle), (4.1, middle)], "input")
    line([(5.2, 1.75), (5.2, middle), (4.7, middle)], "candidate")
    line([(4.4, middle + 0.3), (4.4, top - 0.3)], None)
    line([(8.3, top), (8.3, middle + 0.3)], "cell")
    line([(7.0, 1.75), (7.0, middle), (8.0, middle)], "output")
    line([(8.3, middle - 0.3), (8.3, 0.35), (10.0, 0.35)], "hidden")
    line([(8.3, 1.6), (9.3, 1.6), (9.3, top - 0.14)], "hidden", arrow=False)
    line([(9.3, top + 0.14), (9.3, top + 0.6)], "hidden")
    circle(2.0, top, "×", "cell")
    circle(4.4, middle, "×", None)
    circle(4.4, top, "+", "cell")
    circle(8.3, middle, "×", "hidden")
    axis.text(8.42, 3.32, "tanh", fontsize=8)
    for x, y, text in (
        (0.5, top, "$c_{t-1}$"),
        (10.1, top, "$c_t$"),
        (0.5, 0.35, "$x_t,\\ h_{t-1}$"),
        (10.1, 0.35, "$h_t$, next step"),
        (9.45, top + 0.5, "$h_t$, next layer"),
    ):
        axis.text(x, y, text, ha="right" if x < 5 else "left", va="center", fontsize=11, color=INK)
    axis.set_title(title, x=0)


def over_time(panels, start, ylabel, title):
    """Small multiples of a quantity (T, H) over time: `panels` maps a caption to (values, quantity).

    Each unit has a line style of its own, and its number, from 1, at the right end.
    """
    styles = ("-", "--", ":", "-.")
    figure, axes = plt.subplots(1, len(panels), figsize=(7, 2.5), sharey=True)
    for axis, (caption, (values, name)) in zip(axes, panels.items()):
        look = QUANTITIES[name]
        values = np.vstack([start, values])
        for k, line in enumerate(values.T):
            axis.plot(
                line,
                styles[k % 4],
                color=look.colour,
                marker=look.marker,
                markersize=3,
                markevery=len(values),
                linewidth=1.4,
            )
        axis.axhline(0, color=FAINT, linewidth=0.6)
        axis.set_title(caption, fontsize=9, fontweight="normal")
        axis.set_xlabel("time step")
    axes[0].set_ylabel(ylabel)
    headline(figure, title)
    for axis, (values, _) in zip(axes, panels.values()):
        names_at_ends(axis, [(len(values), end, str(k)) for k, end in enumerate(values[-1], 1)])


def gate_maps(image, trace, title, order=None, example=0):
    """A digit beside heat maps (28 rows by H units) of the six quantities while it was read.

    `trace` is one layer's dict of `medlstm.explanation.trace`. The units stand in the same `order` in
    every map, as they are numbered unless given. Let the order come from other examples: units sorted
    by what is drawn show a staircase whatever it is, noise too.
    """
    order = np.arange(trace["hidden"].shape[2]) if order is None else order
    figure = plt.figure(figsize=(7, 4.6))
    grid = figure.add_gridspec(2, 4, width_ratios=(1.5, 1, 1, 1))
    digit = figure.add_subplot(grid[:, 0])
    paper(digit, image)
    digit.set_ylabel("time step = row")
    for k, (name, look) in enumerate(QUANTITIES.items()):
        axis = figure.add_subplot(grid[k // 3, 1 + k % 3])
        drawn = axis.imshow(
            trace[name][example][:, order],
            cmap=SIGNED if look.low < 0 else rising(look.colour),
            aspect="auto",
            vmin=look.low,
            vmax=look.high,
            interpolation="nearest",
        )
        axis.set_title(f"{look.title} {look.symbol}", fontsize=9)
        axis.set_xticks([])
        axis.set_yticks([0, 9, 18, 27])
        bar = figure.colorbar(
            drawn,
            ax=axis,
            location="bottom",
            aspect=18,
            pad=0.03,
            ticks=[look.low, (look.low + look.high) / 2, look.high],
        )
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=8, length=2)
    headline(figure, title)


def gates_by_row(gates, ink, title):
    """Mean value of each gate after every row, over the share of examples with ink in that row."""
    _figure, axis = plt.subplots(figsize=(7, 2.8))
    axis.fill_between(range(len(ink)), ink, step="mid", color=FAINT, alpha=0.25, linewidth=0)
    axis.text(np.argmax(ink), 0.03, "share of digits with ink", ha="center", color="#555555")
    for name, values in gates.items():
        look = QUANTITIES[name]
        axis.plot(values, color=look.colour, marker=look.marker, markersize=4, linewidth=1.6)
    axis.set(xlabel="row", ylabel="mean of the gate", ylim=(0, 1.02), title=title)
    axis.margins(x=0.01)
    names_at_ends(axis, [(len(values) - 1, values[-1], QUANTITIES[name].title) for name, values in gates.items()])
