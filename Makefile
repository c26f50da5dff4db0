# Every target sets itself up: `make demo` and `make test` work as the first command on a fresh machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup demo test check format bench clean

setup: $(STAMP)

$(STAMP): pyproject.toml hatch_build.py $(wildcard src/holdfast/kube/native/*.[ch])
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@if command -v uv >/dev/null 2>&1; then \
	    VIRTUAL_ENV=$(CURDIR)/$(VENV) uv pip install -q --compile-bytecode -e . --group dev; \
	else \
	    $(BIN)/python -m pip install -q --disable-pip-version-check --upgrade "pip>=25.1" && \
	    $(BIN)/python -m pip install -q --disable-pip-version-check -e . --group dev; \
	fi
	@$(BIN)/python -m compileall -q src/holdfast
	@touch $(STAMP)

demo: setup
	@$(BIN)/holdfast demo

# Real servers and processes on a loaded machine: what fails is tried again, and a test that needed it is listed (-rR) as a defect of the test.
test: setup
	@$(BIN)/python -m pytest -n 2 --reruns 2 -rR tests

check: setup
	@$(BIN)/ruff check src tests bench
	@$(BIN)/ruff format --check src tests bench
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup
	@$(BIN)/ruff format src tests bench
	@$(BIN)/ruff check --fix src tests bench

bench: setup
	@$(BIN)/python -m bench $(ARGS)

clean:
	rm -rf src/holdfast/kube/native/_native.*.so $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist
