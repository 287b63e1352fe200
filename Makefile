# Two commands do everything: `make run` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: run test install lint types check lock demo clean

run: install
	$(BIN)/contextmap serve data/synthetic/demo

# Files keep the order of tests/conftest.py: the longest begin first.
test: install
	$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

install: $(READY)

# The lock names exact versions with hashes; nothing else is installed.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Contextmap needs Python 3.11 or later; this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: install
	$(BIN)/mypy

check: lint types test

# Written again only when a dependency changes: exact versions for every Python from 3.11.
lock: install
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --group dev pyproject.toml --output-file requirements.lock

# Write the bundled demo case again (the tests check that it has not drifted).
demo: install
	$(BIN)/contextmap demo data/synthetic/demo

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache
