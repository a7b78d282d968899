# Everything a contributor types. Needs Python 3.11 or newer; uses uv where it is installed.
BIN := .venv/bin
#: Newer than pyproject.toml and than the dashboard's sources while the environment holds what they ask for.
READY := .venv/.ready
WEB := $(shell find web -type f -not -path '*/node_modules/*' -not -name schema.d.ts)
UV := $(shell command -v uv 2>/dev/null)
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)

.PHONY: help demo test lint format web screens simulate crash record chaos bench clean
.DEFAULT_GOAL := help

help: ## Show this list
	@grep -E '^[a-z ]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 24

demo: $(READY) ## Start the platform with the example app, send an event, follow its run
	@$(BIN)/python examples/demo.py

test: lint ## Lint, then every test: exactly what CI runs
	@$(BIN)/python -m pytest -n 3 --dist loadfile

lint: $(READY) ## Style, types and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo # its cache has been seen to go stale

format: $(READY) ## Rewrite the sources in the house's format
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

web: $(READY) ## Build the dashboard from web/, as `make test` does when web/ has changed
	@PYTHONPATH=tests $(BIN)/python -m dashboard.contract
	@$(MAKE) --no-print-directory $(READY)

screens: $(READY) ## Pictures of every page over the demo's data, into build/screens; of the docs: PICTURES=1; only: VIEWS="runs jobs"
	@PYTHONPATH=tests $(BIN)/python -m browser.screens $(if $(PICTURES),--pictures) $(VIEWS)

simulate: $(READY) ## Chance against the engine: SEEDS=2000 from BEGIN=0, or one again: SEED=17 (KEEP=0,3)
	@PYTHONPATH=tests $(BIN)/python -m simulation $(if $(SEEDS),--seeds $(SEEDS)) $(if $(BEGIN),--begin $(BEGIN)) \
		$(if $(SEED),--seed $(SEED)) $(if $(KEEP),--keep $(KEEP))

crash: $(READY) ## All points at which a process may die in its use of the database: JOB=order DATABASE=sqlite AT=...
	@PYTHONPATH=tests $(BIN)/python -m crash $(if $(JOB),--job $(JOB)) $(if $(DATABASE),--database $(DATABASE)) \
		$(if $(AT),--at $(AT),--all)

record: $(READY) ## Record runs of this version, which every later one must be able to go on with
	@PYTHONPATH=tests $(BIN)/python -m replay.record

chaos: $(READY) ## A thousand runs while workers, servers and PostgreSQL are killed: RUNS=1000 RATE=10 SEED=0
	@PYTHONPATH=tests $(BIN)/python -m chaos $(if $(RUNS),--runs $(RUNS)) $(if $(RATE),--rate $(RATE)) \
		$(if $(SEED),--seed $(SEED)) $(if $(RESETS),--resets $(RESETS)) $(if $(FREEZE),--freeze $(FREEZE)) $(if $(OUT),--out $(OUT))

bench: $(READY) ## How fast is it here, beside this machine's limits: SHAPE=apart ROUNDS=3 ONLY=W1 QUICK=1 DATABASE_URL=...
	@$(BIN)/mainspring bench $(if $(SHAPE),--shape $(SHAPE)) $(if $(ROUNDS),--rounds $(ROUNDS)) \
		$(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick) $(if $(DATABASE_URL),--database-url $(DATABASE_URL))

clean: ## Remove what the targets above made
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build

$(READY): pyproject.toml hatch_build.py $(WEB)
ifneq ($(UV),)
	@test -x $(BIN)/python || $(UV) venv --quiet --python '>=3.11' .venv
	@$(UV) pip install --quiet --python $(BIN)/python --editable . --group dev
else
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or set PYTHON=..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "$(PYTHON) cannot make environments: on Debian and Ubuntu, apt-get install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip --upgrade >/dev/null
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1' # knows --group
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
endif
	@touch $@
