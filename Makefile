# Every command sets up .venv by itself if needed (python3 >= 3.11 and pip); what is set up already is not set up again.
# TORCH_INDEX takes torch's CPU build on a machine without a GPU, for example
#   make demo TORCH_INDEX=https://download.pytorch.org/whl/cpu

PYTHON ?= python3
TORCH_INDEX ?=
VENV := .venv
BENCH_VENV := .venv-bench
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

# What is typed as PROMPT="…" reaches the commands through the environment, exactly as it was typed: otherwise make would
# expand a $ in it, and the shell interpret its quotes. A variable of such a name that the caller's environment has by
# chance (PORT, or zsh's PROMPT) is not meant.
is_typed = $(filter command,$(firstword $(origin $(1))))
TYPED := $(foreach name,PROMPT DATA PORT WORKERS MODEL,$(if $(call is_typed,$(name)),$(name)))
$(foreach name,$(TYPED),$(eval export override $(name) := $$(value $(name))))
# Images of Python often set it. Then each of the many processes that the tests start compiles all modules of ours again.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.PHONY: help demo up test test-slow test-all test-thorough test-parts test-servers test-service test-clients test-containers soak check bench bench-queue bench-models gpu-check soak-models train-demo-model evaluate-demo-model lock clean

##@ For users

help: ## show these commands
	@sed -nE -e 's/^##@ (.*)/\n\1/p' -e 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | tail -n +2 | expand -t 28

demo: $(VENV)/.installed ## render one prompt through the whole service on this machine, into demo.png (PROMPT="…")
	@$(BIN)/python -m infra.local run -- $(BIN)/python -m infra.local.demo $(if $(filter PROMPT,$(TYPED)),--prompt="$$PROMPT")

up: $(VENV)/.installed ## run the whole service on this machine until Ctrl-C (PORT=… DATA=FOLDER WORKERS=… MODEL=…)
	@TYPED_IN_MAKE="$(filter-out PROMPT,$(TYPED))" $(BIN)/python -m infra.local up

gpu-check: $(VENV)/.installed ## try the engine on a GPU for at most eight minutes, and write a page (DEVICE=cuda:1; DEVICE=cpu: tiny models; OPTIONS="…")
	@$(BIN)/python -m bench.gpu_check $(if $(call is_typed,DEVICE),--device "$(DEVICE)") $(OPTIONS)

clean: ## remove the virtual environment and the embedded stack's data
	rm -rf $(VENV) $(BENCH_VENV) .darkroom

##@ For developers

test: $(VENV)/.installed-dev ## run the tests, on a real PostgreSQL, Valkey, S3 server and real workers, in four parts at once
	@$(ALL_PARTS) WHICH="not slow and not thorough"

test-slow: $(VENV)/.installed-dev ## run the tests that take many seconds each, such as the training recipe's
	@$(ALL_PARTS) WHICH="slow and not thorough"

# Together they share what takes long to start.
test-all: $(VENV)/.installed-dev ## run both, in less time than one after the other; what CI runs beside make check
	@$(ALL_PARTS) WHICH="not thorough"

# One after another, so that nothing disturbs what they measure.
test-thorough: $(VENV)/.installed-dev ## run the tests that take minutes: every process killed at every point (docs/faults.md), long walks, a resume from every step
	@$(BIN)/python -m pytest tests -m thorough

# Some tests compute, and some mostly wait for servers: side by side they take less time, also on two cores. Each part prints its
# output when it is done. Folders are where the parts take the same time, and none starts what it needs for few tests.
WHICH ?= not slow and not thorough
ON_SERVERS := database http integration local_stack pictures releases
ON_SERVICE := acceptance demo_model doctor failover faults lifecycle_walk live soak
BY_CLIENTS := client dialects model_store object_store page
ALL_PARTS = $(MAKE) --no-print-directory --jobs=4 --keep-going $(if $(filter output-sync,$(.FEATURES)),--output-sync) test-parts test-servers test-service test-clients

test-parts: $(VENV)/.installed-dev ## run the part of make test that computes: rendering, guards, single modules (WHICH="slow")
	@$(BIN)/python -m pytest tests $(patsubst %,--ignore=tests/%,$(ON_SERVERS) $(ON_SERVICE) $(BY_CLIENTS)) -m "$(WHICH)"

test-servers: $(VENV)/.installed-dev ## run the part on a real database, Redis and store: the API, HTTP, pictures and the queue (WHICH="slow")
	@$(BIN)/python -m pytest $(ON_SERVERS:%=tests/%) -m "$(WHICH)"

test-service: $(VENV)/.installed-dev ## run the part on the whole service: jobs from submit to webhook, the demo model, faults (WHICH="slow")
	@$(BIN)/python -m pytest $(ON_SERVICE:%=tests/%) -m "$(WHICH)"

test-clients: $(VENV)/.installed-dev ## run the part of those outside: our client, other systems' clients, the page, stores and hubs (WHICH="slow")
	@$(BIN)/python -m pytest $(BY_CLIENTS:%=tests/%) -m "$(WHICH)"

test-containers: $(VENV)/.installed-dev ## build and run the containers on an engine of their own (Debian, root, 14 GB of disk; OPTIONS="--keep"); takes half an hour
	@$(BIN)/python -m tests.containers $(if $(TORCH_INDEX),--torch-index $(TORCH_INDEX)) $(OPTIONS)

soak: $(VENV)/.installed-dev ## send 10,000 jobs while everything breaks, and check that none is lost (JOBS=… SEED=…, docs/faults.md); takes minutes
	@$(BIN)/python -m tests.soak $(if $(JOBS),--jobs $(JOBS)) $(if $(SEED),--seed $(SEED))

check: $(VENV)/.installed-dev ## run ruff, mypy, import-linter, codespell and alembic check
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/codespell
	@$(BIN)/python -m infra.local run --only database -- $(BIN)/alembic check

bench: $(BENCH_VENV)/.installed ## measure the engine beside LitServe, BentoML, static batching and the plain pipeline (QUICK=1, OPTIONS="…")
	@$(BENCH_VENV)/bin/python -m bench.render $(if $(QUICK),--quick) $(OPTIONS)

bench-queue: $(BENCH_VENV)/.installed ## measure the queue beside stock Celery, BRPOP, a bare handler and a naive service (QUICK=1, OPTIONS="…")
	@$(BENCH_VENV)/bin/python -m bench.queue $(if $(QUICK),--quick) $(OPTIONS)

bench-models: $(BENCH_VENV)/.installed ## measure denoisers of known models with random weights: images/s and TFLOP/s (OPTIONS="--dims tiny")
	@OMP_WAIT_POLICY=passive $(BENCH_VENV)/bin/python -m bench.denoisers $(OPTIONS)

soak-models: $(VENV)/.installed-dev ## send 2,000 jobs over four models with memory for two: loads, waits and memory, into bench/soak/result.json
	@$(BIN)/python -m bench.soak $(OPTIONS)

train-demo-model: $(VENV)/.installed ## train Picturebook (MINUTES=…, STEPS=…), into OUT=…, or with INSTALL=1 into demo_model/weights
	@OMP_WAIT_POLICY=passive $(BIN)/python -m demo_model.training.train $(if $(INSTALL),--install) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(STEPS),--steps $(STEPS)) $(if $(OUT),--out "$(OUT)")

evaluate-demo-model: $(VENV)/.installed ## score Picturebook on prompts that it never saw, into its model card
	@OMP_WAIT_POLICY=passive $(BIN)/python -m demo_model.evaluation.evaluate

lock: ## resolve the newest dependencies into constraints.txt
	rm -rf $(VENV)/lock && $(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip install --quiet --upgrade pip
	$(VENV)/lock/bin/python -m pip install --quiet $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) --group dev '.[render,local]' ./client
	$(VENV)/lock/bin/python -m pip freeze --exclude darkroom-server --exclude darkroom | sed -E 's/\+cpu$$//' > constraints.txt
	@echo "# What torch for CUDA brings besides." >> constraints.txt
	$(VENV)/lock/bin/python -m pip install --quiet --dry-run --ignore-installed --only-binary=:all: --report $(VENV)/lock/torch.json "$$(grep ^torch== constraints.txt)"
	$(VENV)/lock/bin/python -c 'import json, sys; print(*sorted("{name}=={version}".format_map(each["metadata"]) for each in json.load(sys.stdin)["install"] if each["metadata"]["name"].startswith(("cuda-", "nvidia-", "setuptools", "triton"))), sep="\n")' < $(VENV)/lock/torch.json >> constraints.txt
	rm -rf $(VENV)/lock

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("Darkroom needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	@echo "Setting up $(VENV) (a few minutes, once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"

$(VENV)/.installed: $(BIN)/python pyproject.toml client/pyproject.toml constraints.txt
	@PYTHONWARNINGS=ignore $(PIP) --editable '.[render,local]' --editable ./client
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@$(PIP) --group dev
	@touch $@

# Only the peers are installed here; torch and everything else of the product comes from .venv, through a path file.
$(BENCH_VENV)/.installed: $(VENV)/.installed
	@test -x $(BENCH_VENV)/bin/python || $(BIN)/python -m venv $(BENCH_VENV)
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
		> "$$($(BENCH_VENV)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/product.pth"
	@$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	@$(BENCH_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --group bench
	@touch $@
