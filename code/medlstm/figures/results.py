"""What came of it? Curves, intervals, confusion."""

import matplotlib.pyplot as plt
import numpy as np

from medlstm.figures.style import FAINT, INK, LINES, MARKS, MISTAKES, QUANTITIES, SIGNED, headline, names_at_ends


def learning_curve(losses, batches_per_epoch, title):
    """Loss of every batch, with its running mean over fifty batches; one tick an epoch."""
    _figure, axis = plt.subplots(figsize=(7, 2.8))
    losses = np.asarray(losses)
    steps = np.arange(1, len(losses) + 1)
    window = min(50, len(losses))
    mean = np.convolve(losses, np.ones(window) / window, mode="valid")
    axis.plot(steps, losses, color=FAINT, alpha=0.45, linewidth=0.7)
    axis.plot(steps[window // 2 :][: len(mean)], mean, color=LINES[0], linewidth=2)
    axis.annotate(
        "each batch",
        (steps[len(steps) // 30], losses[len(steps) // 30]),
        (12, 0),
        textcoords="offset points",
        color="#6a6a6a",
    )
    axis.annotate(
        "mean of 50 batches",
        (steps[len(steps) // 3], mean[len(steps) // 3]),
        (0, 18),
        textcoords="offset points",
        color=LINES[0],
    )
    epochs = len(losses) // batches_per_epoch
    axis.set_xticks([e * batches_per_epoch for e in range(epochs + 1)], range(epochs + 1))
    axis.set(xlabel="epoch", ylabel="cross-entropy (nats)", yscale="log", title=title)
    axis.margins(x=0.01)


def seeds(accuracies, title, xlabel="test accuracy (%); a dot is a seed, a line is the mean", chance=None):
    """One dot a seed: `accuracies` maps the name of a model to its accuracies, between 0 and 1, as is `chance`."""
    dots({name: 100 * np.asarray(values) for name, values in accuracies.items()}, title, xlabel, np.mean, 2)
    if chance is not None:
        axis = plt.gca()
        axis.axvline(100 * chance, color=FAINT, linestyle=":", zorder=0)
        axis.annotate(
            "chance", (100 * chance, 0.5), (4, 0), textcoords="offset points", fontsize=8, va="center", color=INK
        )


def dots(groups, title, xlabel, middle=np.median, decimals=1):
    """A row of dots a group, with a line and a number at their middle; `groups` maps names to values."""
    _figure, axis = plt.subplots(figsize=(7, 0.55 * len(groups) + 1.0))
    for k, values in enumerate(groups.values()):
        axis.plot(
            values, np.full(len(values), -k), "o", color=LINES[0], markersize=7, alpha=0.7, markeredgecolor="white"
        )
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
    _figure, axis = plt.subplots(figsize=(7, 0.42 * len(rows) + 1.1))
    for k, (seeds_, (mean, low, high)) in enumerate(rows.values()):
        axis.plot([low, high], [-k, -k], color=LINES[0], linewidth=5, alpha=0.25, solid_capstyle="butt")
        axis.plot(seeds_, np.full(len(seeds_), -k), "o", color=LINES[0], markersize=4, alpha=0.6)
        axis.plot([mean] * 2, [-k - 0.3, -k + 0.3], color=INK, linewidth=1.5)
    for k, (name, value) in enumerate(marks.items()):
        axis.axvline(value, color=LINES[1], linewidth=1, linestyle=("--", ":", "-.")[k % 3], zorder=0)
        axis.annotate(
            name,
            (value, 1),
            (3 if k % 2 else -3, 2),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="left" if k % 2 else "right",
            fontsize=8,
            color=LINES[1],
        )
    axis.set_yticks([-k for k in range(len(rows))], rows)
    axis.set(xlabel=xlabel, ylim=(-len(rows) + 0.4, 0.6))
    axis.set_title(title, pad=18 if marks else 6)
    axis.spines["left"].set_visible(False)
    axis.tick_params(left=False)


def two_groups(healthy, ill, threshold, curve, title):
    """Scores of two groups with a threshold, and the ROC `curve` (1 - specificity, sensitivity)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.9), width_ratios=(1.7, 1))
    bins = np.linspace(min(healthy.min(), ill.min()), max(healthy.max(), ill.max()), 45)
    _, _, right_calls = left.hist(healthy, bins, color=LINES[0], alpha=0.3, density=True)
    _, _, ill_calls = left.hist(ill, bins, color=LINES[1], alpha=0.3, density=True, hatch="//", edgecolor="white", lw=0)
    for bars, wrong in ((right_calls, lambda x: x >= threshold), (ill_calls, lambda x: x < threshold)):
        for bar in bars:
            if wrong(bar.get_x() + bar.get_width() / 2):
                bar.set_alpha(0.95)
    top = 1.3 * left.get_ylim()[1]
    left.set_ylim(0, top)
    left.axvline(threshold, ymax=0.93, color=INK, linewidth=1.5)
    left.text(threshold, 0.95 * top, "threshold", ha="center", va="bottom", fontsize=8)
    left.text(healthy.mean(), 0.8 * top, "healthy", ha="right", va="bottom")
    left.text(ill.mean(), 0.8 * top, "ill", ha="left", va="bottom")
    ends = {
        f"missed: {(ill < threshold).mean():.0%}\nof the ill": (threshold - 0.25, bins[0], "left"),
        f"false alarm: {(healthy >= threshold).mean():.0%}\nof the healthy": (threshold + 0.25, bins[-1], "right"),
    }
    for text, (x, edge, side) in ends.items():
        left.annotate(
            text,
            (x, 0.05 * top),
            (edge, 0.42 * top),
            ha=side,
            fontsize=8,
            arrowprops={"arrowstyle": "-", "color": INK, "lw": 0.8},
        )
    left.set(yticks=[], xlabel="score")
    left.spines["left"].set_visible(False)
    right.plot(*curve, color=INK)
    right.plot([0, 1], [0, 1], color=FAINT, linestyle=":")
    right.plot((healthy >= threshold).mean(), (ill >= threshold).mean(), "o", color=INK, markersize=7)
    right.set(xlabel="1 − specificity", ylabel="sensitivity", aspect="equal", xticks=[0, 1], yticks=[0, 1])
    headline(figure, title)


def reliability(tables, title, xlabel="how sure", ylabel="how often right"):
    """How often right against how sure, or as the labels say.

    `tables` maps a caption to a `medlstm.evaluation.calibration.Reliability`.
    """
    figure, axes = plt.subplots(1, len(tables), figsize=(7, 3.1), sharex=True, sharey=True, squeeze=False)
    least = min(min(table.confidence.min(), table.accuracy.min()) for table in tables.values())
    for axis, (caption, table) in zip(axes[0], tables.items()):
        axis.plot([least, 1], [least, 1], color=FAINT, linestyle=":")
        axis.plot(table.confidence, table.accuracy, "o-", color=INK, markersize=5)
        axis.set_title(caption, fontsize=9, fontweight="normal")
        axis.set(xlabel=xlabel)
    axes[0, 0].set_ylabel(ylabel)
    headline(figure, title)


def changes(matrix, rows, columns, title, decimals=3, cut=None):
    """A table (R, C) of changes: each number on its colour, rust above zero, navy below, paler towards it.

    `cut` is the change from which on the colour is the darkest; the largest of the table unless given.
    """
    _figure, axis = plt.subplots(figsize=(7, 0.36 * len(rows) + 1.3))
    cut = cut or np.abs(matrix).max()
    axis.imshow(matrix, cmap=SIGNED, vmin=-1.6 * cut, vmax=1.6 * cut, aspect="auto")
    for place in np.ndindex(matrix.shape):
        axis.text(*place[::-1], f"{matrix[place]:+.{decimals}f}", ha="center", va="center", fontsize=8, color="#1a1a1a")
    axis.set_xticks(range(len(columns)), columns, fontsize=9)
    axis.set_yticks(range(len(rows)), rows, fontsize=9)
    axis.xaxis.tick_top()
    axis.set_title(title, pad=10)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)


def confusion(matrix, title):
    """Confusion matrix: mistakes coloured by their number, right answers in grey."""
    _figure, axis = plt.subplots(figsize=(7, 4.4))
    mistakes = matrix - np.diag(np.diag(matrix))
    axis.imshow(mistakes, cmap=MISTAKES, vmin=0, vmax=max(1, mistakes.max() * 1.3))
    for true, predicted in np.ndindex(matrix.shape):
        count = matrix[true, predicted]
        if count:
            axis.text(
                predicted, true, count, ha="center", va="center", fontsize=8, color=FAINT if true == predicted else INK
            )
    ticks = range(len(matrix))
    axis.set_xticks(ticks, ticks)
    axis.set_yticks(ticks, ticks)
    axis.set(xlabel="predicted class", ylabel="true class", title=title)
    axis.spines[:].set_visible(False)
    axis.tick_params(length=0)


def curves(series, xlabel, ylabel, title, log=True, x=None, band=None, upright=None):
    """Lines with their names at their right ends: `series` maps a name to its values, at `x` or from 0.

    `band` is a range of values to be shaded across, `upright` a place on the axis of `x` to be marked.
    """
    _figure, axis = plt.subplots(figsize=(7, 3.2))
    if band:
        axis.axhspan(*band, color=FAINT, alpha=0.25, linewidth=0, zorder=0)
    if upright is not None:
        axis.axvline(upright, color=FAINT, linewidth=1, linestyle=":", zorder=0)
    ends = _lines(axis, series, x)
    axis.set(xlabel=xlabel, ylabel=ylabel, title=title, yscale="log" if log else "linear")
    axis.margins(x=0.01)
    names_at_ends(axis, ends)


def curves_side_by_side(panels, xlabel, ylabel, title, log=True, x=None, quantities=None):
    """Small multiples of `curves` on one scale, with names in the last: `panels` maps a caption to series.

    `quantities` maps the name of a series to the one of the six quantities as which it is drawn.
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(7, 3.1), sharex=True, sharey=True, squeeze=False)
    for axis, (caption, series) in zip(axes[0], panels.items()):
        ends = _lines(axis, series, x, quantities or {})
        axis.set_title(caption, fontsize=9, fontweight="normal")
        axis.set_xlabel(xlabel)
        axis.margins(x=0.02)
    axes[0, 0].set(ylabel=ylabel, yscale="log" if log else "linear")
    headline(figure, title)
    names_at_ends(axes[0, -1], ends)


def learning_curves(panels, xlabel, ylabel, title):
    """Means with their intervals, over pale lines of single draws, on one scale; names in the last panel.

    `panels` maps a caption to (sizes (N,), series); series map a name to (draws (S, N), half-widths (N,) or None).
    """
    figure, axes = plt.subplots(1, len(panels), figsize=(7, 3.5), sharey=True, squeeze=False)
    for axis, (caption, (sizes, series)) in zip(axes[0], panels.items()):
        at = np.log2(sizes)
        means = {name: draws.mean(axis=0) for name, (draws, _) in series.items()}
        ends = _lines(axis, means, at)
        for line, (draws, half) in zip(list(axis.lines), series.values()):
            axis.plot(at, draws.T, color=line.get_color(), alpha=0.22, linewidth=0.7, zorder=0)
            axis.errorbar(
                at, draws.mean(axis=0), half, fmt="none", ecolor=line.get_color(), elinewidth=1.2, capsize=2.5
            )
        axis.set_title(caption, fontsize=9, fontweight="normal")
        axis.set_xticks(at, sizes)
        axis.tick_params(axis="x", labelsize=8)
        axis.set_xlabel(xlabel)
        axis.margins(x=0.04)
    axes[0, 0].set_ylabel(ylabel)
    headline(figure, title)
    names_at_ends(axes[0, -1], ends)


def _lines(axis, series, x, quantities=None):
    """Draw each of `series` in a line of its own; their right ends, (x, y, name). A plain RNN always looks the same."""
    ends = []
    for k, (name, values) in enumerate(series.items()):
        values = np.asarray(values, float)
        own = len(LINES) - 1 if name.startswith("plain RNN") else k
        colour, mark = LINES[own % len(LINES)], MARKS[own % len(MARKS)]
        if look := QUANTITIES.get((quantities or {}).get(name)):
            colour, mark = look.colour, look.marker
        at = np.arange(len(values)) if x is None else np.asarray(x)
        axis.plot(
            at, values, color=colour, linewidth=1.8, marker=mark, markersize=4.5, markevery=max(1, len(values) // 9)
        )
        ends.append((at[-1], values[-1], name))
    return ends


def along_slices(series, marked, ylabel, title):
    """Lines along the slices of a volume, over grey bands where `marked` (T,) is true."""
    curves(series, "slice", ylabel, title, log=False)
    axis = plt.gca()
    axis.bar(
        np.flatnonzero(marked), 1, width=1, color=FAINT, alpha=0.25, zorder=0, transform=axis.get_xaxis_transform()
    )
