# Every command sets up what is missing: a virtual environment in .venv and pip, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out

.PHONY: plan test lint types docs check fuzz trust clean

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 13)))' || \
		{ echo "clusteropt needs Python 3.11, 3.12 or 3.13; name one with: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.installed

plan: $(VENV)/.installed  ## plan the 66 national clusters into out/national66
	$(BIN)/clusteropt plan national66 --out $(OUT)/national66

test: $(VENV)/.installed-dev  ## run the tests
	$(BIN)/python -m pytest -n 2 -m 'not long'

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

docs: $(VENV)/.installed-dev  ## build the site into docs/_build/html
	$(BIN)/python docs/generate.py
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

fuzz: $(VENV)/.installed-dev  ## the short form of every step that measures trust
	$(BIN)/python benchmarks/trust.py all

trust: $(VENV)/.installed-dev  ## the long form, which takes hours
	$(BIN)/python benchmarks/trust.py all --long

check: lint types test docs  ## all that CI runs

clean:
	rm -rf $(VENV) $(OUT) docs/_build docs/generated build dist
