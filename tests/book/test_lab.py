"""The readers' copies in a real JupyterLab: nothing raw on the page, and a chapter that runs to its end."""

import json
import os
import re
import subprocess
import sys

import pytest
from browser import chromium, needs_browser

from medlstm.book.chapters import chapters, missing_data
from medlstm.book.readers import first

pytestmark = [pytest.mark.browser, needs_browser]

RAW = re.compile(r":::|```|\{[a-z:]+\}`|\([a-z]+-[a-z-]+\)=|\\tag|\\begin")
PROSE = "[...document.querySelectorAll('.jp-RenderedMarkdown')].map(cell => cell.innerText).join('\\n')"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab as `make lab` opens it, and what is to be added to it."""
    folder = tmp_path_factory.mktemp("lab")
    settings = folder / "settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)  # every cell is drawn, also where nobody has scrolled to
    (settings / "tracker.jupyterlab-settings").write_text(json.dumps({"windowingMode": "none"}))
    command = [sys.executable, "-m", "medlstm.book", "lab", "--folder", str(folder / "workbook")]
    own = {"JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"), "BROWSER": "true", "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ | own
    ) as server:
        for line in server.stdout:
            if found := re.search(r"(http://127\.0\.0\.1:\d+/lab)/tree/(\S+)\.ipynb\?(token=\w+)", line):
                break
        assert found[2] == first()
        yield found[1], found[3]
        server.terminate()


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


def opened(browser, lab, name):
    """A page of JupyterLab with a copy in it, its mathematics typeset."""
    address, token = lab
    page = browser.new_page()
    page.goto(f"{address}/tree/{name}.ipynb?{token}&reset")
    page.wait_for_selector(".jp-Notebook .jp-RenderedMarkdown h1", timeout=60000)
    page.wait_for_function("!/\\$[^$]+\\$/.test(" + PROSE + ")", timeout=60000)
    return page


def test_copies_show_nothing_raw(browser, lab):
    for path in chapters():
        page = opened(browser, lab, path.stem)
        prose = page.evaluate(PROSE)
        assert len(prose) > 2000 and not RAW.search(prose), (path.stem, RAW.search(prose))
        assert page.locator("mjx-merror, .jp-RenderedMarkdown [data-mml-node=merror]").count() == 0, path.stem
        assert not any(fold.evaluate("fold => fold.open") for fold in page.locator("details").all())
        page.close()


def test_the_first_chapter_is_run_from_the_menu_to_its_end(browser, lab):
    if missing := missing_data(chapters()[0]):
        pytest.skip(f"needs {', '.join(missing)}; `make data` fetches it")
    page = opened(browser, lab, first())
    assert page.get_by_text("Jupyter news").count() == 0
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    counts = page.locator(".jp-Notebook .jp-CodeCell .jp-InputPrompt").all()
    page.wait_for_function(
        "[...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].every(p => /\\d/.test(p.innerText))",
        timeout=240000,
    )
    assert [count.inner_text() for count in counts] == [f"[{k + 1}]:" for k in range(len(counts))]
    errors = page.locator(".jp-CodeCell .jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr']").all()
    assert all("AssertionError" in error.inner_text() for error in errors) and len(errors) >= 3
    page.close()
