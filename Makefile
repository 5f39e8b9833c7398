# Needs only Python 3.11-3.13 and make. Everything else is installed into .venv from requirements.lock; `make test` also
# installs a Chromium where it is Debian and we may (.ci/chromium).
PYTHON ?= python3
BIN := .venv/bin
export DO_NOT_TRACK = 1
export PREFECT_SERVER_ANALYTICS_ENABLED = false

# Where `make fuzz` draws its files from.
SEED ?= 1
# How many rows `make bench` and `make bench-scale` load; empty is as many as is promised.
ROWS ?=

.PHONY: demo test chromium fuzz faults lint format lock bench bench-scale clean
.DEFAULT_GOAL := test

.venv/.installed: requirements.lock pyproject.toml
	rm -rf .venv
	$(PYTHON) -c 'import sys; assert (3, 11) <= sys.version_info[:2] <= (3, 13), "outcomes needs Python 3.11, 3.12 or 3.13"'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

demo: .venv/.installed  ## the nightly flow on the bundled sample
	$(BIN)/outcomes demo

chromium: .venv/.installed  ## a browser for the tests of the pages, where there is none
	.ci/chromium

test: .venv/.installed lint chromium  ## everything
	$(BIN)/python -m pytest -n 2 --dist worksteal

fuzz: .venv/.installed  ## 10,000 drawn files at the door, others with SEED=2
	$(BIN)/python -m pytest -n 2 -m nightly --hypothesis-seed=$(SEED) tests/test_fuzz.py

faults: .venv/.installed  ## over 200 nights killed, and disks that fail in every way; needs strace
	$(BIN)/python -m pytest -n 2 -m nightly tests/test_faults.py

lint: .venv/.installed  ## format, lint and types
	$(BIN)/ruff format --quiet --check .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy --no-incremental

format: .venv/.installed
	$(BIN)/ruff check --quiet --fix .
	$(BIN)/ruff format --quiet .

lock:  ## needs uv
	uv pip compile pyproject.toml --extra dev --generate-hashes --universal --python-version 3.11 \
		--custom-compile-command "make lock" --quiet -o requirements.lock

bench: .venv/.installed  ## speed, as ratios to floors on the same file, also into README; ROWS=1000000 takes some minutes
	$(BIN)/python bench/bench.py $(ROWS)
	$(BIN)/python -m outcomes.documents
	$(BIN)/python bench/gate.py
	$(BIN)/python bench/pages.py

bench-scale: .venv/.installed  ## time, disk and memory up to 100,000,000 rows under 4 GiB; ROWS=30000000 for fewer
	$(BIN)/python bench/scale.py $(ROWS)

clean:
	rm -rf .venv demo-home test-artifacts
