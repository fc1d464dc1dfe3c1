# Needs python3 (3.11 or newer) and make; everything else comes from requirements.txt into .venv.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
# The PYTHON that was asked for, else .venv's, else python3: a GPU image brings its own torch.
GPU_PYTHON = $(if $(filter file,$(origin PYTHON)),$(firstword $(wildcard $(RUN)) $(PYTHON)),$(PYTHON))

.DEFAULT_GOAL := help
.PHONY: help install demo grid test quick gpu lint clean

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 8

$(VENV)/installed: requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

install: $(VENV)/installed ## Make .venv from requirements.txt

demo: $(VENV)/installed ## Train TEINet on the built-in MovingShapes, test it, show the results
	$(RUN) -m experiments.demo

grid: $(VENV)/installed ## Train and test TSN, TSM, TIM, TEINet and TSINet on MovingShapes
	$(RUN) -m experiments.grid run moving_shapes

test: $(VENV)/installed ## Run all tests
	$(RUN) -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

quick: $(VENV)/installed ## Run the fast tests
	$(RUN) -m pytest -m "not slow" --numprocesses auto --maxprocesses 4 --dist loadfile

gpu: ## Test and measure on this machine's GPU, in 10 minutes; installs nothing
	@$(GPU_PYTHON) -m experiments.gpu

lint: $(VENV)/installed ## Run ruff and the strict type checker
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

clean: ## Remove the environment, but not data and runs
	rm -rf $(VENV)
