"""The built site: whole, and asking nothing of another host."""

import re

import pytest
import yaml
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont

from medlstm.book.chapters import chapters
from medlstm.book.forms import FORMS, pages
from medlstm.files import ROOT

SITE = ROOT / "_build" / "html"
PAGES = [page for page in pages(SITE) if page.stem != "404"]

pytestmark = pytest.mark.skipif(not PAGES, reason="the site is not built: make book")
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(SITE)))


@every_page
def test_nothing_is_loaded_from_another_host(page):
    html = page.read_text()
    loaded = re.findall(r'<(?:script|img|iframe|source|video|audio)[^>]*?\ssrc="([^"]+)"', html)
    loaded += [
        m
        for tag in re.findall(r"<link[^>]+>", html)
        if "canonical" not in tag
        for m in re.findall(r'href="([^"]+)"', tag)
    ]
    assert not [address for address in loaded if re.match(r"(?:https?:)?//", address)]


@every_page
def test_every_image_has_a_text_alternative(page):
    images = re.findall(r"<img[^>]*>", page.read_text())
    for image in [image for image in images if "logo__image" not in image]:  # its name stands beside it
        alternative = re.search(r'\salt="([^"]+)"', image)
        assert alternative and not re.search(r"\.(png|svg|jpe?g)$|^_images", alternative[1]), image


@every_page
def test_every_link_within_the_site_leads_somewhere(page):
    for address in re.findall(r'<a[^>]*?\shref="([^"?]+)"', page.read_text()):
        if not re.match(r"\w+:|//|#explorer:", address):  # the last sets the explorer up
            file, _, place = address.partition("#")
            target = page.parent / file if file else page
            assert target.exists(), address
            assert not place or place.startswith("explorer:") or f'id="{place}"' in target.read_text(), address


@pytest.mark.parametrize("name", [path.stem for path in chapters()])
def test_a_chapter_is_offered_as_a_notebook_as_plain_python_and_in_every_form_that_is_built(name):
    page = BeautifulSoup((SITE / "chapters" / f"{name}.html").read_text(), "html.parser")
    offered = [link["href"] for link in page.select("a.btn-download-source-button")]
    assert offered == [f"../_sources/chapters/{name}.{kind}" for kind in ("ipynb", "py")]
    compile((SITE / "chapters" / offered[1]).read_text(), offered[1], "exec")
    linked = [link["href"] for link in page.select('.dropdown-download-buttons a[href^="../forms/"]')]
    forms = [f"slides/{name}.html", "book.pdf", "book.epub"]
    assert linked == [f"../forms/{form}" for form in forms if (FORMS / form).is_file()]


def test_every_page_of_the_contents_is_built():
    contents = re.findall(r"(?:root|file): (\S+)", (ROOT / "_toc.yml").read_text())
    assert [name for name in contents if not (SITE / f"{name}.html").is_file()] == []


def test_mathematics_is_typeset_by_the_site_itself():
    page = (SITE / "chapters" / "numpy-lstm.html").read_text()
    assert re.search(r'src="[^"]*_static/mathjax/tex-[^"]+\.js', page)
    assert (SITE / "_static" / "mathjax").is_dir()
    assert 'class="eqno"' in page


@every_page
def test_light_or_dark_is_decided_before_the_first_paint(page):
    html = page.read_text()
    assert (
        "matchMedia" in html.partition("</head>")[0]
        and '|| "auto";\n    document.documentElement.dataset.theme' in html
    )
    assert 'getItem("theme") || "auto"' not in html


@every_page
def test_mathematics_is_loaded_where_there_is_some(page):
    html = page.read_text()
    assert ("mathjax/tex-" in html) == bool(re.search(r'class="[^"]*\bmath\b', html))


@every_page
def test_names_and_languages(page):
    html = page.read_text()
    assert '<meta content="' in html.partition("</head>")[0] or page.stem in ("genindex", "search")
    assert not re.search(r'<summary[^>]*aria-label|id="(?:exercise|solution)-content"|role="doc-biblioentry"', html)
    words = re.sub(r"<(script|style|title|code|pre)\b.*?</\1>|<[^>]*>", "", html, flags=re.S)
    assert len(re.findall("[\u3400-\u9fff]", words)) == sum(
        len(re.findall("[\u3400-\u9fff]", text)) for text in re.findall(r'<span lang="zh-Hans">([^<]*)', html)
    )


def test_a_solution_its_check_and_what_that_says_are_one_fold():
    folds = 0
    for page in PAGES:
        html = page.read_text()
        soup = BeautifulSoup(html, "html.parser")
        for solution in soup.select("div.solution.dropdown"):
            folds += bool(solution.select(".tag_check")) and bool(solution.select(".tag_solution"))
            assert not solution.select("details")
        assert not [
            cell for cell in soup.select(".tag_check, .tag_solution") if not cell.find_parent(class_="solution")
        ]
    assert folds >= 40


def test_the_site_is_light_and_carries_no_maps():
    forms = SITE / "forms"  # which nobody loads who reads the site
    files = [path for path in SITE.rglob("*") if path.is_file() and not path.is_relative_to(forms)]
    assert sum(path.stat().st_size for path in files) < 20e6
    assert not [path for path in files if path.suffix == ".map"]


@every_page
def test_icons_are_drawn_in_the_page(page):
    soup = BeautifulSoup(page.read_text(), "html.parser")
    assert not soup.select("i[class*=fa-], span[class*=fa-], script[src*=fontawesome]")
    for icon in soup.select("svg.svg-inline--fa"):
        assert icon["aria-hidden"] == "true" and icon.path["d"]
    buttons = soup.select(".bd-header-article button, .search-button-field, .bd-header-article a.btn")
    assert len(buttons) >= 4 and all(button.select("svg path, img[alt$=logo]") for button in buttons)


def test_styles_find_their_icons_in_a_small_font():
    font = SITE / "_static" / "vendor" / "fontawesome" / "webfonts" / "fa-solid-900.ttf"
    assert font.stat().st_size < 8000 and list(font.parent.iterdir()) == [font]
    icons = set(TTFont(font).getBestCmap())
    assert {0xF0EB, 0xF071, 0xF107, 0xF303} <= icons  # tip, warning, unfold, exercise
    style = (SITE / "_static" / "styles" / "site.css").read_text()
    assert style.count("@font-face{") == 1 and font.name in style


@every_page
def test_no_script_holds_up_the_page_and_no_image_moves_it(page):
    soup = BeautifulSoup(page.read_text(), "html.parser")
    assert len(soup.select('link[rel=stylesheet][href*="_static/"]')) == 1
    holding = [script["src"] for script in soup.head.select("script[src]:not([defer], [async])")]
    assert all("documentation_options" in source for source in holding)
    assert bool(soup.select("script[src*=searchindex]")) == (page.stem == "search")
    images = soup.select("article img")
    assert all(image["width"] and image["height"] for image in images)
    assert all(image.get("loading") == "lazy" for image in images[1:])


def test_chapters_are_numbered_and_so_is_what_they_hold():
    parts = yaml.safe_load((ROOT / "_toc.yml").read_text())["parts"]
    chapters = [chapter["file"] for part in parts if "numbered" in part for chapter in part["chapters"]]
    for number, chapter in enumerate(chapters, 1):
        soup = BeautifulSoup((SITE / f"{chapter}.html").read_text(), "html.parser")
        assert soup.select_one("article h1 .section-number").get_text() == f"{number}. "
        for numbered in soup.select("article .caption-number, article .eqno"):
            assert re.match(rf"(\w+\.? |\(){number}\.\d+", numbered.get_text()), numbered
    for page in ("index", "chapters/faq", "chapters/glossary", "chapters/bibliography"):
        assert (
            "section-number" not in (SITE / f"{page}.html").read_text().partition("<article")[2].partition("</h1>")[0]
        )


@every_page
def test_a_link_to_a_page_can_show_what_it_is(page):
    soup = BeautifulSoup(page.read_text(), "html.parser")
    told = {tag["property"]: tag["content"] for tag in soup.select("meta[property]")}
    if page.stem not in ("genindex", "search"):
        assert told["og:title"] == soup.title.get_text() and 20 < len(told["og:description"]) <= 202
        assert told["og:type"] == ("website" if page.stem == "index" else "article")


@every_page
def test_the_footer_says_whose_the_page_is_and_links_to_nothing_unknown(page):
    footer = BeautifulSoup(page.read_text(), "html.parser").select_one(".bd-footer-content")
    links = yaml.safe_load((ROOT / "_config.yml").read_text())["sphinx"]["config"]["book_links"]
    known = {name: url for name, url in links.items() if url}
    assert {link.get_text(): link["href"] for link in footer.select("a")} == known
    assert "By the authors of this book" in footer.get_text() and "CC BY 4.0" in footer.get_text()


def test_a_missing_page_has_addresses_from_the_root():
    soup = BeautifulSoup((SITE / "404.html").read_text(), "html.parser")
    addresses = [tag.get("href") or tag.get("src") for tag in soup.select("[href], [src]")]
    inside = [address for address in addresses if not address.startswith(("https:", "#"))]
    assert inside and all(address.startswith("/") for address in inside)
    assert [address for address in inside if not (SITE / address[1:].partition("?")[0]).exists()] == []
