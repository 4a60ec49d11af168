# Two commands on a fresh machine: `make demo` and `make test`. Everything goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed
COUNT ?= 10000
SEED ?= 1

.DEFAULT_GOAL := help
.PHONY: help demo test contract check bench bench-all fuzz soak endings lock clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

demo: $(READY) ## install, run the demo scenario, write the report (about five minutes)
	@$(BIN)/twinstore run demo

test: $(READY) ## install, run the whole test suite
	@$(BIN)/python -m pytest

contract: $(READY) ## hold both stores against the contract (a run needs its receipt, which is committed)
	@$(BIN)/python -m pytest tests/contract/suite

check: $(READY) ## lint and type-check
	@$(BIN)/ruff check .
	@$(BIN)/mypy

bench: $(READY) ## measure what stores and instrument are held to (ten minutes)
	@$(BIN)/python -m bench

bench-all: $(READY) ## the same and the long ones: noise floor, capacity, planted effects, soak (three hours)
	@$(BIN)/python -m bench --all

fuzz: $(READY) ## send generated requests to every store: make fuzz COUNT=10000 SEED=1
	@TWINSTORE_FUZZ_REQUESTS=$(COUNT) TWINSTORE_FUZZ_SEED=$(SEED) \
	  $(BIN)/python -m pytest -q tests/security/test_fuzz.py

soak: $(READY) ## every fault, both stores, both postures, three seeds: is anything lost?
	@$(BIN)/python -m bench soak

endings: $(READY) ## end a run at 20 random moments and finish it: make endings SEED=1
	@TWINSTORE_ENDINGS=20 TWINSTORE_ENDINGS_SEED=$(SEED) \
	  $(BIN)/python -m pytest -q -s tests/e2e/test_endings.py -k every_ending

lock: $(READY) ## resolve the newest allowed dependencies into requirements.txt
	@bash tools/lock.sh

clean: ## remove the environment and all results
	rm -rf $(VENV) results build *.egg-info

$(READY): requirements.txt pyproject.toml tools/install.sh
	@bash tools/install.sh $(PYTHON) $(VENV)
	@touch $(READY)
