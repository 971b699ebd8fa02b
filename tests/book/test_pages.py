"""Every page in a real browser, cut off from the network: over HTTP, and opened as a file."""

import gzip
import re
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from browser import chromium, needs_browser

from medlstm.book.forms import pages
from medlstm.files import ROOT

SITE = ROOT / "_build" / "html"
PAGES = [page.relative_to(SITE).as_posix() for page in pages(SITE) if page.stem not in ("genindex", "404")]

OWN = re.compile(r"data:|blob:|file:|http://127\.0\.0\.1:")
# Fetches the images that wait until they are seen; says which cannot be drawn.
BROKEN = """images => Promise.all(images.map(image => {
    image.loading = "eager";
    return image.decode().then(() => [], () => [image.src]);
})).then(lists => lists.flat())"""
STRETCHED = """images => images.filter(({width, height, naturalWidth, naturalHeight}) =>
    width && Math.abs(height / width - naturalHeight / naturalWidth) > 0.02).map(image => image.src)"""
pytestmark = [
    pytest.mark.browser,
    needs_browser,
    pytest.mark.skipif(not PAGES, reason="the site is not built: make book"),
]


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def address(loopback):
    class Quiet(SimpleHTTPRequestHandler):
        error_message_format = (SITE / "404.html").read_text().replace("%", "%%")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=SITE)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def visited(browser, url, **settings):
    """A page, and what went wrong on it."""
    page, faults = browser.new_context(**settings).new_page(), []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: None if OWN.match(request.url) else faults.append(f"elsewhere: {request.url}"))
    page.on("requestfailed", lambda request: faults.append(f"failed: {request.url}"))
    page.on("response", lambda answer: faults.append(f"{answer.status}: {answer.url}") if answer.status > 399 else None)
    page.goto(url)
    page.evaluate("async () => window.MathJax?.startup && await MathJax.startup.promise")
    return page, faults


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("way", ["served", "file"])
def test_a_page_is_whole_without_a_network(way, name, browser, address):
    url = f"{address}/{name}" if way == "served" else (SITE / name).as_uri()
    page, faults = visited(browser, url)
    formulas = page.locator(".math").count()
    assert page.locator("mjx-container").count() >= formulas and page.locator("mjx-merror").count() == 0
    assert page.locator("img").evaluate_all(BROKEN) == []
    assert page.locator("article img").evaluate_all(STRETCHED) == []
    assert faults == []
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_first_paint_is_in_the_reader_s_colours(scheme, browser, address):
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.route("**/*.js*", lambda route: route.abort())  # no script of the theme ever arrives
    page.goto(f"{address}/chapters/gate-equations.html")
    red, _, _ = re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert (int(red) < 60) == (scheme == "dark")
    context.close()


def test_a_fold_opens_on_the_solution_its_code_and_its_check(browser, address):
    page, _ = visited(browser, f"{address}/chapters/same-network-twice.html")
    solution = page.locator("div.solution").first
    assert not solution.locator(".tag_check").is_visible()
    solution.locator(".toggle-button").click()
    assert solution.locator(".tag_solution pre").first.is_visible()
    assert "Right." in solution.locator(".tag_check .output").first.inner_text()
    page.context.close()


@pytest.mark.parametrize("width", [390, 640], ids=["phone", "desktop enlarged twice"])
@pytest.mark.parametrize("name", ["index.html", "chapters/gate-equations.html", "chapters/claims.html"])
def test_a_narrow_window_shows_a_page_without_scrolling_sideways(name, width, browser, address):
    page, _ = visited(browser, f"{address}/{name}", viewport={"width": width, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


def test_on_a_phone_plots_keep_their_size_and_photographs_fit(browser, address):
    page, _ = visited(browser, f"{address}/chapters/medical-images.html", viewport={"width": 390, "height": 844})
    page.locator("details").evaluate_all("folds => folds.forEach(fold => fold.open = true)")
    boxes, images = page.locator(".plot"), page.locator("article .cell_output img")
    assert 0 < boxes.count() < images.count()
    for box in boxes.all():
        assert box.get_attribute("aria-label").startswith("Fig. 1.")
        assert box.locator("img").bounding_box()["width"] >= 620 and box.bounding_box()["width"] <= 390
        box.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("document.activeElement.scrollLeft > 0")
    for image in page.locator("article .cell_output img:not(.plot *)").all():
        assert image.bounding_box()["width"] <= 390
    page.context.close()


def test_a_keyboard_shows_where_it_is_and_copies_without_losing_its_place(browser, address):
    page, _ = visited(browser, f"{address}/chapters/gate-equations.html")
    seen = {}
    for _ in range(80):
        page.keyboard.press("Tab")
        name, ring = page.evaluate(
            """() => {
                const here = document.activeElement, ring = getComputedStyle(here);
                return [here.ariaLabel || here.title || here.textContent, [ring.outlineStyle, ring.outlineWidth]];
            }"""
        )
        seen[name] = ring
        if "copybtn" in (page.evaluate("document.activeElement.className") or ""):
            break
    assert seen["Toggle primary sidebar"] == seen["Download this page"] == ["solid", "3px"]
    page.keyboard.press("Enter")
    page.wait_for_selector(".copybtn.success")
    assert "copybtn" in page.evaluate("document.activeElement.className")
    page.context.close()


def test_a_print_is_black_on_white_and_shows_every_solution(browser, address):
    page, _ = visited(browser, f"{address}/chapters/same-network-twice.html", color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    for solution in page.locator("div.solution").all():
        pieces = solution.locator("p, pre").all()
        assert len(pieces) > 2 and all(piece.is_visible() for piece in pieces)
        assert solution.evaluate("box => box.scrollHeight <= box.clientHeight + 1")
    for selector in ("article p", "article pre span.n", ".tag_solution pre", "h1", "article a", ".admonition-title"):
        style = "node => { const style = getComputedStyle(node); return [style.color, style.backgroundColor] }"
        text, ground = page.locator(selector).first.evaluate(style)
        assert (text, ground) == ("rgb(0, 0, 0)", "rgba(0, 0, 0, 0)")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.context.close()


@pytest.mark.parametrize("words", ["forget gate", "cell state"])
def test_a_search_leads_to_the_section_that_teaches_it(words, browser, address):
    page, faults = visited(browser, f"{address}/search.html?q={words}")
    page.wait_for_selector("#search-results li a")
    assert "gate-equations.html#" in page.locator("#search-results li a").first.evaluate("link => link.href")
    page.wait_for_selector("#search-results li p.context")
    found = page.locator("#search-results").inner_text()
    assert "On this page" not in found and ".ipynb" not in found
    assert faults == []
    page.context.close()


def test_a_missing_page_leads_back_from_any_depth(browser, address):
    page, faults = visited(browser, f"{address}/chapters/deeper/nowhere.html", color_scheme="dark")
    assert [fault for fault in faults if not fault.startswith(("404", "Failed to load resource"))] == []
    assert page.locator("article h1").inner_text().startswith("There is no such page")
    page.get_by_role("link", name="The first page").click()
    assert page.url == f"{address}/index.html"
    page.context.close()


@pytest.mark.parametrize(("name", "most"), [("index.html", 250), ("chapters/gate-equations.html", 650)])
def test_a_page_arrives_soon_on_a_slow_line(name, most, browser, address):
    """At 180 kB a second a chapter of 650 kB takes 3.5 seconds, and as many for the ways there and back."""
    page, files = browser.new_page(), set()
    page.on("request", lambda request: files.add(request.url.partition("?")[0].removeprefix(f"{address}/")))
    page.goto(f"{address}/{name}")
    assert sum(len(gzip.compress((SITE / file).read_bytes())) for file in files) < most * 1000, sorted(files)
    page.close()
