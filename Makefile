# Everything a person or CI runs. All tools live in .venv, which a target makes when it needs it.

PYTHON ?= python3
SITE ?= samples/greenhouse/site.py
SECONDS ?= 15
SEEDS ?= 1000
START ?= 0
CASES ?= 100000

VENV := .venv
# Written last, so a half-made environment is made again; newer than pyproject.toml means complete.
STAMP := $(VENV)/.complete
RUN := $(VENV)/bin/python
# MicroPython on 32 bits, for tests alone; npm writes this file last. node knows certificates of its
# own only, unless it is told whom this machine trusts.
WASM := tests/wasm/node_modules/.package-lock.json

CERTIFICATES := $(wildcard /etc/ssl/certs/ca-certificates.crt)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup run-sample flash test soak lint size bench fuzz

help: ## list these targets
	@echo 'make TARGET, where TARGET is one of:'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) $(WASM) ## make .venv with everything the other targets need (PYTHON=python3)

run-sample: $(STAMP) ## run a sample: SITE=samples/greenhouse/site.py SECONDS=15
	$(RUN) -m actors run $(SITE) --seconds $(SECONDS)

flash: $(STAMP) ## put a device of a site on a board: SITE=… DEVICE=field/probe-1 PORT=(the only one)
	@test -n '$(DEVICE)' || { echo 'make: which device? make flash SITE=$(SITE) DEVICE=field/probe-1' >&2; exit 2; }
	$(RUN) -m actors flash $(SITE) $(DEVICE) $(if $(PORT),--port $(PORT))

# A file of tests stays with one of three processes: what a file has started, its tests share. On
# two processors mostly one of the three waits; see tests/conftest.py for the order.
# They start hundreds of devices, of which none has to compile the same modules once more.
test: $(STAMP) $(WASM) ## run all tests, the kernel's under MicroPython too
	$(RUN) -m compileall -q actors mp_actors
	$(RUN) -m pytest -n 3 --dist loadfile --no-loadscope-reorder

soak: $(STAMP) ## simulate many sites with heavy faults: SEEDS=1000 START=0; and a real one: HOURS=1
	$(RUN) -m $(if $(HOURS),tests.soak --hours $(HOURS),tests.sim.soak --seeds $(SEEDS)) --start $(START)

fuzz: $(STAMP) ## feed mutated bytes to nodes: CASES=100000 START=0
	$(RUN) -m tests.fuzz --cases $(CASES) --seed $(START)

lint: $(STAMP) ## check style (ruff) and types (mypy)
	$(RUN) -m ruff check .
	$(RUN) -m mypy

size: $(STAMP) ## print what each kernel module costs a board
	$(RUN) -m tests.size

bench: $(STAMP) ## run the benchmarks
	$(RUN) -m tests.bench

$(STAMP): pyproject.toml
	@command -v $(PYTHON) >/dev/null || { \
	  echo "make: no $(PYTHON) here; install Python 3.11 or newer, or name one: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: $$($(PYTHON) --version) is too old; name Python 3.11 or newer: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "make: $(PYTHON) cannot make virtual environments; install its venv module (Debian: apt install python3-venv)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install -q --no-input --disable-pip-version-check -e '.[board,dev]'
	@touch $@

# Without it, its tests are skipped, and say why; nothing else needs node.
$(WASM): tests/wasm/package.json tests/wasm/package-lock.json
	@if ! command -v npm >/dev/null; then \
	  echo 'make: no npm here; the kernel is not tried on 32 bits: apt install nodejs npm'; \
	elif NODE_EXTRA_CA_CERTS=$${NODE_EXTRA_CA_CERTS:-$(CERTIFICATES)} \
	  npm ci --prefix tests/wasm --ignore-scripts --no-audit --no-fund --loglevel=error; then touch $@; \
	else echo 'make: npm has not brought MicroPython; the kernel is not tried on 32 bits' >&2; fi
