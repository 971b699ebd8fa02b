"""The readers' copies in a real JupyterLab: nothing raw on the page, and a chapter that runs to its end."""

import json
import os
import re
import subprocess
import sys

import pytest
from browser import chromium, needs_browser

from medlstm.book.chapters import chapter, chapters
from medlstm.book.readers import first, readers_copy

pytestmark = [pytest.mark.browser, needs_browser]

RAW = re.compile(r":::|```|\{[a-z:]+\}`|\([a-z]+-[a-z-]+\)=|\\tag|\\begin")
SHOWN = ".jp-NotebookPanel:not(.lm-mod-hidden)"
PROSE = f"[...document.querySelectorAll('{SHOWN} .jp-RenderedMarkdown')].map(cell => cell.innerText).join('\\n')"
RUN = f"[...document.querySelectorAll('{SHOWN} .jp-InputPrompt')].every(prompt => !/[ *]/.test(prompt.innerText))"
MINUTES = 60_000


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address that `make lab` prints."""
    folder = tmp_path_factory.mktemp("lab")
    settings = folder / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)  # every cell is drawn, also where nobody has scrolled to
    (settings / "tracker.jupyterlab-settings").write_text(json.dumps({"windowingMode": "none"}))
    command = [sys.executable, "-m", "medlstm.book", "lab", "--folder", str(folder / "workbook")]
    own = {"JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"), "BROWSER": "true", "PYTHONUNBUFFERED": "1"}
    own["JUPYTERLAB_WORKSPACES_DIR"] = str(folder / "workspaces")  # not the tabs of whoever runs the tests
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | own
    ) as server:
        for line in server.stdout:
            if found := re.search(r"(http://127\.0\.0\.1:\d+/lab)/tree/(\S+)\.ipynb\?(token=\w+)", line):
                break
        assert found[2] == first()
        yield found[0]
        server.terminate()


@pytest.fixture(scope="module")
def page(lab):
    """The window that `make lab` opens, with the first chapter in it."""
    with chromium() as browser:
        page = browser.new_page()
        page.goto(f"{lab}&reset", timeout=MINUTES)
        yield page


def shown(page, name):
    """Open a copy by a double click, unless it is there already, and wait for its mathematics."""
    if page.locator(f"{SHOWN} .jp-Notebook").count() == 0 or name != first():
        page.locator(f".jp-DirListing-item[title^='Name: {name}.ipynb']").dblclick(timeout=MINUTES)
    title = next(cell.source for cell in readers_copy(chapter(name)).cells).splitlines()[0].removeprefix("# ")
    page.locator(f"{SHOWN} h1", has_text=title).wait_for(timeout=MINUTES)
    page.wait_for_function(f"!/\\$[^$]+\\$/.test({PROSE})", timeout=MINUTES)


@pytest.mark.parametrize("name", [path.stem for path in chapters()])
def test_a_copy_shows_nothing_raw(page, name):
    shown(page, name)
    prose = page.evaluate(PROSE)
    assert len(prose) > 2000 and not RAW.search(prose), RAW.search(prose)
    assert page.locator(f"{SHOWN} [data-mml-node=merror]").count() == 0
    assert not any(fold.evaluate("fold => fold.open") for fold in page.locator(f"{SHOWN} details").all())


def test_the_first_chapter_is_run_from_the_menu_to_its_end(page):
    assert page.get_by_text("Jupyter news").count() == 0
    page.locator(f".lm-TabBar-tab[title*='{first()}.ipynb']").click()
    for entry in ("Run", "Run All Cells"):
        page.get_by_role("menuitem", name=entry, exact=True).click()
    page.wait_for_function(RUN, timeout=5 * MINUTES)
    errors = page.locator(f"{SHOWN} [data-mime-type='application/vnd.jupyter.stderr']").all()
    assert all("AssertionError" in error.inner_text() for error in errors) and len(errors) >= 3
