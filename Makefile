# Needs only Python 3.11-3.13 and make. Everything else is installed into .venv from requirements.lock; `make test` also
# installs a Chromium and strace where it is Debian and we may (.ci/tools).
PYTHON ?= python3
BIN := .venv/bin
export DO_NOT_TRACK = 1
export PREFECT_SERVER_ANALYTICS_ENABLED = false

# Where `make fuzz` draws its files from.
SEED ?= 1
# How many rows `make bench` and `make bench-scale` load; empty is as many as is promised.
ROWS ?=

PEERS := pandas_sqlite dbt_duckdb ccbhc

.PHONY: demo test tools fuzz faults everywhere far lint format lock lock-peers bench bench-peers bench-scale clean
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

tools: .venv/.installed  ## a browser and strace for the tests, where there is none
	.ci/tools

test: .venv/.installed lint tools  ## everything
	$(BIN)/python -m pytest -n 2 --dist worksteal

fuzz: .venv/.installed  ## 10,000 drawn files at the door, others with SEED=2
	$(BIN)/python -m pytest -n 2 -m nightly --hypothesis-seed=$(SEED) tests/test_fuzz.py

faults: .venv/.installed  ## over 200 nights killed, disks that fail in every way, a power cut under the schedule; needs strace
	$(BIN)/python -m pytest -n 2 -m nightly tests/test_faults.py tests/test_served.py

everywhere: .venv/.installed  ## one digest in 4 time zones x 3 locales x 3 hash seeds x 1 and 2 threads
	$(BIN)/python -m pytest -m nightly tests/test_same_everywhere.py

far: .venv/.installed  ## Dask's workers killed, and many writers on a PostgreSQL, where one is installed
	$(BIN)/python -m pytest -n 2 -m 'nightly or not nightly' tests/test_checks.py tests/test_lake.py

lint: .venv/.installed  ## format, lint and types
	$(BIN)/ruff format --quiet --check .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy --no-incremental

format: .venv/.installed
	$(BIN)/ruff check --quiet --fix .
	$(BIN)/ruff format --quiet .

lock:  ## needs uv
	uv pip compile pyproject.toml --extra dev --extra dask --extra lake --generate-hashes --universal --python-version 3.11 \
		--custom-compile-command "make lock" --quiet -o requirements.lock

lock-peers:  ## pins of what bench-peers runs beside the product; needs uv
	set -e; for peer in $(PEERS); do uv pip compile bench/peers/$$peer/requirements.in --generate-hashes --universal \
		--python-version $$(test $$peer = ccbhc && echo 3.12 || echo 3.11) \
		--custom-compile-command "make lock-peers" --quiet -o bench/peers/$$peer/requirements.txt; done

bench: .venv/.installed  ## speed, as ratios to floors on the same file, also into README; ROWS=1000000 takes some minutes
	$(BIN)/python bench/bench.py $(ROWS)
	$(BIN)/python -m outcomes.documents
	$(BIN)/python bench/gate.py
	$(BIN)/python bench/pages.py

bench-peers: .venv/.installed  ## the same answers from pandas, dbt and the CCBHC package, and what they cost; installs them into .peers/
	$(BIN)/python bench/peers/run.py

bench-scale: .venv/.installed  ## time, disk and memory up to 100,000,000 rows under 4 GiB; ROWS=30000000 for fewer, ROWS='30000000 1000000' in smaller files
	$(BIN)/python bench/scale.py $(ROWS)

clean:
	rm -rf .venv .peers demo-home test-artifacts
