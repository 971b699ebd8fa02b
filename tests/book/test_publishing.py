"""What publishes the book: buttons, copies for Colab, workflows, containers, and pages for contributors."""

import ast
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from check_jsonschema import main
from click.testing import CliRunner

from medlstm.book import colab, plain
from medlstm.book.chapters import chapter, chapters, pages, slide_type
from medlstm.book.repository import Repository, launch_buttons, publisher, required
from medlstm.files import ROOT

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HERE = Repository("owner/book", COMMIT)
GITHUB = ROOT / ".github"
SITE = ROOT / "_build" / "html"
WORKFLOWS = {path.stem: path for path in sorted((GITHUB / "workflows").glob("*.yml"))}
GUIDE = (ROOT / "CONTRIBUTING.md").read_text()
ERRATA = (ROOT / "chapters" / "errata.md").read_text()


# The repository, and the buttons


def test_the_publisher_is_read_from_the_run():
    assert publisher({"GITHUB_REPOSITORY": "owner/book", "GITHUB_SHA": COMMIT}) == HERE
    assert publisher({"GITHUB_SHA": COMMIT}) is None
    elsewhere = {"GITHUB_SERVER_URL": "https://git.example.org"}
    assert publisher({"GITHUB_REPOSITORY": "owner/book", "GITHUB_SHA": COMMIT} | elsewhere) is None
    with pytest.raises(ValueError, match="expected GITHUB_REPOSITORY and GITHUB_SHA, which a workflow"):
        required({})


@pytest.mark.parametrize(
    ("name", "commit"), [("book", COMMIT), ('o/b"><script>', COMMIT), ("o/b", "main"), ("o/b", "")]
)
def test_what_is_no_repository_is_refused(name, commit):
    with pytest.raises(ValueError, match="expected owner/name in GITHUB_REPOSITORY"):
        publisher({"GITHUB_REPOSITORY": name, "GITHUB_SHA": commit})


def test_without_a_repository_there_is_no_button():
    assert launch_buttons("gate-equations", None) == []


def test_with_one_the_buttons_open_this_chapter_of_this_repository():
    (menu,) = launch_buttons("gate-equations", HERE)
    assert menu["type"] == "group" and [button["text"] for button in menu["buttons"]] == ["Binder", "Colab"]
    binder, on_colab = (button["url"] for button in menu["buttons"])
    assert binder == f"https://mybinder.org/v2/gh/owner/book/{COMMIT}?urlpath=lab/tree/workbook/gate-equations.ipynb"
    assert on_colab == "https://colab.research.google.com/github/owner/book/blob/colab/gate-equations.ipynb"


@pytest.fixture
def extension(monkeypatch):
    """Imports one of the site's own extensions."""
    monkeypatch.syspath_prepend(str(ROOT / "_extensions"))
    return importlib.import_module


def test_only_chapters_get_the_menu(extension, monkeypatch):
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/book")
    monkeypatch.setenv("GITHUB_SHA", COMMIT)
    monkeypatch.delenv("GITHUB_SERVER_URL", raising=False)
    for page, menus in (("chapters/gate-equations", 1), ("chapters/glossary", 0), ("index", 0)):
        context = {"header_buttons": []}
        extension("launch").launch(None, page, "", context, None)
        assert len(context["header_buttons"]) == menus, page


@pytest.mark.skipif(not SITE.is_dir(), reason="the site is not built: make book")
@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_a_built_chapter_has_the_buttons_of_its_publisher_or_none(path):
    html = (SITE / "chapters" / f"{path.stem}.html").read_text()
    expected = [button["url"] for menu in launch_buttons(path.stem, publisher()) for button in menu["buttons"]]
    assert re.findall(r'href="(https://(?:mybinder|colab)[^"]+)"', html) == expected


@pytest.mark.parametrize(("path", "before"), [("", "/"), ("/", "/"), ("/book", "/book/"), ("book/", "/book/")])
def test_the_page_for_what_is_missing_knows_below_which_path_the_site_lies(path, before, extension, monkeypatch):
    monkeypatch.setenv("BOOK_PATH", path)
    page = BeautifulSoup(
        '<a href="index.html"></a><a href="./a/b.html"></a><a href="https://e.org"></a>', "html.parser"
    )
    extension("finish_pages").found_from_anywhere(page)
    assert [link["href"] for link in page("a")] == [f"{before}index.html", f"{before}a/b.html", "https://e.org"]


# What Colab opens


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    """What the branch holds: the copies by name."""
    folder = tmp_path_factory.mktemp("colab")
    assert colab.write_colab(folder, HERE) == len(pages()) and COMMIT in (folder / "README.md").read_text()
    return {path.stem: nbformat.read(path, as_version=4) for path in folder.glob("*.ipynb")}


def test_every_page_has_a_copy_and_every_link_in_it_an_address(copies):
    assert set(copies) == {plain.page_name(path) for path in pages()}
    for copy in copies.values():
        nbformat.validate(copy)
        text = "\n".join(cell.source for cell in copy.cells if cell.cell_type == "markdown")
        links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```|`[^`]*`|\$\$.*?\$\$", "", text, flags=re.S))
        assert all(re.match(r"https?://|mailto:", link) for link in links), links
        ours = [link.rpartition("/")[2] for link in links if link.startswith("https://colab")]
        assert {name.removesuffix(".ipynb") for name in ours} <= set(copies)
    assert f"raw.githubusercontent.com/owner/book/{COMMIT}/_static/explorer.png" in str(copies["explorer"])


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_a_chapter_for_colab_begins_with_its_set_up(path, copies):
    first, *others = copies[path.stem].cells
    ast.parse(first.source)
    assert first.cell_type == "code" and COMMIT in first.source and "https://github.com/owner/book" in first.source
    assert not any(
        "medlstm" in line and "import" in line for line in first.source.partition("sys.path.insert")[0].splitlines()
    )
    loaded = set(re.findall(r'load_medmnist\("(\w+)', "\n".join(cell.source for cell in others)))
    fetched = re.search(r"fetch_medmnist\((.*)\)", first.source)
    assert set(ast.literal_eval(fetched[1]) if fetched else []) == loaded


def test_the_set_up_installs_whatever_a_chapter_imports():
    known = {"sklearn": "scikit-learn"}
    required = {re.match(r"[\w-]+", line)[0] for line in project()["dependencies"]}
    for path in chapters():
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                for node in ast.walk(ast.parse(cell.source)):
                    names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                    names += [node.module] if isinstance(node, ast.ImportFrom) else []
                    for name in {name.partition(".")[0] for name in names} - sys.stdlib_module_names - {"medlstm"}:
                        assert known.get(name, name) in required, f"{path.stem} imports {name}"


@pytest.mark.skipif(not shutil.which("git"), reason="needs git; on Debian: apt-get install git")
def test_the_set_up_fetches_the_book_at_its_commit_and_moves_into_it(tmp_path):
    """From a small repository on this machine; what is to be installed is there already."""
    remote = tmp_path / "owner" / "book"
    (remote / "chapters").mkdir(parents=True)
    package = remote / "code" / "medlstm"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "environment.py").write_text('def set_environment():\n    print("settings of commit one")\n')
    (remote / "chapters" / "here.ipynb").write_text("{}")
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    git = lambda *words: subprocess.run(
        ["git", "-C", str(remote), *identity, *words], check=True, capture_output=True, text=True
    ).stdout.strip()
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "one")
    commit = git("rev-parse", "HEAD")
    (package / "environment.py").write_text('raise ImportError("a later commit")\n')
    git("commit", "--quiet", "-am", "two")
    cell = colab.set_up(chapter("gate-equations"), Repository("owner/book", commit, tmp_path.as_uri()))
    code = cell + "print(os.getcwd(), os.environ['PYTHONPATH'])"
    own = {"HOME": str(tmp_path / "home"), "PYTHONPATH": "", "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    (tmp_path / "home").mkdir()
    for _ in range(2):  # the second time everything is there
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | own)
        book = tmp_path / "home" / f"medlstm-{commit[:7]}"
        assert run.stdout.splitlines() == [
            "settings of commit one",
            "The book is here.",
            f"{book / 'chapters'} {book / 'code'}",
        ], run.stderr
    gone = colab.set_up(chapter("gate-equations"), Repository("owner/none", commit, tmp_path.as_uri()))
    own["HOME"] = str(tmp_path / "other")
    failed = subprocess.run([sys.executable, "-c", gone], capture_output=True, text=True, env=os.environ | own)
    assert "git did not succeed; run this cell again. It said:" in failed.stderr


# Workflows and containers


def steps(name):
    """The steps of all jobs of a workflow."""
    jobs = yaml.safe_load(WORKFLOWS[name].read_text())["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def commands(name):
    return "\n".join(step.get("run", "") for step in steps(name))


def targets(text):
    """The targets of make that a script asks for."""
    calls = re.findall(r"\bmake((?: +[\w./=-]+)+)", text)
    return {word for call in calls for word in call.split() if "=" not in word}


def test_the_tests_are_what_a_contributor_runs():
    assert set(WORKFLOWS) == {"tests", "publish", "weekly"}
    workflow = yaml.safe_load(WORKFLOWS["tests"].read_text())
    matrix = workflow["jobs"]["tests"]["strategy"]["matrix"]["python"]
    lowest, beyond = re.findall(r"3\.(\d+)", project()["requires-python"])
    assert matrix == [f"3.{minor}" for minor in range(int(lowest), int(beyond))]
    assert [step["run"] for step in workflow["jobs"]["tests"]["steps"] if "run" in step] == [
        "make data",
        "bash .ci/run",
    ]


def test_medical_data_that_cannot_be_had_are_an_error():
    """The cache goes by the manifest, and neither workflow lets the step that verifies the data fail unseen."""
    (cache,) = [step["with"] for step in steps("tests") if step.get("uses", "").startswith("actions/cache@")]
    assert cache["path"] == "data/medmnist" and "hashFiles('data/manifest.json')" in cache["key"]
    for name in ("tests", "weekly"):
        (step,) = [step for step in steps(name) if "make data" in step.get("run", "")]
        assert step["run"] == "make data" and not {"continue-on-error", "if"} & set(step)
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    command = [sys.executable, "-m", "medlstm.datasets", "dermamnist"]
    run = subprocess.run(command, capture_output=True, text=True, env=os.environ | nowhere)
    assert run.returncode == 1 and "expected the file dermamnist.npz, got no connection" in run.stderr


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_is_bounded_and_says_why(name):
    text = WORKFLOWS[name].read_text()
    workflow = yaml.safe_load(text)
    assert text.startswith("# ") and text.count("# ") >= 8
    assert workflow["permissions"] == {"contents": "read"} and "group" in workflow["concurrency"]
    assert all(0 < job["timeout-minutes"] <= 120 for job in workflow["jobs"].values())
    for step in steps(name):
        assert "run" in step or re.fullmatch(r"actions/[\w-]+@v\d+", step["uses"])


@pytest.mark.parametrize("name", [*WORKFLOWS, "setup", "guide"])
def test_every_target_that_is_asked_for_exists(name):
    scripts = {
        "setup": (ROOT / ".devcontainer" / "setup").read_text(),
        "guide": "".join(re.findall(r"`[^`]+`|```.*?```", GUIDE, re.S)),
    }
    known = set(re.findall(r"^([a-z./_-]+):", (ROOT / "Makefile").read_text(), re.M))
    asked = targets(scripts.get(name) or commands(name))
    assert asked and asked <= known, asked - known


def test_what_is_published_is_built_as_in_the_tests():
    strict = re.findall(r"^make book .*$", (ROOT / ".ci" / "run").read_text(), re.M)
    for name in ("publish", "weekly"):
        assert strict and set(strict) <= set(commands(name).splitlines())
    assert "python -m medlstm.book colab _build/colab" in commands("publish")
    assert "rm requirements/*.lock\nmake locks" in commands("weekly")
    ends = yaml.safe_load(WORKFLOWS["weekly"].read_text())["jobs"]["cold"]["strategy"]["matrix"]["include"]
    lowest, beyond = re.findall(r"3\.(\d+)", project()["requires-python"])
    assert {end["resolution"]: end["python"] for end in ends} == {
        "highest": f"3.{int(beyond) - 1}",  # what no longer runs on the oldest Python is among the newest packages
        "lowest-direct": f"3.{lowest}",
    }
    (locks,) = [step for step in steps("weekly") if "make locks" in step.get("run", "")]
    assert locks["env"] == {"UV_RESOLUTION": "${{ matrix.resolution }}", "FLOOR": "${{ matrix.python }}"}
    assert (ROOT / "Makefile").read_text().count("--python-version $(FLOOR)") == 4


def test_where_tests_run_and_books_are_printed_the_tools_are_there():
    """With CI set, as services for tests set it, nothing is skipped for want of a tool."""
    assert '[ -z "${CI:-}" ] || bash .ci/tools\n' in (ROOT / ".ci" / "run").read_text()
    for name, task in {"publish": "make slides pdf epub", "weekly": "make epub teach .venv/test.installed"}.items():
        (step,) = [step["run"] for step in steps(name) if task in step.get("run", "")]
        assert step.index("bash .ci/tools") < step.index(task)


@pytest.mark.parametrize("script", [".ci/run", ".ci/tools", ".binder/postBuild", ".devcontainer/setup"])
def test_a_script_can_be_read_by_its_shell(script):
    subprocess.run(["bash", "-n", ROOT / script], check=True)


SCHEMAS = {
    "github-workflows": list(WORKFLOWS.values()),
    "github-issue-forms": [path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.stem != "config"],
    "github-issue-config": [GITHUB / "ISSUE_TEMPLATE" / "config.yml"],
    "citation-file-format": [ROOT / "CITATION.cff"],
}


def agrees(schema, *files):
    """What the checker says of files: an exit code and words."""
    return CliRunner().invoke(main, ["--builtin-schema", f"vendor.{schema}", *map(str, files)])


@pytest.mark.parametrize("schema", SCHEMAS)
def test_files_agree_with_their_published_schemas(schema):
    assert SCHEMAS[schema]
    found = agrees(schema, *SCHEMAS[schema])
    assert found.exit_code == 0, found.output


def test_a_schema_sees_a_misspelt_key(tmp_path):
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(WORKFLOWS["tests"].read_text().replace("runs-on:", "run-on:"))
    found = agrees("github-workflows", wrong)
    assert found.exit_code == 1 and "run-on" in found.output


@pytest.mark.skipif(not shutil.which("actionlint"), reason="needs actionlint, which the workflow `tests` runs")
def test_actionlint_finds_nothing():
    run = subprocess.run(["actionlint", *map(str, WORKFLOWS.values())], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout


def test_containers_start_from_the_lock_of_the_book():
    lines = (ROOT / ".binder" / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "--require-hashes",
        "--only-binary :all:",
        "-r ../requirements/book.lock",
    ]
    python = (ROOT / ".binder" / "runtime.txt").read_text().strip().removeprefix("python-")
    settings = "".join(
        line for line in (ROOT / ".devcontainer" / "devcontainer.json").read_text().splitlines() if "//" not in line
    )
    container = json.loads(settings)
    assert f"python:{python}-" in container["image"]
    assert (
        container["postCreateCommand"] == "bash .devcontainer/setup"
        and "make book" in (ROOT / ".devcontainer" / "setup").read_text().splitlines()
    )
    assert all(os.access(ROOT / ".binder" / name, os.X_OK) for name in ("postBuild", "start"))


def test_kernels_on_binder_get_the_settings_of_the_stored_outputs():
    shown = "import os; print(os.environ['IPYTHONDIR'], os.environ['TF_ENABLE_ONEDNN_OPTS'])"
    without = {key: value for key, value in os.environ.items() if key not in ("IPYTHONDIR", "TF_ENABLE_ONEDNN_OPTS")}
    start = [sys.executable, str(ROOT / ".binder" / "start"), sys.executable, "-c", shown]
    run = subprocess.run(start, capture_output=True, text=True, env=without)
    assert run.stdout == f"{ROOT / '.ipython'} 0\n", run.stderr


# Editions, errata, and the contributor's guide


def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_versions_and_dates_agree():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    edition, version, date = re.search(r"^## (.*), (\S+), (\S+)$", (ROOT / "CHANGELOG.md").read_text(), re.M).groups()
    assert project()["version"] == citation["version"] == version
    assert str(citation["date-released"]) == date and date.startswith(str(citation["preferred-citation"]["year"]))
    assert citation["preferred-citation"]["edition"] == edition
    assert re.findall(r"^## (\w+ edition)", ERRATA, re.M)[-1] == edition


def errata():
    """The rows of the page: where, printed, true, refuted by."""
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in re.findall(r"^\|.*\|$", ERRATA, re.M)]
    return [row for row in rows if row[0] not in ("where", "---")]


def flat(text):
    """Words without emphasis and line breaks."""
    return " ".join(re.sub("[*_`]", "", text).split())


def test_each_erratum_says_what_was_printed_what_is_true_and_what_refuted_it():
    assert len(errata()) >= 12 and all(len(row) == 4 and all(row) for row in errata())
    labels = {label for row in errata() for label in re.findall(r"\{(?:ref|numref)\}`([\w-]+)`", row[3])}
    assert labels <= set(plain.labels()) and len(labels) >= 12


def test_no_sentence_of_the_errata_is_still_printed():
    printed = {}
    for path in [ROOT / "index.md", ROOT / "README.md", *pages()]:
        if path.stem != "errata":
            printed[path.stem] = flat("\n".join(cell.source for cell in plain.cells_of(path)))
    for _, sentence, *_ in errata():
        for quoted in re.findall(r'"([^"]{20,}?)[.]?"', sentence):
            for part in [part for part in quoted.split(" ... ") if len(part) > 20]:
                assert [name for name, text in printed.items() if flat(part) in text] == [], part


def test_the_change_log_counts_the_errata():
    words = {12: "twelve", 15: "fifteen", 16: "sixteen", 17: "seventeen", 18: "eighteen", 19: "nineteen", 20: "twenty"}
    assert f"{words[len(errata())]} corrections are listed" in (ROOT / "CHANGELOG.md").read_text()


def test_the_guide_names_every_tag_and_every_type_of_slide():
    for path in chapters():
        for cell in nbformat.read(path, as_version=4).cells:
            used = {re.sub(r"objective-\d", "objective-1", tag) for tag in cell.metadata.get("tags", [])}
            used |= {slide_type(cell)}
            assert all(f"`{name}`" in GUIDE for name in used), used


def test_the_guide_states_the_rules_that_the_tests_hold():
    rules = (ROOT / "tests" / "book" / "test_chapters.py").read_text()
    for stated, held in (
        ("80 words or 20 lines of code a minute", "words / 80 + lines / 20"),
        ("5 lines or fewer, nine in ten 20 or fewer", "<= 5 and lengths[int(0.9 * len(lengths))] <= 20"),
        ("no line is longer than 78 characters", "len(line) <= 78"),
        ("At most a quarter of the cells", "4 * len(ignored) <= len(cells)"),
        ("at least two wrong answers", 'len(given["wrong"]) >= 2'),
        ("rounded up to 5, 10, 15, 20 or 30", "(5, 10, 15, 20, 30) if step >= minutes"),
    ):
        assert stated in GUIDE and held in rules, stated


def test_the_guide_is_a_page_of_the_book_and_says_what_was_not_run():
    assert ROOT / "CONTRIBUTING.md" in pages()
    assert all(f"\n## {part}\n" in GUIDE for part in ("The voice", "Before a sentence stands", "A new edition"))
    table = GUIDE.partition("| | run | not run |")[2]
    assert all(f"| {what}" in table for what in ("`.github/", "`.binder/", "`.devcontainer/", "Colab", "Zenodo"))
    paths = re.findall(r"`((?:code|tests|chapters|data|\.github|\.binder|\.devcontainer|\.ci)/[\w./-]*)`", GUIDE)
    assert [path for path in paths if "NAME" not in path and not (ROOT / path).exists()] == []


def test_forms_for_issues_ask_what_the_book_asks():
    forms = {path.stem: yaml.safe_load(path.read_text()) for path in SCHEMAS["github-issue-forms"]}
    assert set(forms) == {"wrong-sentence", "broken-chapter", "idea"}
    assert f'"{forms["wrong-sentence"]["name"]}"' in GUIDE
    for form in forms.values():
        assert any(field.get("validations", {}).get("required") for field in form["body"])
