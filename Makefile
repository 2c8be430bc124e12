# One word for each task; `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
COMPILE := $(BIN)/pip-compile -q --strip-extras --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host --no-emit-find-links
SOURCES := $(shell find exporter -name '*.py' -o -name '*.json' -path 'exporter/*' -not -path '*/pack/data/*') \
  $(shell find alerts dashboards -name '*.yaml' -o -name '*.md' -o -name '*.py') hatch_build.py pyproject.toml

# $(call stage,TEXT) announces a stage, with the minutes and seconds since the outermost make began.
MAKE_STARTED := $(or $(MAKE_STARTED),$(shell date +%s))
export MAKE_STARTED
stage = @s=$$(($$(date +%s) - $(MAKE_STARTED))); printf '\n== %d:%02d  %s\n' $$((s / 60)) $$((s % 60)) '$(1)'

.PHONY: help setup check lint fast pythons generate golden generated integration chart pods kubernetes rules mutation demo faults dashboards \
  diagnose bench jdks test truth fuzz torture page drawing image image-lock containers lock clean

help: ## list these commands
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.tools: requirements/run.txt requirements/dev.txt
	$(call stage,virtual environment: install the locked packages)
	python3 -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements/run.txt -r requirements/dev.txt
	@touch $@

# The tests run against the wheel that a user would install, never against the sources.
$(VENV)/.wheel: $(VENV)/.tools $(SOURCES)
	$(call stage,wheel: build and install it)
	@rm -rf dist
	$(BIN)/python -m build --quiet --wheel --no-isolation --outdir dist .
	$(BIN)/pip install --quiet --no-deps --force-reinstall dist/*.whl
	@touch $@

setup: $(VENV)/.wheel ## create the virtual environment from the hashed lock, build the wheel and install it

lint: $(VENV)/.wheel
	$(call stage,lint: format · rules · types · import contracts)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/hadolint Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec compose.yaml
	$(BIN)/mypy
	MYPYPATH=exporter $(BIN)/mypy -p lab -p tools -p alerts -p promql -p dashboards -p tests.fuzz
	$(BIN)/lint-imports

fast: $(VENV)/.wheel
	$(call stage,fast tests)
	$(PYTEST) -q -n auto -m 'not integration'

# The newest Python that is installed here: pyenv's, the system's, or PYTHON=... of the caller.
NEWEST_PYTHON = $(shell for python in $$HOME/.pyenv/versions/3.*/bin/python /usr/bin/python3.[0-9][0-9] \
  /usr/local/bin/python3.[0-9][0-9] python3; do $$python -c 'import sys; print(*sys.version_info[:3], sys.executable)'; \
  done 2>/dev/null | sort -n -k1,1 -k2,2 -k3,3 | tail -1 | cut -d' ' -f4)

pythons: PYTHON ?= $(NEWEST_PYTHON)
pythons: ## the fast tests, TLS included, on the newest Python of this machine; PYTHON=... chooses another
	$(call stage,fast tests on $(PYTHON))
	$(PYTHON) -m venv --clear .venv-pythons
	.venv-pythons/bin/pip install --quiet --require-hashes -r requirements/run.txt -r requirements/dev.txt
	.venv-pythons/bin/pip install --quiet --no-deps --no-build-isolation .
	.venv-pythons/bin/python -m pytest -q -m 'not integration' -p no:cacheprovider

check: lint fast ## format, lint, types, import contracts, fast tests: what must hold for every commit

generate: setup ## write the generated docs and the JSON schema again
	$(BIN)/kafka-producer-exporter metrics --format markdown > docs/metrics.md
	$(BIN)/python -m tools.guide
	$(BIN)/python -m tools.generate_configuration exporter/kafka_producer_exporter/config/exporter.schema.json docs/configuration.md
	$(BIN)/python -m alerts.render
	$(BIN)/python -m dashboards
	$(BIN)/python -m tools.generate_kubernetes
	$(BIN)/python -m tools.generate_chart
	$(BIN)/python -m lab.faults --page
	$(BIN)/python -m tests.diagnosis --page
	$(BIN)/python -m dashboards.proof --page
	$(BIN)/python -m tests.integration.kubernetes.page
	@$(MAKE) --no-print-directory setup

golden: setup ## write the golden pages again; review every difference
	$(BIN)/python -m tests.golden_pages

generated: ## generate, and fail if the committed files differ
	$(call stage,generated files: compare with the committed ones)
	@$(MAKE) --no-print-directory generate
	@git diff --exit-code --stat -- docs helm kustomize alerts/rendered dashboards/json exporter/kafka_producer_exporter/config/exporter.schema.json \
	  || { echo 'generated files are out of date: run "make generate" and commit the result'; exit 1; }

# Builds and runs containers. Where CI is set, the runner is root on Debian; elsewhere the tests say what to install.
containers:
	@for program in podman mmdebstrap; do command -v $$program > /dev/null || missing=1; done; \
	if [[ -n "$(CI)" && -n "$${missing:-}" && -z "$(WITHOUT_CONTAINERS)" ]]; then \
	  apt-get update -qq; \
	  DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends podman runc catatonit mmdebstrap > /dev/null; \
	fi || true

# What `make image` tests beyond the build, the size and one scrape, and what `make pods` tests.
IMAGE_ONLY := tests/integration/image/test_image.py tests/integration/image/test_podman.py tests/integration/pods

integration: setup containers ## tests with real brokers, producers and Prometheus; with CI set, every one of them is required
	$(call stage,integration tests$(if $(CI), (CI is set: each one is required)))
	$(if $(CI),REQUIRE_INTEGRATION=1 )$(PYTEST) -q -m integration $(addprefix --ignore=,$(IMAGE_ONLY) tests/integration/kubernetes)

chart: setup ## render the chart with Helm 3 and Helm 4, and compare sidecar, alerts and dashboards with their sources
	$(PYTEST) -q -m integration tests/integration/chart

pods: setup containers ## run pods with a sidecar under podman, break the sidecar, and watch the application; needs root
	$(call stage,pods: what a broken sidecar does to its application)
	REQUIRE_INTEGRATION=1 $(PYTEST) -v --no-header tests/integration/pods

kubernetes: setup containers ## try chart, policy and manifests on a real API server, and write docs/kubernetes-proof.md; WITHOUT_KUBERNETES=1 skips it
	$(call stage,API server: build it if it is not in the cache)
	$(if $(WITHOUT_KUBERNETES),,$(BIN)/python -m lab.fetch kubernetes etcd prometheus-operator-crds)
	$(call stage,tests with the API server)
	REQUIRE_INTEGRATION=1 $(PYTEST) -v --no-header tests/integration/kubernetes

rules: setup ## check the alert rules and run their unit tests with both generations of Prometheus
	$(BIN)/python -m alerts.lint
	$(BIN)/python -m alerts.unit_tests

mutation: setup ## change each alert rule in many small ways, see whether its tests notice, and write docs/mutation.md
	$(BIN)/python -m alerts.mutation $(if $(PROCESSES),--processes $(PROCESSES)) $(ALERTS)

demo: setup ## watch real producers and an alert live; DURATION=60 starts a fault at once and ends after 60 s
	$(call stage,demo)
	$(BIN)/python -m lab.demo $(if $(DURATION),--duration $(DURATION))

faults: setup ## fire the alerts by real faults, and write docs/fault-matrix.md; FAULTS='NAME …' GENERATION=2
	$(BIN)/python -m lab.faults $(FAULTS) $(if $(GENERATION),--generation $(GENERATION))

diagnose: setup ## run diagnose on real faults, and write docs/diagnosis.md; FAULTS='NAME …' CLIENT=2.8.2 for the second set
	$(BIN)/python -m tests.diagnosis $(FAULTS) $(if $(CLIENT),--second-set $(CLIENT))

dashboards: setup ## check the dashboards, ask every query in the lab (quarter of an hour), and write docs/dashboard-proof.md; MISSING=1 for what changed
	$(BIN)/python -m dashboards
	$(BIN)/python -m dashboards.proof $(if $(BOARDS),--boards $(BOARDS)) $(if $(FAULTS),--faults $(FAULTS)) $(if $(MISSING),--missing)

bench: setup ## measure the exporter and its peers side by side (half an hour)
	$(BIN)/python -m benchmarks.against_jmx_exporter
	$(BIN)/python -m benchmarks.rendering --clients 100
	$(BIN)/python -m benchmarks.targets_at_once
	$(BIN)/python -m benchmarks.transaction_log
	$(BIN)/python -m benchmarks.collector_memory
	$(BIN)/python -m benchmarks.alert_rules
	$(BIN)/python -m benchmarks.deployments
	PYTHONPATH=exporter $(BIN)/python -m benchmarks.http_layer
	$(BIN)/python -m benchmarks.image_size

jdks: setup ## read producers on each JDK from 8 to 26 and write docs/compatibility.md; needs root and Debian
	$(BIN)/python -m tests.jdks

truth: setup ## compare the broker view with Kafka while brokers stop and die, and write docs/truth.md; SEED=1
	$(BIN)/python -m tests.truth --seed $(or $(SEED),1)

fuzz: setup ## feed damaged bytes to each decoder (two minutes); EXECUTIONS=1000000 SEED=7 for more
	$(BIN)/python -m tests.fuzz --executions $(or $(EXECUTIONS),10000) --seed $(or $(SEED),1) --processes 2 \
	  $(if $(RECORD),--record) $(DECODERS)

torture: setup ## serve between hostile and honest peers, with the limits of a small container; DURATION=600 SEED=1
	$(BIN)/python -m tests.torture --seconds $(or $(DURATION),600) --seed $(or $(SEED),1) $(if $(PRIORITY),--priority) $(if $(ONLY),--only '$(ONLY)') \
	  --report docs/torture.md

page: setup ## visit the pages in Chromium, as readers on a desktop and on a phone do; needs npm
	$(PYTEST) -q --timeout=900 tests/pages/in_chromium.py

drawing: setup ## draw a sample dashboard in Chromium with Grafana's components, and check what it shows; needs npm
	$(PYTEST) -q --timeout=900 tests/drawing/in_chromium.py

# The integration tests come last, so that what did not run is at the end of the output.
test: ## everything that must hold before a change lands; CI runs this and nothing else
	@$(MAKE) --no-print-directory check generated
	@$(MAKE) --no-print-directory demo DURATION=30
	@$(MAKE) --no-print-directory integration
	$(call stage,all stages passed)

image: setup containers ## build the image and test it with podman; IMAGE=NAME:TAG, WITHOUT_CONTAINERS=1 skips it
	$(call stage,image: build it)
	$(BIN)/python -m lab.image $(if $(IMAGE),--image $(IMAGE))
	$(call stage,image: test it)
	REQUIRE_INTEGRATION=1 $(PYTEST) -q tests/integration/image

image-lock: setup ## for a release: write the digest of the base image into the Dockerfile; needs skopeo and the registry
	$(BIN)/python -m lab.image --lock

lock: $(VENV)/.tools ## update the locked dependencies
	$(COMPILE) --upgrade --output-file=requirements/run.txt pyproject.toml
	$(COMPILE) --upgrade --output-file=requirements/build.txt requirements/build.in
	$(COMPILE) --upgrade --output-file=requirements/dev.txt requirements/dev.in

clean: ## remove everything built in this folder; the lab's cache outside it stays
	rm -rf $(VENV) .venv-pythons dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
