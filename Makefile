# The whole of Mendlog's developer interface. Everything starts from `.venv`, which make builds.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
PYTEST_ARGS ?=
TIMES ?= 20
# Faults mostly wait: for sessions, for time-outs, for brokers to start. By itself xdist would begin
# with the files of most tests; the order is that of tests/faults/conftest.py.
BESIDE := --numprocesses=3 --dist=loadfile --no-loadscope-reorder
KILLED := tests/faults/test_every_action_killed.py tests/faults/test_executor_killed_elsewhere.py
CORE_TESTS := tests/streams/core tests/golden tests/streams/steps/test_candidate.py \
  tests/streams/policy/test_times.py tests/streams/policy/test_inhibits.py

.DEFAULT_GOAL := help
.PHONY: help demo up test properties coverage mutation test-faults test-cluster soak check fmt bench lock clean

help: ## what you can ask for
	@grep -hE '^[a-z.-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.venv: .venv/.ready ## the virtual environment, from the lock file

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' \
	  || { echo "Mendlog needs Python 3.11 to 3.14; '$(PYTHON)' is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.11 .venv"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
	  || { echo "'$(PYTHON) -m venv' cannot work here: the package python$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv is missing. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "making .venv (about half a minute the first time)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

demo: .venv ## break a service and watch the loop close
	@$(BIN)/mendlog demo

up: .venv ## the same stack, kept running until Ctrl-C
	@$(BIN)/mendlog up

test: .venv ## the test suite, real broker included
	@$(BIN)/python -m deploy.sandbox.jars fetch
	@$(BIN)/python -m pytest --ignore=tests/faults --numprocesses=2 --dist=loadfile $(PYTEST_ARGS)

test-faults: .venv ## processes killed, stopped and cut off in the middle
	@$(BIN)/python -m deploy.sandbox.jars fetch
	@$(BIN)/python -m tests.simulation --seeds 0:10000 --jobs 2
	@$(BIN)/python -m pytest tests/faults $(BESIDE) $(PYTEST_ARGS)

test-cluster: .venv ## the cluster contract on a real Kubernetes control plane; needs Go, builds it once
	@$(BIN)/python -m deploy.sandbox.control_plane build
	@$(BIN)/python -m pytest -m control_plane $(PYTEST_ARGS)
	@$(BIN)/python -m deploy.sandbox.control_plane run \
	  $(BIN)/python -m pytest tests/deploy/sandbox/cluster $(PYTEST_ARGS)

soak: .venv ## each action killed at twenty moments, long faults, a million alerts; by hand
	@$(BIN)/python -m deploy.sandbox.jars fetch
	@MENDLOG_SEEDS=$$(seq -s, 1 20) $(BIN)/python -m pytest $(KILLED) -k moment --numprocesses=3
	@MENDLOG_SOAK=1 MENDLOG_SEEDS=3,4,5 $(BIN)/python -m pytest tests/faults \
	  -k "not whatever_moment and not any_moment" $(BESIDE) $(PYTEST_ARGS)
	@$(BIN)/python -m tests.soak --minutes 15

properties: .venv ## each property with TIMES (20) as many examples, others each time; by hand
	@MENDLOG_EXAMPLES_TIMES=$(TIMES) $(BIN)/python -m pytest -m hypothesis --timeout=3600 \
	  --numprocesses=2 $(PYTEST_ARGS)

coverage: .venv ## branches of the core that its own tests reach; fails below 98 %
	@mkdir -p .cache
	@$(BIN)/python -m coverage run -m pytest -q $(CORE_TESTS)
	@$(BIN)/python -m coverage report

mutation: .cache/mutation/bin/mutmut ## changes of the core that its tests would not notice; see docs/mutation.md
	@$< run
	@$< results

.cache/mutation/bin/mutmut:
	@$(PYTHON) -m venv .cache/mutation
	@.cache/mutation/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@.cache/mutation/bin/python -m pip install --quiet --disable-pip-version-check mutmut==3.8.1

check: .venv ## format, lint, types, imports: what CI runs beside the tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

fmt: .venv ## rewrite the code in the house format
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# Beside us in the bench, in a venv of its own: none of our dependencies.
.cache/quix/bin/python:
	@$(PYTHON) -m venv .cache/quix
	@.cache/quix/bin/python -m pip install --quiet --disable-pip-version-check quixstreams==3.28.1

bench: .venv .cache/quix/bin/python ## measure this machine: throughput and latency, side by side with a bare loop
	@$(BIN)/python -m bench

lock: .venv ## resolve requirements.lock again (needs uv)
	uv pip compile pyproject.toml --universal --python-version 3.11 --all-extras --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" -o requirements.lock

clean: ## remove what make made
	rm -rf .venv .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist *.egg-info
