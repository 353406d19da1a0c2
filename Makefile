# Everything a newcomer, a developer or CI runs. Needs Python 3.11 or later with venv, git and make.

VENV ?= .venv
PYTHON := $(VENV)/bin/python
BIN := $(VENV)/bin
# pytest makes its assertions tell more by compiling tests anew, in each of its processes: once only.
KEPT := PYTHONDONTWRITEBYTECODE=
# For pytest alone, for example: make test ARGS="tests/collect -k prompt"
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo demo-check test coverage lint fix soak bench bench-smoke cuts lock compiled run-env dev-env clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: run-env ## See NetRaven back up a simulated fleet (about a minute)
	@"$(BIN)/netraven" demo

demo-check: run-env ## The same without a person: checks its own outcome
	@"$(BIN)/netraven" demo --check < /dev/null

test: dev-env compiled ## Run all tests in parallel, on SQLite and PostgreSQL
	@$(KEPT) "$(PYTHON)" -m pytest --numprocesses auto --dist worksteal $(ARGS)

coverage: dev-env compiled ## The same, and print the branches that no test took
	@$(KEPT) "$(PYTHON)" -m pytest --numprocesses auto --dist worksteal \
		--cov --cov-report=term:skip-covered $(ARGS)

lint: dev-env ## Check style, types, storeys, dependencies and dead code
	"$(PYTHON)" -m ruff check .
	"$(PYTHON)" -m ruff format --check .
	"$(PYTHON)" .ci/check_lock.py
	"$(BIN)/lint-imports" --no-logo
	"$(PYTHON)" -m deptry .
	"$(PYTHON)" .ci/dead_code.py
	"$(PYTHON)" .ci/python_api.py --check
	"$(PYTHON)" .ci/platform_pages.py --check
	"$(PYTHON)" -m mypy
	"$(BIN)/pyright" --pythonpath "$(PYTHON)"

fix: dev-env ## Mend what can be mended by itself: lint and layout
	"$(PYTHON)" -m ruff check --fix .
	"$(PYTHON)" -m ruff format .

soak: dev-env ## Sweep 5 000 simulated devices for an hour while processes die (ARGS="--minutes 5 --devices 300")
	@"$(PYTHON)" -m tests.failures.soak $(ARGS)

bench: dev-env ## Measure against the peers and print the tables (some minutes)
	@"$(PYTHON)" -m benchmarks.run $(ARGS)

cuts: dev-env ## Cut and spoil every recorded session, and print what became of it (a quarter of an hour)
	@"$(PYTHON)" -m tests.transcripts.cuts $(ARGS)

bench-smoke: dev-env ## Run each benchmark once at small size: are they alive?
	@"$(PYTHON)" -m benchmarks.run --small

reference: dev-env ## Write docs/python-api.md, docs/openapi.json and docs/platforms anew from the code
	@"$(PYTHON)" .ci/python_api.py
	@"$(PYTHON)" .ci/openapi.py
	@"$(PYTHON)" .ci/platform_pages.py

lock: dev-env ## Resolve dependencies anew into the lock files
	@sh .ci/lock.sh "$(VENV)"

clean: ## Remove the virtual environment and caches
	rm -rf "$(VENV)" .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage*

# Hundreds of processes begin while the tests run; none is to compile what all of them need.
compiled: dev-env
	@"$(PYTHON)" -m compileall -q src tests benchmarks

run-env:
	@sh .ci/venv.sh "$(VENV)" requirements-run.lock

dev-env:
	@sh .ci/venv.sh "$(VENV)" requirements.lock
