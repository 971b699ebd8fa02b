"""How large are the letters of a stored drawing, and how do they reach the last row of a room?

Matplotlib stores letters as shapes: a text is a group, drawn at its size in points. Where a drawing is shown on a
slide and its letters would be too small, each text grows about its own place: the label of a tick away from its axis,
any other about its middle. Nothing else in the drawing moves.
"""

import re
from typing import NamedTuple
from xml.etree import ElementTree

SVG, LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
PLACED = re.compile(r"translate\(([-\d.]+) ([-\d.]+)\)(?: rotate\(([-\d.]+)\))? scale\(([\d.]+) -[\d.]+\)")
GROWN = re.compile(r"translate\(.*?\) scale\(([\d.]+)\)")
GLYPH = (0.62, 0.73)  # the room of a letter in DejaVu Sans, across and upwards, for a size of 1


class Text(NamedTuple):
    """A text of a drawing: its group, the axis that it labels with or without a tick, and where it stands."""

    group: ElementTree.Element
    axis: str
    tick: bool
    size: float
    box: tuple


def size(svg):
    """Width and height of a drawing in points."""
    return tuple(map(float, re.search(r'viewBox="\S+ \S+ ([\d.]+) ([\d.]+)"', svg).groups()))


def letters(svg):
    """The sizes of all texts of a drawing, in its own points; an index or a power is smaller than its text."""
    for text in _texts(ElementTree.fromstring(svg)):
        grown = GROWN.fullmatch(text.group.get("transform", ""))
        yield text.size * (float(grown[1]) if grown else 1)


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
    boxes, ticks = [(0, 0, *size(svg))], {}
    for text in _texts(root):
        factor = max(1.0, smallest / text.size)
        left, top, right, bottom = text.box
        upright = text.axis == "y"
        x = right if text.tick and upright else (left + right) / 2
        y = top if text.tick and not upright else (top + bottom) / 2
        moved = [x - factor * x, y - factor * y]
        if text.axis and text.tick:
            across = right - left if upright else bottom - top
            ticks[text.axis] = max(ticks.get(text.axis, 0), across * (factor - 1))
        elif text.axis:  # the name of an axis makes room for the labels of its ticks
            moved[not upright] += -ticks.get("y", 0) if upright else ticks.get("x", 0)
        if factor > 1:
            text.group.set("transform", f"translate({moved[0]:.3f} {moved[1]:.3f}) scale({factor:.4f})")
        boxes.append([factor * side + move for side, move in zip(text.box, moved * 2)])
    return _within(root, boxes)


def _within(root, boxes):
    """A drawing as text, with edges that hold all boxes."""
    left, top = (min(box[k] for box in boxes) for k in (0, 1))
    right, bottom = (max(box[k] for box in boxes) for k in (2, 3))
    root.set("viewBox", f"{left:.3f} {top:.3f} {right - left:.3f} {bottom - top:.3f}")
    root.set("width", f"{right - left:.3f}pt")
    root.set("height", f"{bottom - top:.3f}pt")
    return ElementTree.tostring(root, encoding="unicode")


def _texts(node, axis="", tick=False):
    """Every `Text` below a node, in its order: the labels of ticks come before the name of their axis."""
    name = node.get("id", "")
    axis = {"matplotlib.axis_": "x"}.get(name[:-1], axis)
    if name.startswith("axes_"):
        axis = ""
    for kind in ("xtick", "ytick"):
        if name.startswith(kind):
            axis, tick = kind[0], True
    if name.startswith("text_"):
        yield from _text(node, axis, tick)
        return
    if name.startswith("matplotlib.axis_"):
        kinds = [child.get("id", "")[:1] for child in node]
        axis = next((kind for kind in kinds if kind in ("x", "y")), "x" if int(name.rpartition("_")[2]) % 2 else "y")
    for child in node:
        yield from _texts(child, axis, tick)


def _text(group, axis, tick):
    """The `Text` of a group, unless it is empty."""
    lines = [(line, PLACED.fullmatch(line.get("transform", ""))) for line in group.iter() if line is not group]
    lines = [(line, placed) for line, placed in lines if placed]
    if lines:
        boxes = [_box(line, placed) for line, placed in lines]
        box = (*(min(b[k] for b in boxes) for k in (0, 1)), *(max(b[k] for b in boxes) for k in (2, 3)))
        yield Text(group, axis, tick, min(100 * float(placed[4]) for _, placed in lines), box)


def _box(line, placed):
    """Left, top, right and bottom of a line of text."""
    x, y, turned, scale = (float(part or 0) for part in placed.groups())
    shifts = re.findall(r"translate\(([-\d.]+) ", " ".join(use.get("transform", "") for use in line.iter(f"{{{SVG}}}use")))
    long = scale * (max(map(float, shifts), default=0) + 100 * GLYPH[0])
    tall = 100 * scale * GLYPH[1]
    if turned:  # upwards
        return x - tall, y - long, x, y
    return x, y - tall, x + long, y
