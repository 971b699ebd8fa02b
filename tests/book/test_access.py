"""No page shuts anyone out: axe looks at each in light and dark, on a desktop and on a phone."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from browser import chromium, needs_browser

from medlstm.book.forms import pages
from medlstm.files import ROOT

SITE = ROOT / "_build" / "html"
PAGES = [page for page in pages(SITE) if page.stem != "404"]

# What axe may find, as (rule, end of the part of the page), and why.
LISTED = [
    ("scrollable-region-focusable", "mjx-container")  # MathJax: browsers focus a box that scrolls, axe asks for more
]

# Of many formulas, and of many code tokens of one kind, one is looked at: the others have its colours and its shape.
ONE_OF_EACH = """() => {
    const seen = new Set();
    for (const part of document.querySelectorAll(".highlight span, mjx-container")) {
        const formula = part.matches("mjx-container"), kind = formula ? "formula" : part.className;
        if (!seen.has(kind)) seen.add(kind);
        else if (formula) part.remove();
        else part.replaceWith(...part.childNodes);
    }
}"""

# What breaks a rule, and what axe leaves undecided; of the latter, colours are measured here against the ground below.
FAULTS = """async rules => {
    const luminance = colour => colour.map(part => part / 255)
        .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
    const numbers = text => text.match(/[\\d.]+/g).map(Number);
    const ground = node => {
        for (; node; node = node.parentElement) {
            const [r, g, b, opaque = 1] = numbers(getComputedStyle(node).backgroundColor);
            if (opaque === 1) return [r, g, b];
        }
        return [255, 255, 255];
    };
    const contrast = node => {
        const pair = [numbers(getComputedStyle(node).color).slice(0, 3), ground(node)].map(luminance).sort();
        return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    };
    const {violations, incomplete} = await axe.run(document, {...rules, resultTypes: ["violations", "incomplete"]});
    const faults = violations.flatMap(rule => rule.nodes.map(node => [rule.id, node.target.join(" "), node.html]));
    for (const rule of incomplete)
        for (const {target, html} of rule.nodes) {
            const ratio = rule.id === "color-contrast" ? contrast(document.querySelector(target[0])) : 0;
            if (ratio < 4.5) faults.push([`${rule.id}, undecided`, target.join(" "), html, ratio]);
        }
    return faults;
}"""

pytestmark = [
    pytest.mark.browser,
    needs_browser,
    pytest.mark.skipif(not PAGES, reason="the site is not built: make book"),
]


@pytest.fixture(scope="module", params=[(s, w) for s in ("light", "dark") for w in (1280, 390)], ids=str)
def window(request, browser):
    scheme, width = request.param
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 844})
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def browser():
    with chromium() as opened:
        yield opened


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(SITE)))
def test_axe_finds_nothing(window, path):
    window.goto(path.as_uri())
    window.evaluate("async () => window.MathJax?.startup && await MathJax.startup.promise")
    window.evaluate(ONE_OF_EACH)
    window.evaluate(AXE_SCRIPT)
    dark = window.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    rules = {"runOnly": ["color-contrast"]} if dark else {}  # in the dark a page differs by its colours alone
    faults = window.evaluate(FAULTS, rules)
    assert [f for f in faults if not any(f[0] == rule and f[1].endswith(part) for rule, part in LISTED)] == []
