# Every habit is one word. `make` lists them.
#
# Python 3.11 or newer with venv, make and a package index are all that is needed:
# the first verb makes .venv from the lock file, the others find it there.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PEERS := .venv-peers
REPLIES ?= replies
REPORTS ?= reports
RUNS ?= runs

# Wheels only: nothing is compiled, so a missing wheel is an error and not an hour.
# The versions are pinned with their hashes, so there is nothing to resolve.
PIP_INSTALL := python -m pip --disable-pip-version-check install --quiet --no-deps
INSTALL := $(BIN)/$(PIP_INSTALL)
LOCKED := --only-binary :all: --require-hashes --requirement

# The models are here; nothing may go and look for others.
export HF_HUB_OFFLINE = 1

# What the starter prepares of a home is kept, so that the second start takes a second.
export PARLEY_MODELS__CACHE ?= $(abspath $(VENV))/sentences

# A client that needs other versions than ours is spoken to where it is installed.
export PARLEY_PEERS ?= $(abspath $(PEERS))

.DEFAULT_GOAL := help
.PHONY: help setup setup-peers demo serve verify test test-clients style types contracts \
	spelling tests coverage format bench peers models \
	models-acoustic models-turn-end models-recognizer models-intents can-train docs \
	lock clean

help: ## list the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | \
		awk -F ':.*## ' '{ printf "  make %-13s%s\n", $$1, $$2 }'

setup: $(VENV)/.dev ## make .venv with everything that developing needs

setup-peers: $(PEERS)/.installed ## make .venv-peers with pipecat, for its client and `make peers`

# --- What a user wants ---------------------------------------------------------

demo: $(VENV)/.runtime ## hold conversations with recordings; replies are written as WAV
	$(BIN)/parley talk --demo --out $(REPLIES)

serve: $(VENV)/.runtime ## start the server and say where it listens
	$(BIN)/parley serve

verify: $(VENV)/.runtime ## list the models that came along and check every byte
	$(BIN)/parley models list
	$(BIN)/parley models verify

# --- What a change must pass ---------------------------------------------------

test: style types contracts spelling tests ## the whole check, as CI runs it

style: $(VENV)/.dev ## formatting and lint
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .

types: $(VENV)/.dev ## mypy, strictly
	$(BIN)/mypy

contracts: $(VENV)/.dev ## who may import whom
	$(BIN)/lint-imports --no-cache --no-logo

spelling: $(VENV)/.dev ## slips of the pen, in what is written in English
	$(BIN)/codespell

tests: $(VENV)/.dev ## pytest; PYTEST='-k pause' says which
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(PYTEST)

# They are part of `make test`, where pipecat is skipped unless `make setup-peers` was
# run. The page needs a Chromium on the path.
test-clients: setup setup-peers ## the stock clients of all doors, pipecat too
	$(BIN)/python -m pytest tests/examples tests/streaming/page \
		tests/streaming/test_realtime_clients.py $(PYTEST)

coverage: $(VENV)/.dev ## pytest with a table of the lines that it never reached
	$(BIN)/coverage run -m pytest $(PYTEST)
	$(BIN)/coverage report --skip-covered --show-missing

# --- What a developer wants ----------------------------------------------------

format: $(VENV)/.dev ## write the code as `make style` wants it
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.dev ## measure how fast it answers, with plots
	$(BIN)/parley bench --report $(REPORTS)

peers: setup setup-peers ## speak to Parley, pipecat 1.14 and a naive loop
	$(BIN)/python -m benchmarks.peers

docs: $(VENV)/.dev ## write the pages that are made from the code
	$(BIN)/python -m tests.voice.exploration > docs/turn-taking.md
	$(BIN)/python -m tests.streaming.protocol_page
	$(BIN)/python -m tests.models.results_pages

models: models-acoustic models-turn-end models-recognizer models-intents ## make the starter models anew from seeds: hours; needs the extra train

# A run that was cut off goes on from its last checkpoint.
resume = $(if $(wildcard $(RUNS)/$(1)/checkpoint.pt),--resume)
recordings := $(or $(wildcard $(PARLEY_SPEECH)/train),$(wildcard ../shared/speech/train))

models-acoustic models-turn-end models-recognizer models-intents: can-train

can-train: $(VENV)/.dev
	@$(BIN)/python -c 'import torch' 2>/dev/null || { \
		echo "Models are made with the extra train: $(BIN)/pip install -e '.[train]'"; \
		exit 2; }

models-acoustic:
	$(BIN)/python -m models.recipes.acoustic.train --out $(RUNS)/acoustic \
		$(call resume,acoustic)
	$(BIN)/python -m models.recipes.acoustic.ship --run $(RUNS)/acoustic --version new

# It reads what the acoustic model hears: first that one, then this.
models-turn-end:
	$(BIN)/python -m models.recipes.turn_end.train --out $(RUNS)/turn-end \
		$(call resume,turn-end)
	$(BIN)/python -m models.recipes.turn_end.ship --run $(RUNS)/turn-end --version new

models-recognizer:
ifneq ($(recordings),)
	$(BIN)/python -m models.recipes.recognizer.train --out $(RUNS)/recognizer \
		--until 0.33 $(call resume,recognizer)
	$(BIN)/python -m models.recipes.recognizer.align --run $(RUNS)/recognizer
endif
	$(BIN)/python -m models.recipes.recognizer.train --out $(RUNS)/recognizer \
		$(if $(recordings),--resume,$(call resume,recognizer))
	$(BIN)/python -m models.recipes.recognizer.export --run $(RUNS)/recognizer \
		--out models/starter/recognizer
	$(BIN)/python -m models.recipes.recognizer.evaluate \
		--model models/starter/recognizer --json $(RUNS)/scores.json
	$(BIN)/python -m models.recipes.recognizer.manifest \
		--model models/starter/recognizer --run $(RUNS)/recognizer \
		--scores $(RUNS)/scores.json --version new \
		--out models/manifests/starter-recognizer.toml

models-intents: INTENTS := $(RUNS)/intents
models-intents: RECIPE := $(BIN)/python -m models.recipes.intents
models-intents:
	@mkdir -p $(INTENTS)
	$(RECIPE).pools --out $(INTENTS)/pools.pkl
	$(RECIPE).hearing --out $(INTENTS)/heard.jsonl
	$(RECIPE).hearing --test --each 150 --out $(INTENTS)/heard_test.jsonl
	$(RECIPE).train --run $(INTENTS)/model --pools $(INTENTS)/pools.pkl \
		--heard $(INTENTS)/heard.jsonl --minutes 60
	$(RECIPE).ship --run $(INTENTS)/model --heard $(INTENTS)/heard_test.jsonl \
		--version new

lock: ## choose the newest versions of everything (needs uv)
	uv pip compile $(UV_FLAGS) --output-file requirements.lock pyproject.toml
	for extra in dev cuda; do uv pip compile $(UV_FLAGS) --extra $$extra \
		--constraint requirements.lock --output-file requirements-$$extra.lock \
		pyproject.toml || exit; done
	uv pip compile $(UV_FLAGS) --group peers $(NO_WHEEL) \
		--output-file requirements-peers.lock pyproject.toml

clean: ## remove everything that was made, .venv included
	rm -rf $(VENV) $(PEERS) $(REPLIES) $(REPORTS) build dist .coverage .hypothesis .*_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# One version of everything for every Python and every machine, and not a word about
# the index that they came from.
UV_FLAGS := --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--upgrade --group build --generate-hashes --no-annotate --no-emit-index-url \
	--no-emit-find-links --custom-compile-command 'make lock'

# There is no wheel of it; only the command line of num2words asks for it.
NO_WHEEL := --no-emit-package docopt

# --- The environment -----------------------------------------------------------

# Each stamp is written last, so that an installation that was cut off starts again.
$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo "installing the tools of development into $(VENV)"
	@$(INSTALL) $(LOCKED) requirements-dev.lock
	@touch $@

$(VENV)/.runtime: requirements.lock pyproject.toml $(BIN)/python
	@echo "installing Parley into $(VENV)"
	@$(INSTALL) $(LOCKED) requirements.lock
	@$(INSTALL) --no-build-isolation --editable .
	@mkdir -p $(VENV)/sentences
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Parley needs Python 3.11 or newer; say which: make PYTHON=python3.12"; \
		exit 2; }
	@$(PYTHON) -m venv $(VENV) || { \
		echo "$(PYTHON) has no working venv (on Debian: the package python3-venv)"; \
		exit 2; }

# What Parley is compared with has an environment of its own: nothing of it is needed
# otherwise. Parley's stages run in it too, so that the parts are the same.
$(PEERS)/.installed: requirements-peers.lock pyproject.toml
	@echo "installing pipecat into $(PEERS)"
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/$(PIP_INSTALL) $(LOCKED) requirements-peers.lock
	@$(PEERS)/bin/$(PIP_INSTALL) --no-build-isolation --editable .
	@touch $@
