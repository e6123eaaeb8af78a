# The targets that people and CI call; each says what it does with `make help`.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.PHONY: help setup lock bases docker build bench test unit lint browser-tests impl-tests docker-tests benchmarks selftest nightly nightly-tests clean

BENCH := .venv/bin/bench
PY := .venv/bin/python

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: .venv/.ready  ## .venv/bin/bench, from locked versions

.venv/.ready: requirements/dev.txt pyproject.toml scripts/find-python.sh
	"$$(scripts/find-python.sh)" -m venv .venv
	$(PY) -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(PY) -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

lock: setup  ## write the lock files of the harness anew
	scripts/lock.sh

docker:  ## start a Docker daemon where none answers (as root on Debian)
	docker/start-daemon.sh

bases:  ## the base images: official ones, or stand-ins where no registry answers
	docker/bases.sh

build: setup  ## build every implementation
	$(BENCH) build --yes

bench: setup  ## set up everything, run the quick group-by comparison, draw it
	$(BENCH) run --workload groupby --quick --yes

test: lint unit browser-tests impl-tests docker-tests  ## everything that must pass

lint: setup  ## formatting, lint and types in all languages that are here
	scripts/lint.sh

unit: setup  ## the tests that need neither Docker nor a toolchain nor a network; a minute and a half on two cores
	$(PY) -m pytest -q -n 2 -m "not docker and not impls and not sessions and not browser"

browser-tests: setup  ## the report page in headless Chromium
	$(PY) -m pytest -q -m browser

impl-tests: setup  ## the protocol packages' own tests, implementations on the local toolchains, whole sessions with planted faults
	scripts/impl-tests.sh
	$(PY) -m pytest -q -n 2 --dist loadscope --no-loadscope-reorder -m "(impls or sessions) and not docker and not alone"
	$(PY) -m pytest -q -m "alone and not docker"

docker-tests: setup  ## everything in containers
	$(PY) -m pytest -q -n 2 --dist loadscope --no-loadscope-reorder -m docker

benchmarks: setup  ## time the harness's own hot paths
	$(PY) -m pytest -q tests/benchmarks --benchmark-enable --benchmark-only

selftest: setup  ## error rates of this harness on this machine: equal programs, and a planted difference; a quarter of an hour, nothing else running
	$(PY) scripts/selftest.py

nightly: setup docker  ## measure the quick selection in containers, write its page, compare with the night before
	scripts/nightly.sh

nightly-tests: setup  ## in containers, with what is compiled for too long to be tested at each change
	BENCH_NIGHTLY=1 $(PY) -m pytest -q -m docker tests/test_conformance.py tests/test_full_disk.py

clean:  ## remove what was built and cached here (results stay)
	rm -rf .venv .bench .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks
