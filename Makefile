# Everything here sets itself up in .venv and needs nothing but make and Python 3.11 or newer.
# Without make: python dev.py

# The first interpreter that is new enough. To choose one: make test PYTHON=/path/to/python
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo "$$python"; break; }; done)

BIN := .venv/bin
READY := .venv/.ready
DEV := $(BIN)/python dev.py
SECONDS ?= 60
ROUNDS ?= 10

.DEFAULT_GOAL := help
.PHONY: help demo test lint types native pytest docs soak fuzz bench example golden reference format \
	clean

help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## Build the example schemas; send events of each topic, receive them
	@$(DEV) demo

test: $(READY) ## Run everything that CI runs
	@$(DEV) test

lint: $(READY) ## Check with ruff, black, rustfmt and clippy
	@$(DEV) lint

types: $(READY) ## Check types with mypy and pyright, both strict
	@$(DEV) types

native: $(READY) ## Build the native codec into .venv, if cargo is there
	@$(DEV) native

pytest: $(READY) ## Run the tests, with both backends of the codec
	@$(DEV) pytest

docs: .venv/.docs ## Make the site of the documentation, in build/site
	@echo "==> sphinx-build"
	@$(BIN)/sphinx-build --quiet --fresh-env --fail-on-warning --keep-going --jobs auto -c docs . build/site
	@echo "it begins at build/site/index.html"

soak: $(READY) ## Kill brokers and clients at random moments, ROUNDS=10 or as often as you like
	@AVROGEN_FAULT_ROUNDS=$(ROUNDS) AVROGEN_FAULT_KILLS=5 $(BIN)/pytest tests/faults -q

fuzz: $(READY) ## Throw broken messages at the codec, SECONDS=60 or as long as you like
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS)
	@! $(BIN)/python -c "import avrogen_native" 2> /dev/null || \
		$(BIN)/python -m tests.fuzz.both_backends --seconds $(SECONDS)

bench: .venv/.bench ## Measure codec, serializers and clients, with others beside them, and builds
	@echo "==> python benchmarks/codec.py (takes about three minutes)"
	@$(BIN)/python benchmarks/codec.py
	@echo "==> python benchmarks/forms.py"
	@$(BIN)/python benchmarks/forms.py
	@echo "==> python benchmarks/serde.py"
	@$(BIN)/python benchmarks/serde.py
	@echo "==> python benchmarks/topics.py"
	@$(BIN)/python benchmarks/topics.py
	@echo "==> python benchmarks/concurrency.py"
	@$(BIN)/python benchmarks/concurrency.py
	@echo "==> python benchmarks/build.py"
	@$(BIN)/python benchmarks/build.py

example: $(READY) ## Write generated_example/ and the README's picture anew
	@$(BIN)/avrogen build schemas/ -o generated_example/
	@$(BIN)/python -m tests.docs.picture

golden: $(READY) ## Write what the golden cases of tests/golden/ are built into anew
	@$(BIN)/python -m tests.golden

reference: $(READY) ## Write docs/commands.md and docs/configuration.md anew
	@$(BIN)/python -m tests.reference

format: $(READY) ## Format the code
	@$(DEV) format

clean: ## Remove what make has made
	rm -rf .venv build dist native/target

$(READY): pyproject.toml
	@test -n "$(PYTHON)" || { echo "avrogen needs Python 3.11 or newer, and none was found." >&2; \
		echo "If it is elsewhere: make PYTHON=/path/to/python" >&2; exit 1; }
	@"$(PYTHON)" dev.py setup

.venv/.docs: $(READY)
	@echo "==> adding to .venv what draws diagrams"
	@mkdir -p .venv/mermaid
	@cd .venv/mermaid && PATH="../bin:$$PATH" npm pack --silent mermaid@11 > /dev/null \
		&& tar -xzf mermaid-*.tgz package/dist/mermaid.min.js
	@touch $@

.venv/.bench: $(READY)
	@echo "==> adding to .venv what avrogen is compared with"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group bench
	@touch $@
