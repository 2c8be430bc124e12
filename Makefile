# One word for each thing. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
COMPILE := $(BIN)/pip-compile -q --strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
SOURCES := $(shell find exporter -name '*.py' -o -name '*.json' -path 'exporter/*') pyproject.toml

.PHONY: help setup check lint fast generate golden generated integration demo bench test lock clean

help: ## list these commands
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.tools: requirements/run.txt requirements/dev.txt
	python3 -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements/run.txt -r requirements/dev.txt
	@touch $@

# The tests run against the wheel that a user would install, never against the sources.
$(VENV)/.wheel: $(VENV)/.tools $(SOURCES)
	@rm -rf dist
	$(BIN)/python -m build --quiet --wheel --no-isolation --outdir dist .
	$(BIN)/pip install --quiet --no-deps --force-reinstall dist/*.whl
	@touch $@

setup: $(VENV)/.wheel ## virtual environment from the hashed lock, then the built wheel

lint: $(VENV)/.wheel
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	MYPYPATH=exporter $(BIN)/mypy -p lab
	$(BIN)/lint-imports

fast: $(VENV)/.wheel
	$(PYTEST) -q -m 'not integration'

check: lint fast ## format, lint, types, imports, fast tests (the promise of each commit)

generate: setup ## write docs and schema anew from the tables that they follow from
	$(BIN)/kafka-producer-exporter metrics --format markdown > docs/metrics.md
	$(BIN)/kafka-producer-exporter metrics --guide --format markdown > docs/guide-coverage.md
	$(BIN)/python -m tools.generate_configuration exporter/kafka_producer_exporter/config/exporter.schema.json docs/configuration.md
	@$(MAKE) --no-print-directory setup

golden: setup ## write the golden pages anew; each difference is a decision to review
	$(BIN)/python -m tests.golden_pages

generated: generate ## the same as generate; fails where what is committed differs
	@git diff --exit-code --stat -- docs exporter/kafka_producer_exporter/config/exporter.schema.json \
	  || { echo 'generated files are not current: run "make generate" and commit them'; exit 1; }

integration: setup ## real broker, real producers, real Prometheus
	REQUIRE_INTEGRATION=1 $(PYTEST) -q -m integration

demo: setup ## the main job on real input; DURATION=60 ends it by itself
	$(BIN)/python -m lab.demo $(if $(DURATION),--duration $(DURATION))

bench: setup ## side by side with the peers, in one run
	$(BIN)/python -m benchmarks.against_jmx_exporter
	$(BIN)/python -m benchmarks.rendering --clients 100
	$(BIN)/python -m benchmarks.targets_at_once
	$(BIN)/python -m benchmarks.transaction_log
	PYTHONPATH=exporter $(BIN)/python -m benchmarks.http_layer

test: ## all that must hold
	@$(MAKE) --no-print-directory check generated
	@$(MAKE) --no-print-directory integration
	@$(MAKE) --no-print-directory demo DURATION=30

lock: $(VENV)/.tools ## renew the locked dependencies
	$(COMPILE) --upgrade --output-file=requirements/run.txt pyproject.toml
	$(COMPILE) --upgrade --output-file=requirements/dev.txt requirements/dev.in

clean: ## remove what was built here (the lab's cache outside the repository stays)
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
