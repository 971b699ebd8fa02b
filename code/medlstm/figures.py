"""Every drawing in the book, in one style.

The six quantities of an LSTM have one colour, one mark and one place through the whole book; see
`QUANTITIES`. The colours are those of Okabe and Ito, which most colour-blind readers can tell apart.
A figure is drawn on white paper, which the site keeps white in dark mode.
"""

from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LinearSegmentedColormap

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

plt.rcParams.update({
    "figure.dpi": 150, "figure.facecolor": "white", "figure.constrained_layout.use": True,
    "font.size": 9, "axes.titlesize": 10, "axes.titlelocation": "left", "axes.titleweight": "bold",
    "axes.edgecolor": FAINT, "axes.labelcolor": INK, "axes.titlecolor": INK, "text.color": INK,
    "xtick.color": INK, "ytick.color": INK, "axes.spines.top": False, "axes.spines.right": False,
    "axes.prop_cycle": plt.cycler(color=[q.colour for q in QUANTITIES.values()]),
})


def digits(images, captions, columns=10, title=None, cmap="gray_r"):
    """Images (N, 28, 28) in a grid, each under its caption; "gray" shows what was measured as light."""
    rows = -(-len(images) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(7, 0.95 * rows * 10 / columns), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, caption in zip(axes.flat, images, captions):
        axis.imshow(image, cmap=cmap)
        axis.set_title(caption, fontsize=9, fontweight="normal", loc="center")
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")


def scans(images, captions, title, limits=(None, None)):
    """Scans side by side, black to white between `limits`, each under its caption."""
    figure, axes = plt.subplots(1, len(images), figsize=(7, 7 / len(images) * images[0].shape[0]
                                                         / images[0].shape[1] + 0.6))
    limits = limits if isinstance(limits, list) else [limits] * len(images)
    for axis, image, caption, (low, high) in zip(axes, images, captions, limits):
        axis.imshow(image, cmap="gray", vmin=low, vmax=high)
        axis.axis("off")
        axis.set_title(caption, fontsize=9, fontweight="normal", loc="center")
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")


def two_groups(healthy, ill, threshold, curve, title):
    """Scores of two groups with a threshold, and the ROC `curve` (1 - specificity, sensitivity)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.9), width_ratios=(1.7, 1))
    blue, red = QUANTITIES["forget"].colour, QUANTITIES["cell"].colour
    bins = np.linspace(min(healthy.min(), ill.min()), max(healthy.max(), ill.max()), 45)
    left.hist(healthy, bins, color=blue, alpha=0.55, density=True)
    left.hist(ill, bins, color=red, alpha=0.55, density=True, hatch="//", edgecolor="white", linewidth=0)
    left.axvline(threshold, color=INK, linewidth=1.5)
    top = left.get_ylim()[1]
    left.text(healthy.mean(), top, "healthy", color=blue, ha="center", va="bottom")
    left.text(ill.mean(), top, "ill", color=red, ha="center", va="bottom")
    left.text(threshold, -0.02 * top, "threshold", ha="center", va="top", fontsize=8)
    left.set(yticks=[], xticks=[])
    left.set_xlabel("score", labelpad=12)
    left.spines["left"].set_visible(False)
    right.plot(*curve, color=INK)
    right.plot([0, 1], [0, 1], color=FAINT, linestyle=":")
    right.plot((healthy >= threshold).mean(), (ill >= threshold).mean(), "o", color=INK, markersize=7)
    right.set(xlabel="1 − specificity", ylabel="sensitivity", aspect="equal", xticks=[0, 1], yticks=[0, 1])
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")


def rows_of_a_digit(image, chosen, title):
    """An image (28, 28) with some rows marked, and the pixel values of those rows as step lines."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.9), width_ratios=(1, 1.9))
    _paper(left, image)
    left.set_ylabel("time step = row")
    left.set_yticks([0, *chosen, 27])
    for k, row in enumerate(chosen):
        left.axhspan(row - 0.5, row + 0.5, fill=False, edgecolor=QUANTITIES["forget"].colour, linewidth=1.5)
        base = 1.25 * (len(chosen) - 1 - k)
        right.step(range(28), image[row] + base, where="mid", color=QUANTITIES["forget"].colour)
        right.fill_between(range(28), base, image[row] + base, step="mid", alpha=0.15,
                           color=QUANTITIES["forget"].colour)
        right.text(-1, base + 0.1, f"$x_{{{row}}}$", ha="right")
    right.set(yticks=[], xlabel="pixel in the row, from left to right", xlim=(-0.5, 27.5))
    right.spines["left"].set_visible(False)
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")


def learning_curve(losses, batches_per_epoch, title):
    """Loss of every batch, with its running mean over fifty batches; one tick an epoch."""
    figure, axis = plt.subplots(figsize=(7, 2.8))
    losses = np.asarray(losses)
    steps = np.arange(1, len(losses) + 1)
    window = min(50, len(losses))
    mean = np.convolve(losses, np.ones(window) / window, mode="valid")
    axis.plot(steps, losses, color=FAINT, alpha=0.45, linewidth=0.7)
    axis.plot(steps[window - 1:], mean, color=QUANTITIES["forget"].colour, linewidth=2)
    axis.annotate("each batch", (steps[len(steps) // 30], losses[len(steps) // 30]), (12, 0),
                  textcoords="offset points", color="#6a6a6a")
    axis.annotate("mean of 50 batches", (steps[len(steps) // 3], mean[len(steps) // 3]), (0, 18),
                  textcoords="offset points", color=QUANTITIES["forget"].colour)
    epochs = len(losses) // batches_per_epoch
    axis.set_xticks([e * batches_per_epoch for e in range(epochs + 1)], range(epochs + 1))
    axis.set(xlabel="epoch", ylabel="cross-entropy (nats)", yscale="log", title=title)
    axis.margins(x=0.01)


def gate_maps(image, trace, title, example=0):
    """A digit beside heat maps (28 rows by H units) of the six quantities while it was read.

    `trace` is one layer's dict of `medlstm.explanation.trace`. The units stand in the order of the
    row at which their hidden state is largest, the same order in every map.
    """
    order = np.abs(trace["hidden"][example]).argmax(axis=0).argsort(kind="stable")
    figure = plt.figure(figsize=(7, 4.6))
    grid = figure.add_gridspec(2, 4, width_ratios=(1.5, 1, 1, 1))
    digit = figure.add_subplot(grid[:, 0])
    _paper(digit, image)
    digit.set_ylabel("time step = row")
    for k, (name, look) in enumerate(QUANTITIES.items()):
        axis = figure.add_subplot(grid[k // 3, 1 + k % 3])
        drawn = axis.imshow(trace[name][example][:, order], cmap=_colours(look), aspect="auto",
                            vmin=look.low, vmax=look.high, interpolation="nearest")
        axis.set_title(f"{look.title} {look.symbol}", color=look.colour, fontsize=9)
        axis.set_xticks([])
        axis.set_yticks([0, 9, 18, 27])
        bar = figure.colorbar(drawn, ax=axis, location="bottom", aspect=18, pad=0.03,
                              ticks=[look.low, (look.low + look.high) / 2, look.high])
        bar.outline.set_visible(False)
        bar.ax.tick_params(labelsize=8, length=2)
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")


def reading(images, evidence, title):
    """Digits (N, 28, 28), each beside what the network would answer after every row (N, 28, K).

    The number in a column stands where that answer, while it led, was most probable; answers that
    never passed 35 % go unnamed.
    """
    figure, axes = plt.subplots(1, 2 * len(images), figsize=(2.6 * len(images), 2.4),
                                width_ratios=[1.1, 1] * len(images), sharey=True)
    look = QUANTITIES["forget"]
    for k, (image, p) in enumerate(zip(images, evidence)):
        left, right = axes[2 * k], axes[2 * k + 1]
        _paper(left, image)
        left.set_yticks([0, 9, 18, 27])
        right.imshow(p, cmap=_colours(look), vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        right.set_xticks(range(p.shape[1]), range(p.shape[1]), fontsize=6.5)
        right.set_xlabel("answer so far", fontsize=8)
        right.tick_params(left=False)
        for digit in np.unique(p.argmax(axis=1)):
            row = np.flatnonzero(p.argmax(axis=1) == digit)
            row = row[p[row, digit].argmax()]
            if p[row, digit] > 0.35:
                right.text(digit, row, digit, ha="center", va="center", fontsize=8,
                           color="white" if p[row, digit] > 0.5 else INK)
    axes[0].set_ylabel("rows read")
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")


def seeds(accuracies, title, xlabel="test accuracy (%); a dot is a seed, a line is the mean"):
    """One dot a seed: `accuracies` maps the name of a model to its accuracies, between 0 and 1."""
    dots({name: 100 * np.asarray(values) for name, values in accuracies.items()}, title, xlabel, np.mean, 2)


def dots(groups, title, xlabel, middle=np.median, decimals=1):
    """A row of dots a group, with a line and a number at their middle; `groups` maps names to values."""
    figure, axis = plt.subplots(figsize=(7, 0.55 * len(groups) + 1.0))
    for k, values in enumerate(groups.values()):
        axis.plot(values, np.full(len(values), -k), "o", color=QUANTITIES["forget"].colour,
                  markersize=7, alpha=0.7, markeredgecolor="white")
        axis.plot([middle(values)] * 2, [-k - 0.28, -k + 0.28], color=INK, linewidth=1.5)
        axis.text(middle(values), -k + 0.33, f"{middle(values):.{decimals}f}", ha="center", fontsize=8)
    axis.set_yticks([-k for k in range(len(groups))], groups)
    axis.set(xlabel=xlabel, title=title, ylim=(-len(groups) + 0.4, 0.75))
    axis.spines["left"].set_visible(False)
    axis.tick_params(left=False)


def intervals(rows, marks, xlabel, title):
    """A line a model: its seeds as small dots on the bar of the interval; `marks` are upright lines.

    `rows` maps a name to (seeds, (mean, low, high)), `marks` a name to a value.
    """
    figure, axis = plt.subplots(figsize=(7, 0.42 * len(rows) + 1.1))
    blue, red = QUANTITIES["forget"].colour, QUANTITIES["cell"].colour
    for k, (seeds_, (mean, low, high)) in enumerate(rows.values()):
        axis.plot([low, high], [-k, -k], color=blue, linewidth=5, alpha=0.25, solid_capstyle="butt")
        axis.plot(seeds_, np.full(len(seeds_), -k), "o", color=blue, markersize=4, alpha=0.6)
        axis.plot([mean] * 2, [-k - 0.3, -k + 0.3], color=INK, linewidth=1.5)
    for k, (name, value) in enumerate(marks.items()):
        axis.axvline(value, color=red, linewidth=1, linestyle=("--", ":", "-.")[k % 3], zorder=0)
        axis.annotate(name, (value, 1), (3 if k % 2 else -3, 2), xycoords=("data", "axes fraction"),
                      textcoords="offset points", ha="left" if k % 2 else "right", fontsize=8, color=red)
    axis.set_yticks([-k for k in range(len(rows))], rows)
    axis.set(xlabel=xlabel, ylim=(-len(rows) + 0.4, 0.6))
    axis.set_title(title, pad=18 if marks else 6)
    axis.spines["left"].set_visible(False)
    axis.tick_params(left=False)


def reliability(tables, title):
    """How often right against how sure; `tables` maps a caption to a `medlstm.calibration.Reliability`."""
    figure, axes = plt.subplots(1, len(tables), figsize=(7, 3.1), sharex=True, sharey=True, squeeze=False)
    least = min(min(table.confidence.min(), table.accuracy.min()) for table in tables.values())
    for axis, (caption, table) in zip(axes[0], tables.items()):
        axis.plot([least, 1], [least, 1], color=FAINT, linestyle=":")
        axis.plot(table.confidence, table.accuracy, "o-", color=INK, markersize=5)
        axis.set_title(caption, fontsize=9, fontweight="normal")
        axis.set(xlabel="how sure")
    axes[0, 0].set_ylabel("how often right")
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")


def along_slices(series, marked, ylabel, title):
    """Lines along the slices of a volume, over grey bands where `marked` (T,) is true."""
    curves(series, "slice", ylabel, title, log=False)
    axis = plt.gca()
    axis.bar(np.flatnonzero(marked), 1, width=1, color=FAINT, alpha=0.25, zorder=0,
             transform=axis.get_xaxis_transform())


def gates_by_row(gates, ink, title):
    """Mean value of each gate after every row, over the share of examples with ink in that row."""
    figure, axis = plt.subplots(figsize=(7, 2.8))
    axis.fill_between(range(len(ink)), ink, step="mid", color=FAINT, alpha=0.25, linewidth=0)
    axis.text(np.argmax(ink), 0.03, "share of digits with ink", ha="center", color="#555555")
    for name, values in gates.items():
        look = QUANTITIES[name]
        axis.plot(values, color=look.colour, marker=look.marker, markersize=4, linewidth=1.6)
    axis.set(xlabel="row", ylabel="mean of the gate", ylim=(0, 1.02), title=title)
    axis.margins(x=0.01)
    _names_at_ends(axis, [(len(values) - 1, values[-1], QUANTITIES[name].title, QUANTITIES[name].colour)
                          for name, values in gates.items()])


def attributions(images, maps, title):
    """Signed attributions over each image (N, 28, 28): `maps` holds one row of pictures a name."""
    figure, axes = plt.subplots(len(maps), len(images), figsize=(1.75 * len(images) + 0.6, 1.75 * len(maps) + 0.4),
                                squeeze=False)
    look = QUANTITIES["candidate"]
    for row, (name, values) in zip(axes, maps.items()):
        for axis, image, value in zip(row, images, values):
            limit = np.abs(value).max()
            axis.imshow(value, cmap=_colours(look), vmin=-limit, vmax=limit, interpolation="nearest")
            axis.contour(image, levels=[0.3], colors=[FAINT], linewidths=0.7)
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(True)
            axis.spines[:].set_linewidth(0.5)
        row[0].set_ylabel(name)
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")


def beside_rows(images, profiles, title):
    """Images (N, 28, 28), each beside lines along its rows: `profiles` maps a name to values (N, bands)."""
    figure, axes = plt.subplots(1, 2 * len(images), figsize=(2.4 * len(images), 2.6),
                                width_ratios=[1.1, 1] * len(images), sharey=True)
    looks = [QUANTITIES["cell"], QUANTITIES["forget"], QUANTITIES["input"]]
    for k, image in enumerate(images):
        left, right = axes[2 * k], axes[2 * k + 1]
        _paper(left, image)
        left.set_yticks([0, 9, 18, 27])
        right.axvline(0, color=FAINT, linewidth=0.8)
        for (name, values), look in zip(profiles.items(), looks):
            middle = np.arange(values.shape[1]) + (len(image) - values.shape[1]) / 2
            right.plot(values[k], middle, color=look.colour, marker=look.marker, markersize=3, linewidth=1.2,
                       label=name)
        right.tick_params(left=False)
        right.set_xlabel("fall of the logit", fontsize=8)
    axes[0].set_ylabel("row")
    axes[-1].legend(frameon=False, fontsize=7, loc="lower right", handlelength=1)
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")


def confusion(matrix, title):
    """Confusion matrix: mistakes coloured by their number, right answers in grey."""
    figure, axis = plt.subplots(figsize=(7, 4.4))
    mistakes = matrix - np.diag(np.diag(matrix))
    orange = LinearSegmentedColormap.from_list("mistakes", ["#ffffff", QUANTITIES["cell"].colour])
    axis.imshow(mistakes, cmap=orange, vmin=0, vmax=max(1, mistakes.max() * 1.3))
    for true, predicted in np.ndindex(matrix.shape):
        count = matrix[true, predicted]
        if count:
            axis.text(predicted, true, count, ha="center", va="center", fontsize=8,
                      color=FAINT if true == predicted else INK)
    ticks = range(len(matrix))
    axis.set_xticks(ticks, ticks)
    axis.set_yticks(ticks, ticks)
    axis.set(xlabel="predicted class", ylabel="true class", title=title)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)


def cell_drawing(highlight, title):
    """One step of an LSTM as a drawing, with one of the `QUANTITIES` in colour."""
    figure, axis = plt.subplots(figsize=(7, 2.9))
    axis.set(xlim=(0, 10.6), ylim=(0, 4.6), aspect="equal")
    axis.axis("off")
    on = {name: (look.colour if name == highlight else FAINT) for name, look in QUANTITIES.items()}
    wide = {name: 2.6 if name == highlight else 1.1 for name in QUANTITIES}

    def line(points, name, arrow=True):
        x, y = zip(*points)
        axis.plot(x, y, color=on[name], linewidth=wide[name], solid_capstyle="round", zorder=1)
        if arrow:
            axis.annotate("", points[-1], points[-2], zorder=2, arrowprops={
                "arrowstyle": "-|>", "color": on[name], "lw": wide[name], "shrinkA": 0, "shrinkB": 0})

    def circle(x, y, text, name):
        axis.plot(x, y, "o", markersize=19, markerfacecolor="white", markeredgecolor=on[name],
                  markeredgewidth=wide[name], zorder=3)
        axis.text(x, y, text, ha="center", va="center_baseline", fontsize=12, zorder=4)

    def box(x, y, name, activation):
        look, chosen = QUANTITIES[name], name == highlight
        axis.text(x, y, f"{look.symbol}\n{activation}", ha="center", va="center", fontsize=9, zorder=4,
                  color="white" if chosen else INK, linespacing=1.35,
                  bbox={"boxstyle": "round,pad=0.35", "edgecolor": on[name], "linewidth": wide[name],
                        "facecolor": look.colour if chosen else "white"})

    top, middle = 3.9, 2.6
    line([(0.6, top), (10.0, top)], "cell")
    line([(0.6, 0.35), (7.0, 0.35)], "hidden", arrow=False)
    for x, name in ((2.0, "forget"), (3.6, "input"), (5.2, "candidate"), (7.0, "output")):
        axis.plot([x, x], [0.35, 1.0], color=FAINT, linewidth=1.1, zorder=1)
        box(x, 1.25, name, "$\\tanh$" if name == "candidate" else "$\\sigma$")
    line([(2.0, 1.75), (2.0, top - 0.3)], "forget")
    line([(3.6, 1.75), (3.6, middle), (4.1, middle)], "input")
    line([(5.2, 1.75), (5.2, middle), (4.7, middle)], "candidate")
    line([(4.4, middle + 0.3), (4.4, top - 0.3)], "candidate" if highlight == "candidate" else "input")
    line([(8.3, top), (8.3, middle + 0.3)], "cell")
    line([(7.0, 1.75), (7.0, middle), (8.0, middle)], "output")
    line([(8.3, middle - 0.3), (8.3, 0.35), (10.0, 0.35)], "hidden")
    circle(2.0, top, "×", "forget")
    circle(4.4, middle, "×", "candidate" if highlight == "candidate" else "input")
    circle(4.4, top, "+", "cell")
    circle(8.3, middle, "×", "output")
    axis.text(8.42, 3.32, "tanh", fontsize=8)
    for x, y, text, name in ((0.5, top, "$c_{t-1}$", "cell"), (10.1, top, "$c_t$", "cell"),
                             (0.5, 0.35, "$x_t,\\ h_{t-1}$", "hidden"), (10.1, 0.35, "$h_t$", "hidden")):
        axis.text(x, y, text, ha="right" if x < 5 else "left", va="center", fontsize=11,
                  color=QUANTITIES[name].colour if name == highlight else INK)
    axis.set_title(title, x=0)


def over_time(panels, start, ylabel, title):
    """Small multiples of a quantity (T, H) over time: `panels` maps a caption to (values, quantity)."""
    figure, axes = plt.subplots(1, len(panels), figsize=(7, 2.3), sharey=True)
    for axis, (caption, (values, name)) in zip(axes, panels.items()):
        look = QUANTITIES[name]
        values = np.vstack([start, values])
        axis.plot(values, color=look.colour, marker=look.marker, markersize=3, linewidth=1.2, alpha=0.8)
        axis.axhline(0, color=FAINT, linewidth=0.6)
        axis.set_title(caption, fontsize=9, fontweight="normal")
        axis.set_xlabel("time step")
    axes[0].set_ylabel(ylabel)
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")


def curves(series, xlabel, ylabel, title, log=True, x=None):
    """Lines with their names at their right ends: `series` maps a name to its values, at `x` or from 0."""
    figure, axis = plt.subplots(figsize=(7, 3.2))
    looks = list(QUANTITIES.values())
    ends = []
    for k, (name, values) in enumerate(series.items()):
        values = np.asarray(values, float)
        look = looks[k % len(looks)]
        at = np.arange(len(values)) if x is None else np.asarray(x)
        axis.plot(at, values, color=look.colour, linewidth=1.8, marker=look.marker, markersize=4.5,
                  markevery=max(1, len(values) // 9))
        ends.append((at[-1], values[-1], name, look.colour))
    axis.set(xlabel=xlabel, ylabel=ylabel, title=title, yscale="log" if log else "linear")
    axis.margins(x=0.01)
    _names_at_ends(axis, ends)


def _names_at_ends(axis, ends):
    """Write each name beside the end of its line, apart from its neighbours: `ends` are (x, y, name, colour)."""
    figure = axis.figure
    figure.canvas.draw()
    heights = [axis.transData.transform((x, y))[1] for x, y, _, _ in ends]
    gap = 15 * figure.dpi / 100
    placed = {}
    for k in np.argsort(heights):
        placed[k] = max(heights[k], max(placed.values(), default=-np.inf) + gap)
    for k, (x, y, name, colour) in enumerate(ends):
        axis.annotate(name, (x, y), (6, (placed[k] - heights[k]) * 72 / figure.dpi),
                      textcoords="offset points", va="center", color=colour)


def _paper(axis, image):
    axis.imshow(image, cmap="gray_r", aspect="auto", interpolation="nearest")
    axis.set_xticks([])
    axis.spines[:].set_visible(True)
    axis.spines[:].set_linewidth(0.5)


def _colours(look):
    """White to the quantity's colour; for values of either sign, grey for what is negative."""
    if look.low < 0:
        return LinearSegmentedColormap.from_list(look.title, ["#333333", "#ffffff", look.colour])
    return LinearSegmentedColormap.from_list(look.title, ["#ffffff", look.colour])
