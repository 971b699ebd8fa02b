"""What the finished site should be, and the theme does not make it: each repair is one function.

They work on the written pages, so that whatever made a page, a notebook or a text, the result is the same.
"""

import json
import re
import shutil
from copy import copy
from hashlib import sha256
from pathlib import Path

import icons
from bs4 import BeautifulSoup, NavigableString
from PIL import Image

from medlstm.book.forms import pages, publish
from medlstm.book.repository import base_path

CHINESE = re.compile(r"[\u3400-\u9fff]+(?:[\u3000-\u303f\uff00-\uffef ]*[\u3400-\u9fff]+)*")
WORDS = 100  # letters and ticks in a drawing from which on it has to stay large
STYLE = re.compile(r'<link href="([^"]*_static/)([^"?]+\.css)[^>]*/>\n?')
MATHJAX = ("tex-chtml.js", "output/chtml/fonts", "input/tex/extensions", "a11y/assistive-mml.js")  # what pages load


def finish(app, error):
    """Mend every page, remove what no page loads, then link to what was made in other forms."""
    if error is None and app.builder.name == "html":
        site = Path(app.outdir)
        for path in pages(site):
            path.write_text(finished(path.read_text(), path))
        searches_lead_to_chapters(site, app.env.toc_secnumbers)
        focus_stays(site)
        remove_unused(site)
        icons.shrink(site)
        one_style(site)
        publish(site)


def finished(html, path):
    """A page with all repairs."""
    page = BeautifulSoup(colours_at_first_paint(html), "html.parser")
    for repair in (
        icons.drawn,
        solutions_in_one_fold,
        no_needless_scripts,
        names_as_seen,
        scripts_beside_notebooks,
        chinese_is_chinese,
        tables_have_heads,
        verdicts,
        described,
        images_open_large,
    ):
        repair(page)
    drawings(page, path.parent)
    images_wait(page, path.parent)
    if path.stem == "404":
        found_from_anywhere(page)
    return str(page)


def colours_at_first_paint(html):
    """Light or dark is decided before anything is drawn, not when the theme's script has arrived."""
    system = 'matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"'
    return html.replace('localStorage.getItem("theme") || "auto"', f'localStorage.getItem("theme") || ({system})')


def solutions_in_one_fold(page):
    """The code of a solution, its check and what that says move into the fold that holds its text."""
    for solution in page.select("div.solution.dropdown"):
        inside = solution.find("section") or solution
        while (cell := solution.find_next_sibling()) is not None and {"tag_solution", "tag_check"} & set(
            cell.get("class", [])
        ):
            if details := cell.find("details"):
                details.summary.decompose()
                details.unwrap()
            inside.append(cell.extract())


def no_needless_scripts(page):
    """No script holds up the page; without a formula there is none for formulas, without a search none for searches."""
    for style in page.select("link[href*=thebe]"):
        style.decompose()
    formulas, searches = bool(page.select(".math")), bool(page.select("#search-results"))
    for script in page.head.find_all("script"):
        source = script.get("src", "")
        if "mathjax" in f"{source}{script.string or ''}".lower() and not formulas:
            script.decompose()
        elif re.search(r"searchtools|language_data|searchindex", source) and not searches:
            script.decompose()
        elif "mathjax" in source:
            del script["defer"]
            script["async"] = ""
        elif source and "documentation_options" not in source:  # which the next lines of the page ask for
            script["defer"] = ""


def images_wait(page, folder):
    """All images but the first are fetched when they are about to be seen, and their room is kept for them."""
    for place, image in enumerate(page.select("article img")):
        image["width"], image["height"] = _size(folder / image["src"])
        if place:
            image["loading"] = "lazy"


def _size(path):
    """Width and height of an image in pixels; those of a drawing in SVG are points."""
    if path.suffix != ".svg":
        return Image.open(path).size
    points = re.search(r'viewBox="\S+ \S+ ([\d.]+) ([\d.]+)"', path.read_text())
    return [round(float(side) * 4 / 3) for side in points.groups()]


def names_as_seen(page):
    """A fold is called what stands on it; what has a role has the right one; ids are unique; links say what comes."""
    for summary in page.select("summary[aria-label]"):
        del summary["aria-label"]
    for summary in page.select("nav summary"):  # the arrow beside a page that has pages below it
        if not summary.get_text(strip=True):
            summary["title"] = "Pages below this one"
    for entry in page.select("[role^=doc-biblio], [role=doc-backlink], .citation-list"):
        del entry["role"]
    for sidebar in page.select("#pst-primary-sidebar"):
        sidebar.attrs |= {"role": "region", "aria-label": "The book"}
    for section in page.select("#exercise-content, #solution-content, #proof-content"):
        del section["id"]
    for link in page.select("a.btn-download-source-button"):
        link["download"] = ""


def scripts_beside_notebooks(page):
    """A chapter is also offered as plain Python, with an entry like the notebook's own."""
    for link in page.select("a.btn-download-source-button[href$='.ipynb']"):
        entry = copy(link.find_parent("li"))
        entry.a["href"] = link["href"].removesuffix("ipynb") + "py"
        entry.select_one(".btn__text-container").string = ".py"
        link.find_parent("li").insert_after(entry)


def chinese_is_chinese(page):
    """Chinese words say that they are, so that they are read out and drawn as such."""
    for text in page.find_all(string=CHINESE):
        if text.parent.name not in ("script", "style", "title", "code", "pre") and not text.parent.get("lang"):
            pieces, end = [], 0
            for found in CHINESE.finditer(text):
                word = page.new_tag("span", lang="zh-Hans")
                word.string = found.group()
                pieces += [NavigableString(text[end : found.start()]), word]
                end = found.end()
            text.replace_with(*pieces, NavigableString(text[end:]))


def tables_have_heads(page):
    """A head without a word is none: the first column of such a table says what its rows are."""
    for head in page.select("table > thead"):
        cells = head.find_all("th")
        if not any(cell.get_text(strip=True) for cell in cells):
            for row in head.find_parent("table").select("tbody > tr"):
                first = row.td
                first.name, first["scope"] = "th", "row"
            head.decompose()
        else:
            for cell in [cell for cell in cells if not cell.get_text(strip=True)]:
                cell.name = "td"


def verdicts(page):
    """Tables of claims and of errata can be laid out as cards on a phone; verdicts are coloured words."""
    for table in page.find_all("table"):
        heads = [cell.get_text(strip=True) for cell in table.select("thead th")]
        if {"verdict", "printed"} & set(heads):
            table["class"] = [*table.get("class", []), "claims"]
            for row in table.select("tbody tr"):
                for head, cell in zip(heads, row.find_all("td"), strict=True):
                    cell["data-head"] = head
                    if head == "verdict":
                        cell["class"] = [*cell.get("class", []), f"verdict-{cell.get_text().split()[0].strip(',')}"]


def images_open_large(page):
    """A figure is a link to itself: on a phone its labels are small."""
    for image in page.select("article .cell_output img, article figure img"):
        if not image.find_parent("a"):
            image.wrap(page.new_tag("a", href=image["src"], attrs={"class": "large", "title": "open large"}))


def drawings(page, folder):
    """Drawings without a photograph in them can be shown in dark mode; those with many words keep their size.

    On a narrow screen the latter lie in a box of their own that scrolls.
    """
    for image in page.select("article .cell_output img[src$=svg]"):
        drawn = (folder / image["src"]).read_text()
        if "<image" not in drawn:
            image["class"] = [*image.get("class", []), "drawing"]
        if drawn.count("<use ") > WORDS:
            number = image.find_parent("figure") and image.find_next(class_="caption-number")
            name = number.get_text(strip=True) if number else "Figure"
            box = page.new_tag("div", tabindex="0", role="group", attrs={"class": "plot", "aria-label": name})
            (image.find_parent("a") or image).wrap(box)


def described(page):
    """The first sentences of a page describe it, where links to it are shown."""
    article = page.select_one("article")
    first = article and next((p for p in article.find_all("p", recursive=True) if _is_prose(p)), None)
    if first:
        words = " ".join(first.get_text().split())
        words = words if len(words) <= 200 else words[:200].rpartition(" ")[0] + " \u2026"
        title, _, book = page.title.get_text().partition(" \u2014 ")
        page.title.string = title if title == book else page.title.get_text()
        kind = "website" if title == book else "article"
        told = {"og:title": page.title.get_text(), "og:description": words, "og:type": kind}
        page.head.append(page.new_tag("meta", attrs={"name": "description", "content": words}))
        for name, content in told.items():
            page.head.append(page.new_tag("meta", attrs={"property": name, "content": content}))


def _is_prose(paragraph):
    inside = {name for parent in paragraph.parents for name in parent.get("class", [])}
    return (
        not inside & {"admonition", "cell_output", "caption-text", "toctree-wrapper"} and len(paragraph.get_text()) > 60
    )


def found_from_anywhere(page):
    """What says that a page is missing may be shown at any depth: its addresses begin at the site's root."""
    for name in ("href", "src", "action", "data-content_root"):
        for tag in page.find_all(attrs={name: re.compile(r"^(?!\w+:|[/#])")}):
            tag[name] = f"{base_path()}/" + tag[name].removeprefix("./")


def searches_lead_to_chapters(site, numbers):
    """What a heading of a chapter names is taught there: the search lists it before the glossary."""
    file, tools = site / "searchindex.js", site / "_static" / "searchtools.js"
    index = json.loads(file.read_text().removeprefix("Search.setIndex(").removesuffix(")"))
    chapter = {page: numbers[name][""] for page, name in enumerate(index["docnames"]) if numbers.get(name)}
    titles = [(title, place) for title, places in index["alltitles"].items() for place in places if place[0] in chapter]
    for term in index["indexentries"]:
        named = re.compile(rf"\b{re.escape(term)}\b", re.IGNORECASE)
        taught = [place for title, place in titles if named.search(title) and not str(place[1]).startswith("ex-")]
        if taught:
            index["alltitles"].setdefault(term, []).append(min(taught, key=lambda place: chapter[place[0]]))
    file.write_text(f"Search.setIndex({json.dumps(index, separators=(',', ':'), ensure_ascii=False)})")
    script = tools.read_text().replace("round(Scorer.title *", "round(150 *")  # a word of the glossary counts 100
    tools.write_text(script.replace("'[role=\"main\"]'", "'article'"))  # what is shown of a page found is its text


def focus_stays(site):
    """Who copies by keyboard goes on from the same button."""
    script = site / "_static" / "copybutton.js"
    script.write_text(script.read_text().replace("    clearSelection()", "    clearSelection(); event.trigger.focus()"))


def one_style(site):
    """All styles come as one file: on a slow line each of its own costs a way there and back before the first paint."""
    folder, basic = site / "_static", "basic.css"
    names = list(dict.fromkeys(name for page in pages(site) for _, name in STYLE.findall(page.read_text())))
    style = "\n".join((folder / name).read_text() for name in names)
    style = style.replace(f'@import "../{basic}";', (folder / basic).read_text().replace("url(", "url(../"))
    (folder / "styles" / "site.css").write_text(style)
    for page in pages(site):
        html = page.read_text()
        first = STYLE.search(html)
        link = f'<link href="{first[1]}styles/site.css?v={sha256(style.encode()).hexdigest()[:8]}" rel="stylesheet"/>\n'
        page.write_text(html[: first.start()] + link + STYLE.sub("", html[first.end() :]))
    for name in [*names, basic]:
        (folder / name).unlink()


def remove_unused(site):
    """Parts of MathJax that no page loads, the theme's translations, and maps for those who debug it."""
    mathjax = site / "_static" / "mathjax"
    shutil.rmtree(site / "_static" / "locales", ignore_errors=True)
    kept = [mathjax / part for part in MATHJAX]
    for file in [path for path in site.rglob("*") if path.is_file()]:
        needless = file.is_relative_to(mathjax) and not any(file.is_relative_to(part) for part in kept)
        if needless or file.suffix == ".map":
            file.unlink()
    for folder in sorted((path for path in mathjax.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def setup(app):
    app.connect("build-finished", finish, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
