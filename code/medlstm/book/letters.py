"""How large are the letters of a stored drawing, and how do they reach the last row of a room, or a reader of paper?

Matplotlib stores letters as shapes: a text is a group, drawn at its size in points. Where a drawing is shown on a
slide or a page and its letters would be too small, each text grows about its own place: the label of a tick and a
name at the right of a plot away from it, any other about its middle. Nothing else in the drawing moves.
"""

import math
import re
from typing import NamedTuple
from xml.etree import ElementTree

SVG, LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
PLACED = re.compile(r"translate\(([-\d.]+) ([-\d.]+)\)(?: rotate\(([-\d.]+)\))? scale\(([\d.]+) -[\d.]+\)")
GROWN = re.compile(r"translate\(.*?\) scale\(([\d.]+)\)")
GLYPH = (0.62, 0.73)  # the room of a letter in DejaVu Sans, across and upwards, for a size of 1


class Text(NamedTuple):
    """A text of a drawing: its group, its size and place, and what it is.

    ``kind`` is ``xtick`` or ``ytick`` for the label of a tick, ``x`` or ``y`` for the name of an axis, ``right`` for
    what stands at the right of a plot.
    """

    group: ElementTree.Element
    size: float
    box: tuple
    kind: str


def size(svg):
    """Width and height of a drawing in points."""
    return tuple(map(float, re.search(r'viewBox="\S+ \S+ ([\d.]+) ([\d.]+)"', svg).groups()))


def letters(svg):
    """The sizes of all texts of a drawing, in its own points; an index or a power is smaller than its text."""
    for text in _texts(ElementTree.fromstring(svg)):
        grown = GROWN.fullmatch(text.group.get("transform", ""))
        yield text.size * (float(grown[1]) if grown else 1)


def fitted(svg, wide, high, smallest, most=math.inf):
    """A drawing whose letters can be read once it fills a space.

    Parameters
    ----------
    svg : str
        As Matplotlib writes it.
    wide, high : float
        The space, in units of its own.
    smallest : float
        Of the letters, in these units.
    most : float
        How many times as large the drawing may become.

    Returns
    -------
    str
        The same text where the letters are large enough.
    """
    drawn = svg
    for _ in range(4):  # edges that grow make the whole a little smaller
        width, height = size(drawn)
        scale = min(wide / width, high / height, most)
        if min(letters(drawn), default=math.inf) * scale >= 0.995 * smallest:
            break
        drawn = enlarged(svg, smallest / scale)
    return drawn


def enlarged(svg, smallest):
    """A drawing in which no text is smaller than so many of its points; where one has grown, its edges have, too.

    Parameters
    ----------
    svg : str
        As Matplotlib writes it.
    smallest : float

    Returns
    -------
    str
    """
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", LINK)
    root = ElementTree.fromstring(svg)
    boxes, ticks = [(0, 0, *size(svg))], {"x": 0, "y": 0}
    for text in _texts(root):
        factor = max(1.0, smallest / text.size)
        left, top, right, bottom = text.box
        x = {"ytick": right, "right": left}.get(text.kind, (left + right) / 2)
        y = top if text.kind == "xtick" else (top + bottom) / 2
        move = [x - factor * x, y - factor * y]
        if text.kind in ("xtick", "ytick"):
            across = bottom - top if text.kind == "xtick" else right - left
            ticks[text.kind[0]] = max(ticks[text.kind[0]], across * (factor - 1))
        elif text.kind == "x":  # the name of an axis makes room for the labels of its ticks
            move[1] += ticks["x"]
        elif text.kind == "y":
            move[0] -= ticks["y"]
        if factor > 1:
            text.group.set("transform", f"translate({move[0]:.3f} {move[1]:.3f}) scale({factor:.4f})")
        boxes.append([factor * side + shift for side, shift in zip(text.box, move * 2)])
    return _within(root, boxes)


def _within(root, boxes):
    """A drawing as text, with edges that hold all boxes."""
    left, top = (min(box[k] for box in boxes) for k in (0, 1))
    right, bottom = (max(box[k] for box in boxes) for k in (2, 3))
    root.set("viewBox", f"{left:.3f} {top:.3f} {right - left:.3f} {bottom - top:.3f}")
    root.set("width", f"{right - left:.3f}pt")
    root.set("height", f"{bottom - top:.3f}pt")
    return ElementTree.tostring(root, encoding="unicode")


def _texts(node, kind="", edge=float("inf")):
    """Every `Text` below a node, in its order: the labels of ticks come before the name of their axis."""
    name = node.get("id", "")
    if name.startswith("text_"):
        yield from _text(node, kind, edge)
        return
    if name.startswith("axes_"):
        outline = next((path.get("d") for path in node.iter(f"{{{SVG}}}path")), "")
        edge = max(map(float, re.findall(r"[ML] ([-\d.]+)", outline)), default=edge)
    elif name.startswith("matplotlib.axis_"):
        ticks = [child.get("id", "")[:1] for child in node if "tick" in child.get("id", "")]
        kind = ticks[0] if ticks else ""
    elif name.startswith(("xtick_", "ytick_")):
        kind = name[:5]
    for child in node:
        yield from _texts(child, kind, edge)


def _text(group, kind, edge):
    """The `Text` of a group, unless it is empty; what begins beyond the edge of its plot stands at the right."""
    lines = [(line, PLACED.fullmatch(line.get("transform", ""))) for line in group.iter()]
    lines = [(line, placed) for line, placed in lines if placed]
    if lines:
        boxes = [_box(line, placed) for line, placed in lines]
        box = (*(min(b[k] for b in boxes) for k in (0, 1)), *(max(b[k] for b in boxes) for k in (2, 3)))
        size = min(100 * float(placed[4]) for _, placed in lines)
        yield Text(group, size, box, kind or ("right" if box[0] >= edge - 1 else ""))


def _box(line, placed):
    """Left, top, right and bottom of a line of text."""
    x, y, turned, scale = (float(part or 0) for part in placed.groups())
    shifts = re.findall(
        r"translate\(([-\d.]+) ", " ".join(use.get("transform", "") for use in line.iter(f"{{{SVG}}}use"))
    )
    long = scale * (max(map(float, shifts), default=0) + 100 * GLYPH[0])
    tall = 100 * scale * GLYPH[1]
    if turned:  # upwards
        return x - tall, y - long, x, y
    return x, y - tall, x + long, y
