# Two commands on a fresh machine: `make demo` and `make test`. Everything goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test contract check bench lock clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

demo: $(READY) ## install, run the demo scenario, write the report (about five minutes)
	@$(BIN)/twinstore run demo

test: $(READY) ## install, run the whole test suite
	@$(BIN)/python -m pytest

contract: $(READY) ## hold both stores against the contract; a run needs its receipt
	@$(BIN)/python -m pytest tests/contract/suite

check: $(READY) ## lint and type-check
	@$(BIN)/ruff check .
	@$(BIN)/mypy

bench: $(READY) ## measure throughput, recorder, start-up and report speed as ratios
	@$(BIN)/python -m bench

lock: $(READY) ## resolve the newest allowed dependencies into requirements.txt
	@bash tools/lock.sh

clean: ## remove the environment and all results
	rm -rf $(VENV) results build *.egg-info

$(READY): requirements.txt pyproject.toml tools/install.sh
	@bash tools/install.sh $(PYTHON) $(VENV)
	@touch $(READY)
