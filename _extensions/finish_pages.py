"""What the finished site should be, and the theme does not make it: each repair is one function.

They work on the written pages, so that whatever made a page, a notebook or a text, the result is the same.
"""

import re
from pathlib import Path

import icons
from bs4 import BeautifulSoup, NavigableString
from PIL import Image

CHINESE = re.compile(r"[\u3400-\u9fff]+(?:[\u3000-\u303f\uff00-\uffef ]*[\u3400-\u9fff]+)*")
MATHJAX = ("tex-chtml.js", "output/chtml/fonts", "input/tex/extensions", "a11y/assistive-mml.js")  # what pages load


def finish(app, error):
    """Mend every page, then remove what no page loads."""
    if error is None and app.builder.name == "html":
        site = Path(app.outdir)
        for path in site.rglob("*.html"):
            if "_static" not in path.parts:
                path.write_text(finished(path.read_text(), path.parent))
        remove_unused(site)
        icons.shrink(site)


def finished(html, folder):
    """A page with all repairs, as it will lie in a folder."""
    page = BeautifulSoup(colours_at_first_paint(html), "html.parser")
    for repair in (
        icons.drawn,
        solutions_in_one_fold,
        no_needless_scripts,
        names_as_seen,
        chinese_is_chinese,
        verdicts,
        described,
    ):
        repair(page)
    images_wait(page, folder)
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
    formulas, searches = bool(page.select(".math")), bool(page.select("#search-results"))
    for script in page.find_all("script"):
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
    for place, image in enumerate(page.select("article img[src$=png]")):
        image["width"], image["height"] = Image.open(folder / image["src"]).size
        if place:
            image["loading"] = "lazy"


def names_as_seen(page):
    """A fold is called what stands on it; entries of the bibliography have no roles of yesterday; ids are unique."""
    for summary in page.select("summary[aria-label]"):
        del summary["aria-label"]
    for entry in page.select("[role^=doc-biblio], [role=doc-backlink]"):
        del entry["role"]
    for section in page.select("#exercise-content, #solution-content, #proof-content"):
        del section["id"]
    for link in page.select("a.btn-download-source-button"):
        link["download"] = ""


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


def verdicts(page):
    """A table of claims can be laid out as cards on a phone, and shows its verdicts as coloured words."""
    for table in page.find_all("table"):
        heads = [cell.get_text(strip=True) for cell in table.select("thead th")]
        if "verdict" in heads:
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


def described(page):
    """The first sentences of a page describe it, where links to it are shown."""
    article = page.select_one("article")
    first = article and next((p for p in article.find_all("p", recursive=True) if _is_prose(p)), None)
    if first and page.head and not page.head.find("meta", attrs={"name": "description"}):
        words = " ".join(first.get_text().split())
        page.head.append(page.new_tag("meta", attrs={"name": "description", "content": words[:200]}))


def _is_prose(paragraph):
    inside = {name for parent in paragraph.parents for name in parent.get("class", [])}
    return (
        not inside & {"admonition", "cell_output", "caption-text", "toctree-wrapper"} and len(paragraph.get_text()) > 60
    )


def remove_unused(site):
    """Parts of MathJax that no page loads, and maps for those who debug the theme."""
    mathjax = site / "_static" / "mathjax"
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
