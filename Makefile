# `make` lists the targets. Each makes the virtual environment it needs by itself; ARGS are passed on to its command.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
LOCKED := $(VENV)/.locked
READY  := $(VENV)/.installed
UV_COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

FUZZ_VENV := .venv-fuzz
FUZZ_READY := $(FUZZ_VENV)/.locked

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): $(LOCKED) pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(LOCKED): requirements-dev.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 …"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
		|| { echo "$(PYTHON) lacks the venv module: install it (Debian: python3-venv) or name another with make PYTHON=…"; exit 1; }
	@echo "Setting up $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(FUZZ_READY): requirements-fuzz.lock
	@echo "Setting up $(FUZZ_VENV) …"
	@$(PYTHON) -m venv $(FUZZ_VENV)
	@$(FUZZ_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-fuzz.lock
	@touch $@

.PHONY: demo
demo: $(READY) ## The main job end to end: Gateway, service and traffic, and a table of what arrived
	@$(BIN)/event-processor demo $(ARGS)

.PHONY: run
run: $(READY) ## Keep Gateway and service running, with a curl line to try
	@$(BIN)/event-processor sandbox --with-service $(ARGS)

.PHONY: test
test: $(READY) ## All tests, with coverage
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

.PHONY: chaos
chaos: $(READY) ## The fault suite: everything broken under load, and a table of what was lost (ARGS=--quick: some of it)
	@$(BIN)/python -m tests.chaos $(ARGS)

.PHONY: fuzz
fuzz: $(READY) $(FUZZ_READY) ## Everything that should not be sent, as raw bytes and by the OpenAPI document (ARGS="--seed 7 --seconds 600")
	@$(BIN)/python -m tests.fuzz --tools $(FUZZ_VENV)/bin $(ARGS)

.PHONY: bench
bench: $(READY) ## Cost and speed beside a bare FastAPI route and what one would use instead (ARGS=--quick: some of it)
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: lint
lint: $(READY) ## Formatting, rules, types, import contracts, Dockerfile
	@$(BIN)/ruff format --check --quiet . || { echo "make format would change the files above"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/hadolint Dockerfile

.PHONY: format
format: $(READY) ## Format the code and mend what ruff can
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .

.PHONY: image-check
image-check: $(READY) ## Build the image without Docker and run it against a PostgreSQL (Debian, as root)
	@.ci/image-check

.PHONY: lock
lock: $(READY) ## Compile the lock files anew
	@$(UV_COMPILE) pyproject.toml --upgrade -o requirements.lock
	@$(UV_COMPILE) pyproject.toml --upgrade --extra embedded --group dev --constraints requirements.lock -o requirements-dev.lock
	@$(UV_COMPILE) --upgrade --group fuzz -o requirements-fuzz.lock

.PHONY: clean
clean: ## Remove what the targets made
	@rm -rf $(VENV) $(FUZZ_VENV) .benchmarks .sandbox .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
