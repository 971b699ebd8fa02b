# Everything a reader, a teacher or a contributor does with the book. `make help` lists it.

PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
# Settings of a build that must be faultless: .ci/run passes STRICT=1.
BUILD_FLAGS := $(if $(STRICT),-W -n --keep-going,-q)

.DEFAULT_GOAL := help
.PHONY: help book test serve lab data run bench locks clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

book: .venv/book.installed ## Install what is needed, once, and build the site
	$(BIN)/jupyter-book build --all $(BUILD_FLAGS) .
	@echo "The book is ready. Open _build/html/index.html in a browser, or type: make serve"

test: .venv/test.installed ## Run every test: the package first, then every notebook
	$(BIN)/python -m pytest tests
	$(BIN)/python -m pytest --nbval --nbval-current-env chapters
	$(BIN)/python -m pytest -m readers tests

serve: book ## Serve the site on 127.0.0.1 (another port: make serve PORT=8001)
	$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html $(PORT)

lab: .venv/book.installed ## Open JupyterLab on the first chapter
	$(BIN)/python -m medlstm.notebooks lab

data: .venv/book.installed ## Fetch the MedMNIST sets of the book into data/medmnist (8 MB)
	@$(BIN)/python -m medlstm.datasets

run: .venv/book.installed ## Execute notebooks and store their outputs (one: make run NAME=numpy-lstm)
	$(BIN)/python -m medlstm.notebooks run $(NAME)

bench: .venv/bench.installed ## Time the NumPy LSTM against Keras, PyTorch and JAX, taking turns (10 minutes)
	$(BIN)/python -m medlstm.benchmark

locks: ## Renew requirements/*.lock from pyproject.toml (needs uv)
	uv pip compile -q --universal --fork-strategy fewest --python-version 3.11.7 --generate-hashes --no-header \
	  --extra book -o requirements/book.lock pyproject.toml
	uv pip compile -q --universal --fork-strategy fewest --python-version 3.11.7 --generate-hashes --no-header \
	  --extra book --extra test -c requirements/book.lock -o requirements/test.lock pyproject.toml
	uv pip compile -q --no-deps --python-version 3.11.7 --no-header --no-annotate \
	  --extra bench -o requirements/bench.lock pyproject.toml

clean: ## Remove the built site and the environment
	rm -rf _build .venv

.venv/book.installed: requirements/book.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Expected Python 3.11, 3.12 or 3.13, found no '$(PYTHON)'. Install one, or name yours: make book PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || { echo "Expected Python 3.11, 3.12 or 3.13, found $$($(PYTHON) --version). Install one of these, or name yours: make book PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	@echo "Installing the locked requirements; the first time this takes a few minutes ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/book.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/test.installed: requirements/test.lock .venv/book.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/test.lock
	@touch $@

# PyTorch's usual Linux build brings several gigabytes for graphics cards. Its build for the CPU,
# installed into .venv beforehand as PyTorch's own page says, is kept.
.venv/bench.installed: requirements/bench.lock .venv/book.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary :all: -r requirements/bench.lock
	@touch $@
