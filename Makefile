# Two commands do everything: `make run` and `make test`. Both make their own .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
# Twice the cores: a third of the suite's time is waiting for servers, terminals and deadlines.
WORKERS ?= $(shell expr 2 \* $$(getconf _NPROCESSORS_ONLN))

.PHONY: run test lint soak prove-local bench clean

run: $(STAMP)
	@$(BIN)/pointsman

test: $(VENV)/.installed-test lint
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

# The long versions of what `make test` does briefly: kill -9 loops, tampering, restarts that must not look
# healthy, properties with many examples, random keys.
soak: $(VENV)/.installed-test prove-local
	POINTSMAN_SOAK=10 $(BIN)/python -m pytest -q tests/trust tests/adapters tests/core tests/config tests/policies tests/scenarios/test_models.py tests/engine/test_cuts.py tests/tui/test_untrusted.py tests/real/test_restart.py tests/fuzz

# The scenario suite under strace, then without any network: nothing goes beyond loopback, names included.
prove-local: $(VENV)/.installed-test
	$(BIN)/python tests/local_proof.py

# The figures of docs/speed.md that take a minute; the longer programs are listed there.
bench: $(STAMP)
	$(BIN)/python benchmarks/first_frame.py 5
	$(BIN)/python benchmarks/idle_cpu.py 10

lint: $(VENV)/.installed-test
	$(BIN)/ruff check src tests benchmarks
	$(BIN)/ruff format --check src tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(STAMP): pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@ $(STAMP)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
