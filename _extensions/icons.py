"""The theme's icons without its script of 540 kB: drawn into the pages, and a font of the few that styles ask for."""

import re
from functools import cache
from pathlib import Path

import pydata_sphinx_theme
from fontTools import subset
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

FONT = "fa-solid-900.ttf"
ASKED = re.compile(r'(?:--pst-icon-[\w-]+|content): ?"\\?(?:(f[0-9a-f]{3})|([\ue000-\uf8ff]))"')
OWN = re.compile(r'(?:\.fa-[\w-]+:before,?)+\{content:"[^"]*"\}')  # one rule for each of the two thousand icons
FACE = re.compile(r"@font-face\{[^}]*/fontawesome/[^}]*\}")
PACKED = re.compile(r'url\([^)]*\.woff2\) format\("woff2"\),(?=url\([^)]*fa-solid)')


def drawn(page):
    """Each icon becomes a drawing in the page itself: it waits for nothing, and nobody reads it out."""
    for script in page.select("script[src*=fontawesome]"):
        script.decompose()
    for icon in page.select("i[class*=fa-], span[class*=fa-]"):
        name = next(name for name in icon["class"] if name.startswith("fa-") and name not in ("fa-solid", "fa-lg"))
        width, outline = shape(name.removeprefix("fa-"))
        kept = [name for name in icon["class"] if name in ("theme-switch", "fa-lg")]
        icon.name, icon.attrs = "svg", {key: value for key, value in icon.attrs.items() if key.startswith("data-")}
        icon.attrs |= {
            "class": ["svg-inline--fa", name, *kept],
            "aria-hidden": "true",
            "viewBox": f"0 0 {width} 512",
            "fill": "currentColor",
        }
        icon.append(page.new_tag("path", d=outline))


@cache
def shape(name):
    """The width of an icon and its outline, from the font that comes with the theme."""
    font = theme_font()
    pen = SVGPathPen(font.getGlyphSet(), ntos=lambda number: f"{number:.0f}")
    font.getGlyphSet()[name].draw(TransformPen(pen, (1, 0, 0, -1, 0, 448)))
    return font["hmtx"][name][0], pen.getCommands()


@cache
def theme_font():
    return TTFont(next(Path(pydata_sphinx_theme.__file__).parent.rglob(FONT)))


def shrink(site):
    """Of the theme's fonts stay the icons that a style puts before or after words; its script goes."""
    static = site / "_static"
    asked = {
        int(code, 16) if code else ord(sign)
        for style in static.rglob("*.css")
        for code, sign in ASKED.findall(OWN.sub("", style.read_text()))
    }
    for file in [*static.rglob("fontawesome*"), *static.rglob("fa-*-?00.*")]:
        if file.is_file() and file.name != FONT:
            file.unlink()
    font = next(static.rglob(FONT))
    smaller = TTFont(font)
    subsetter = subset.Subsetter(subset.Options(layout_features=[], hinting=False))
    subsetter.populate(unicodes=asked)
    subsetter.subset(smaller)
    smaller.save(font)
    style = static / "styles" / "pydata-sphinx-theme.css"
    faces = FACE.sub(lambda face: face[0] if FONT in face[0] else "", OWN.sub("", style.read_text()))
    style.write_text(PACKED.sub("", faces))
