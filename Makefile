# Everything a reader, a teacher or a contributor does with the book. `make help` lists it.

PYTHON ?= python3
PORT ?= 8000
FOLDER ?= ../course
# The oldest Python that locked requirements must suit.
FLOOR ?= 3.11
BIN := .venv/bin
# Settings of a build that must be faultless: .ci/run passes STRICT=1.
BUILD_FLAGS := $(if $(STRICT),-W -n --keep-going,-q)
# Tests run on up to four cores, each worker on one thread; a chapter stays with one worker.
TOGETHER := -n auto --maxprocesses 4 --dist

.DEFAULT_GOAL := help
.PHONY: help book pdf epub test lint serve lab reset data run bench teach assignments grade marks slides links locks clean

# What was installed counts only while it works: a broken environment is made anew.
ifneq ($(wildcard .venv/book.installed),)
  ifneq ($(shell $(BIN)/python -c 'import jupyter_book, medlstm' 2>&1 || echo broken),)
    $(shell rm -rf .venv)
  endif
endif

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

book: .venv/book.installed ## Install what is needed, once, and build the site
	$(BIN)/jupyter-book build --all $(BUILD_FLAGS) .
	@echo "The book is ready. Open _build/html/index.html in a browser, or type: make serve"

_build/html/index.html: # the other forms are made of it, and it is served, as it was built last
	@$(MAKE) book

pdf: _build/html/index.html ## Print the whole book, with Chromium, into _build/forms/book.pdf
	$(BIN)/python -m medlstm.book pdf

epub: _build/html/index.html ## Pack the whole book for a reader into _build/forms/book.epub
	$(BIN)/python -m medlstm.book epub

test: .venv/test.installed ## Run every test: the package first, then every notebook
	$(BIN)/python -m pytest tests $(TOGETHER) worksteal
	$(BIN)/python -m pytest --nbval --nbval-current-env chapters $(TOGETHER) loadfile
	$(BIN)/python -m pytest -m browser tests $(TOGETHER) loadfile

lint: .venv/test.installed ## Check style and spelling of the code, the tests and the text
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/codespell

serve: _build/html/index.html ## Serve the site as it was built last on 127.0.0.1 (another port: make serve PORT=8001)
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

lab: .venv/book.installed ## Open JupyterLab on your copies of the chapters (one: make lab NAME=gate-equations)
	@$(BIN)/python -m medlstm.book lab $(NAME)

reset: .venv/book.installed ## Start your copy of a chapter afresh, and keep the old one (make reset NAME=...)
	@$(BIN)/python -m medlstm.book reset $(NAME)

data: .venv/book.installed ## Fetch the MedMNIST sets of the book into data/medmnist (8 MB)
	@$(BIN)/python -m medlstm.datasets

run: .venv/book.installed ## Execute notebooks and store their outputs (one: make run NAME=numpy-lstm)
	$(BIN)/python -m medlstm.book run $(NAME)

bench: .venv/bench.installed ## Time the NumPy LSTM against Keras, PyTorch and JAX, taking turns (25 minutes)
	$(BIN)/python -m medlstm.experiments.benchmark
	$(BIN)/python -m medlstm.experiments.luck

teach: .venv/teach.installed ## Install what only teachers need: slides, grading, the classroom server

assignments: .venv/teach.installed ## Release the two assignments to a class, in a folder of yours (FOLDER=../course)
	@$(BIN)/python -m medlstm.book assignments $(FOLDER)

grade: .venv/teach.installed ## Run and mark what a class handed in, in a sandbox (FOLDER=../course)
	@$(BIN)/python -m medlstm.book grade $(FOLDER)

marks: .venv/teach.installed ## Open nbgrader's pages, to mark by hand (FOLDER=../course)
	cd $(FOLDER) && $(CURDIR)/$(BIN)/jupyter lab --LabApp.default_url=/formgrader/gradebook $(if $(filter 0,$(shell id -u)),--allow-root)

slides: .venv/teach.installed _build/html/index.html ## Write the slides of the core chapters, and link to them from the site
	@$(BIN)/python -m medlstm.book slides

links: .venv/book.installed ## Ask every site that the book cites whether its page is still there (never part of a build)
	-$(BIN)/jupyter-book build --builder linkcheck -q .

locks: ## Renew requirements/*.lock from pyproject.toml (needs uv)
	uv pip compile -q --universal --fork-strategy fewest --python-version $(FLOOR) --generate-hashes --no-header \
	  --extra book -o requirements/book.lock pyproject.toml
	uv pip compile -q --universal --fork-strategy fewest --python-version $(FLOOR) --generate-hashes --no-header \
	  --extra book --extra test -c requirements/book.lock -o requirements/test.lock pyproject.toml
	uv pip compile -q --universal --fork-strategy fewest --python-version $(FLOOR) --generate-hashes --no-header \
	  --extra book --extra teach -c requirements/test.lock -o requirements/teach.lock pyproject.toml
	uv pip compile -q --no-deps --python-version $(FLOOR) --no-header --no-annotate \
	  --extra bench -o requirements/bench.lock pyproject.toml

clean: ## Remove the built site and the environment
	rm -rf _build .venv

OFFLINE = { echo "This step needs the network, once. For a computer without one, fetch the packages on another of the \
	same kind: $(PYTHON) -m pip download --require-hashes --only-binary :all: -d packages -r $(1). Carry the folder over \
	and type: PIP_NO_INDEX=1 PIP_FIND_LINKS=packages make $(2)"; exit 1; }

.venv/book.installed: requirements/book.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Expected Python 3.11, 3.12 or 3.13, found no '$(PYTHON)'. Install one, or name yours: make book PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { echo "Expected Python 3.11, 3.12 or 3.13, found $$($(PYTHON) --version). Install one of these, or name yours: make book PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	@echo "Installing the locked requirements; the first time this takes a few minutes ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $< || $(call OFFLINE,$<,book)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/test.installed: requirements/test.lock .venv/book.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $< || $(call OFFLINE,$<,test)
	@touch $@

.venv/teach.installed: requirements/teach.lock .venv/book.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $< || $(call OFFLINE,$<,teach)
	@touch $@
	@echo "Ready to teach: make slides, make assignments FOLDER=../course"

# PyTorch's usual Linux build brings several gigabytes for graphics cards. Its build for the CPU,
# installed into .venv beforehand as PyTorch's own page says, is kept.
.venv/bench.installed: requirements/bench.lock .venv/book.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: -r $< || $(call OFFLINE,$<,bench)
	@touch $@
