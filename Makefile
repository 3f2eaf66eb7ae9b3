# `make run` and `make test` are all a fresh machine needs, with Python 3.11 or newer and make.
# Another Python: make run PYTHON=python3.12

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.PHONY: help run test bridge bench check lint types imports format clean

help:
	@echo "make run      start everything, with a sandbox store to try it on (Ctrl-C stops it)"
	@echo "make test     run every test"
	@echo "make check    lint, types, import rules, then every test"
	@echo "make bridge   make the plugin's zip for a store, in dist/"
	@echo "make bench    measure deliveries, booting, decisions, replays, licences, into docs/ (some six minutes)"
	@echo "make format   put the code into the house's form"
	@echo "make clean    throw away the environment and all caches (never var/, your data)"

run: $(READY)
	@exec $(BIN)/refunddesk run

# Hundreds of databases are made and thrown away: where memory can hold them, none touches the disk.
MEMORY := $(shell test -w /dev/shm && test "$$(df -Pk /dev/shm | awk 'NR == 2 {print $$4}')" -gt 2000000 && echo TMPDIR=/dev/shm)

test: $(READY)
	$(MEMORY) $(BIN)/pytest --numprocesses auto --dist worksteal

bridge: $(READY)
	$(BIN)/refunddesk bridge zip

bench: $(READY)
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.booting
	$(BIN)/python -m tests.bench.judging
	$(BIN)/python -m tests.bench.licenses
	$(BIN)/python -m tests.bench.reading

check: lint types imports test

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The file stands for an environment that fits pyproject.toml and constraints.txt as they are now.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Refund Desk needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	    --constraint constraints.txt --editable '.[dev]'
	@touch $@

clean:
	find server tests -name __pycache__ -prune -exec rm -rf {} +
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
