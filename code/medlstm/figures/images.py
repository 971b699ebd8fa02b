"""What is in an image, and what does a network make of it?"""

import matplotlib.pyplot as plt
import numpy as np

from medlstm.figures.style import EVIDENCE, FAINT, INK, LINES, MARKS, SIGNED, headline, paper


def digits(images, captions, columns=10, title=None, cmap="gray_r"):
    """Images (N, 28, 28) in a grid, each under its caption; "gray" shows what was measured as light.

    Images of uint8 share one scale, from 0 to 255; others have each its own.
    """
    limits = {"vmin": 0, "vmax": 255} if np.asarray(images).dtype == np.uint8 else {}
    rows = -(-len(images) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(7, 0.95 * rows * 10 / columns), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, caption in zip(axes.flat, images, captions):
        axis.imshow(image, cmap=cmap, **limits)
        axis.set_title(caption, fontsize=9, fontweight="normal", loc="center")
    if title:
        headline(figure, title)


def scans(images, captions, title, limits=(None, None)):
    """Scans side by side, black to white between `limits`, each under its caption."""
    figure, axes = plt.subplots(
        1, len(images), figsize=(7, 7 / len(images) * images[0].shape[0] / images[0].shape[1] + 0.6)
    )
    limits = limits if isinstance(limits, list) else [limits] * len(images)
    for axis, image, caption, (low, high) in zip(axes, images, captions, limits):
        axis.imshow(image, cmap="gray", vmin=low, vmax=high)
        axis.axis("off")
        axis.set_title(caption, fontsize=9, fontweight="normal", loc="center")
    headline(figure, title)


def grid(images, rows, columns, title):
    """Grey images (R, C, height, width) from 0 to 1 in lines named `rows`, under captions `columns`."""
    figure, axes = plt.subplots(
        len(rows), len(columns), figsize=(7, 7 / (len(columns) + 1) * len(rows) + 0.5), squeeze=False
    )
    for line, name, axes_ in zip(images, rows, axes):
        for image, axis in zip(line, axes_):
            axis.imshow(image, cmap="gray", vmin=0, vmax=1)
            axis.set_xticks([])
            axis.set_yticks([])
            axis.spines[:].set_visible(False)
        axes_[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    for axis, caption in zip(axes[0], columns):
        axis.set_title(caption, fontsize=9, fontweight="normal", loc="center")
    headline(figure, title)


def rows_of_a_digit(image, chosen, title):
    """An image (28, 28) with some rows marked, and the pixel values of those rows as step lines."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.9), width_ratios=(1, 1.9))
    paper(left, image)
    left.set_ylabel("time step = row")
    left.set_yticks([0, *chosen, 27])
    for k, row in enumerate(chosen):
        left.axhspan(row - 0.5, row + 0.5, fill=False, edgecolor=LINES[0], linewidth=1.5)
        base = 1.25 * (len(chosen) - 1 - k)
        right.step(range(28), image[row] + base, where="mid", color=LINES[0])
        right.fill_between(range(28), base, image[row] + base, step="mid", alpha=0.15, color=LINES[0])
        right.text(-1, base + 0.1, f"$x_{{{row}}}$", ha="right")
    right.set(yticks=[], xlabel="pixel in the row, from left to right", xlim=(-0.5, 27.5))
    right.spines["left"].set_visible(False)
    headline(figure, title)


def reading(images, evidence, title):
    """Digits (N, 28, 28), each beside what the network would answer after every row (N, 28, K).

    The number in a column stands where that answer, while it led, was most probable; answers that
    never passed 35 % go unnamed.
    """
    figure, axes = plt.subplots(
        1, 2 * len(images), figsize=(2.6 * len(images), 2.4), width_ratios=[1.1, 1] * len(images), sharey=True
    )
    for k, (image, p) in enumerate(zip(images, evidence)):
        left, right = axes[2 * k], axes[2 * k + 1]
        paper(left, image)
        left.set_yticks([0, 9, 18, 27])
        right.imshow(p, cmap=EVIDENCE, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        right.set_xticks(range(p.shape[1]), range(p.shape[1]), fontsize=6.5)
        right.set_xlabel("answer so far", fontsize=8)
        right.tick_params(left=False)
        for digit in np.unique(p.argmax(axis=1)):
            row = np.flatnonzero(p.argmax(axis=1) == digit)
            row = row[p[row, digit].argmax()]
            if p[row, digit] > 0.35:
                right.text(
                    digit,
                    row,
                    digit,
                    ha="center",
                    va="center",
                    fontsize=8,
                    color="white" if p[row, digit] > 0.5 else INK,
                )
    axes[0].set_ylabel("rows read")
    headline(figure, title)


def attributions(maps, title):
    """Signed attributions (N, 28, 28), one row of pictures a name: on one scale, then each on its own.

    The left half shows all maps on the scale of the first row's largest value, the right half the same
    maps, each scaled to its own. No outline of the image is drawn: what looks like it is in the map.
    """
    number = len(next(iter(maps.values())))
    largest = np.abs(next(iter(maps.values()))).max()
    figure, axes = plt.subplots(
        len(maps),
        2 * number + 1,
        figsize=(7, 1.02 * len(maps) + 0.9),
        width_ratios=[1] * number + [0.2] + [1] * number,
        squeeze=False,
    )
    for row, (name, values) in zip(axes, maps.items()):
        row[number].axis("off")
        panels = [*row[:number], *row[number + 1 :]]
        for axis, value, limit in zip(panels, [*values, *values], [largest] * number + [None] * number):
            limit = limit or np.abs(value).max()
            drawn = axis.imshow(value / limit, cmap=SIGNED, vmin=-1, vmax=1, interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(True)
            axis.spines[:].set_linewidth(0.5)
        row[0].set_ylabel(name)
    for axis, caption in ((axes[0, 0], "one scale for all"), (axes[0, number + 1], "each on its own scale")):
        axis.set_title(caption, fontsize=9, fontweight="normal")
    bar = figure.colorbar(drawn, ax=axes, location="bottom", shrink=0.4, aspect=25, pad=0.02, ticks=[-1, 0, 1])
    bar.ax.set_xticklabels(["lowered", "0", "raised"])
    bar.outline.set_visible(False)
    headline(figure, title)


def beside_rows(images, profiles, title):
    """Images (N, 28, 28), each beside lines along its rows: `profiles` maps a name to values (N, bands)."""
    figure, axes = plt.subplots(
        1, 2 * len(images), figsize=(2.4 * len(images), 2.8), width_ratios=[1.1, 1] * len(images), sharey=True
    )
    for k, image in enumerate(images):
        left, right = axes[2 * k], axes[2 * k + 1]
        paper(left, image)
        left.set_yticks([0, 9, 18, 27])
        right.axvline(0, color=FAINT, linewidth=0.8)
        for (name, values), colour, mark in zip(profiles.items(), LINES, MARKS, strict=False):
            middle = np.arange(values.shape[1]) + (len(image) - values.shape[1]) / 2
            right.plot(values[k], middle, color=colour, marker=mark, markersize=3, linewidth=1.2, label=name)
        right.tick_params(left=False)
        right.set_xlabel("fall of the logit", fontsize=8)
    axes[0].set_ylabel("row")
    figure.legend(*axes[-1].get_legend_handles_labels(), loc="outside lower right", ncols=len(profiles), frameon=False)
    headline(figure, title)


def along_rows(image, values, ink, xlabel, title):
    """An image (28, 28) beside a share for each row, over the share of images with ink in that row, both (28,)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.9), width_ratios=(1, 1.9), sharey=True)
    paper(left, image)
    left.set(ylabel="time step = row", yticks=[0, 9, 18, 27])
    right.fill_betweenx(np.arange(len(ink)), ink, step="mid", color=FAINT, alpha=0.25, linewidth=0)
    right.text(
        0.96, np.flatnonzero(ink > 0.9).mean(), "share of digits\nwith ink", ha="right", va="center", color="#555555"
    )
    right.plot(values, np.arange(len(values)), color=LINES[0], marker=MARKS[0], markersize=4, linewidth=1.6)
    right.tick_params(left=False)
    right.set(xlabel=xlabel, xlim=(0, 1.03))
    headline(figure, title)
