# The one way in. Needs Python (3.9 or newer, for the first step) and make; everything else is installed into this folder,
# at the releases that requirements/ names by hash: .tools/ (uv, sam, checkov and the local AWS, each on its own) and .venv/.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# The interpreter that fetches uv; uv then finds or fetches the Python that .python-version names.
PYTHON ?= python3
# For which processor `make build` builds: arm64 or x86_64 (the template's parameter Architecture).
ARCHITECTURE ?= arm64

UV := .tools/uv/bin/uv
SAM := .tools/sam/bin/sam
CHECKOV := .tools/checkov/bin/checkov
BIN := .venv/bin

# sam looks for python3.13 and for uv here.
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/.tools/uv/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
# Our own environments are named by path; one that happens to be active must not be taken for them.
unexport VIRTUAL_ENV
unexport PYTHONPATH
unexport PYTHONHOME

TOOLS := .tools/sam/.installed .tools/checkov/.installed .tools/ministack/.installed
READY := .venv/.installed $(TOOLS)

# What may follow `make demo` and `make serve`. HOST counts only on the command line: some shells export one of their own.
LOCAL_OPTIONS = $(if $(PORT),--port "$(PORT)") $(if $(filter command,$(firstword $(origin HOST))),--host "$(HOST)") \
	$(if $(PARAMS),--params "$(PARAMS)")

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY) ## Install everything the other targets need (they do it themselves; nothing is done twice)
	@echo 'Everything is installed.'

.PHONY: check
check: $(READY) ## Lint, formatting, types (the dashboard's, too), the template's own lint and its security rules
	@echo '== ruff'
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo '== mypy'
	@$(BIN)/mypy
	@echo '== tsc, for the dashboard'
	@$(BIN)/python functions/dashboard/bundle.py .tools/dashboard --check docs/openapi.json
	@echo '== sam validate --lint'
	@$(SAM) validate --lint
	@echo '== checkov'
	@$(CHECKOV) --file template.yaml --framework cloudformation --compact --quiet --skip-download
	@echo 'No security rule is broken.'

.PHONY: format
format: .venv/.installed ## Put the code into its one format, and mend what the linter can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

# What needs no stack runs on all processors, a file each; what does goes one after the other, on one stack.
ALONE = $(BIN)/pytest tests --ignore=tests/stack -n auto --dist loadfile $(ARGS)
STACKED = $(BIN)/pytest tests/stack $(ARGS)

.PHONY: test
test: $(READY) ## All tests, those against the locally deployed stack included (ARGS="-k codes" goes on to pytest)
	@$(ALONE); alone=$$?; [ $$alone -eq 0 ] || [ $$alone -eq 5 ] || exit $$alone; \
	$(STACKED); stacked=$$?; [ $$stacked -eq 5 ] && exit $$alone; exit $$stacked

.PHONY: test-fast
test-fast: $(READY) ## All tests but those that deploy the stack
	@$(ALONE)

.PHONY: demo
demo: $(READY) ## Play the whole story against the stack deployed on this machine (ARGS=--verbose shows what went over the wire)
	@$(BIN)/python -m local demo $(LOCAL_OPTIONS) $(ARGS)

.PHONY: serve
serve: $(READY) ## Keep the stack up on this machine (PORT=8080 HOST=192.168.1.5 PARAMS="EmailCodeSeconds=3")
	@$(BIN)/python -m local serve $(LOCAL_OPTIONS) $(ARGS)

.PHONY: admin-token
admin-token: ## Print an administrator's token for what `make serve` keeps up (make -s admin-token ROLE=helpdesk PERSON=otto)
	@test -x $(BIN)/python || { echo 'Nothing is served here: run `make serve` first.' >&2; exit 1; }
	@$(BIN)/python -m local admin-token --role "$(ROLE)" --person "$(PERSON)" $(ARGS)

.PHONY: people
people: ## Make a few people at what `make serve` keeps up: one in each state that the dashboard shows
	@test -x $(BIN)/python || { echo 'Nothing is served here: run `make serve` first.' >&2; exit 1; }
	@$(BIN)/python -m local people $(ARGS)

.PHONY: dashboard
dashboard: ## Show each change of the dashboard at once in what `make serve` keeps up
	@test -x $(BIN)/python || { echo 'Nothing is served here: run `make serve` first.' >&2; exit 1; }
	@$(BIN)/python -m local dashboard $(ARGS)

.PHONY: verify-log
verify-log: $(READY) ## Verify the log of what `make serve` keeps up, or of a stack in the cloud (ARGS="--stack NAME --region R")
	@$(BIN)/python -m local verify-log $(ARGS)

.PHONY: bench
bench: $(READY) ## Measure cold starts, round trips, units and prices against their budgets
	@$(BIN)/python -m bench $(ARGS)

.PHONY: docs
docs: .venv/.installed ## Make docs/openapi.json and docs/vectors.json anew from code and template
	@$(BIN)/python -m docs.build

.PHONY: build
build: $(READY) ## Build what `sam deploy` uploads (ARCHITECTURE=x86_64 for the other processor)
	@TARGET_ARCH=$(ARCHITECTURE) $(SAM) build --parameter-overrides Architecture=$(ARCHITECTURE)

.PHONY: lock
lock: $(UV) ## Resolve requirements anew (ARGS=--upgrade takes the newest releases)
	@for name in uv layers/dependencies/requirements dev sam checkov ministack; do \
	  case $$name in */*) file=$$name;; *) file=requirements/$$name;; esac; \
	  echo "Resolving $$file.in …"; \
	  $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.13 \
	    $(ARGS) $$file.in --output-file $$file.txt || exit 1; \
	done

.PHONY: clean
clean: ## Remove what was built, cached and installed
	@rm -rf .aws-sam .local .venv .tools .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- Setting up: each step says what it does, and is skipped while the lock it came from has not changed ---

# Debian's Python lacks ensurepip unless python3-venv is installed, other ones lack pip outside of a venv: either will do.
$(UV): requirements/uv.txt
	@echo 'Fetching uv, which installs the rest …'
	@rm -rf .tools/uv && mkdir -p .tools
	@for python in $(PYTHON) /usr/bin/python3; do \
	  if "$$python" -m venv .tools/uv >/dev/null 2>&1; then \
	    exec .tools/uv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<; \
	  elif rm -rf .tools/uv && "$$python" -m pip --version >/dev/null 2>&1; then \
	    exec "$$python" -m pip install --quiet --disable-pip-version-check --require-hashes --target .tools/uv -r $<; \
	  fi; \
	done; \
	echo "This needs a Python of at least 3.9 with venv or pip, and '$(PYTHON)' is none." \
	  "Debian and Ubuntu: apt-get install python3-venv. Another interpreter: make PYTHON=/path/to/python3 …" >&2; \
	exit 1
	@touch $@

# The path of the Python that everything runs with, in a file. One that pyenv installed but does not offer here counts too.
.tools/python.path: $(UV) .python-version
	@version=$$(cat .python-version); \
	find_python() { $(UV) python find --system --no-project --no-python-downloads "$$1" 2>/dev/null; }; \
	path=$$(find_python "$$version") || for candidate in "$${PYENV_ROOT:-$$HOME/.pyenv}/versions/$$version".*/bin/python; do \
	  path=$$(find_python "$$candidate") && break; \
	done; \
	if [ -z "$$path" ]; then \
	  echo "No Python $$version here; fetching one into .tools/pythons …"; \
	  UV_PYTHON_INSTALL_DIR=.tools/pythons $(UV) python install --quiet --no-bin "$$version" && \
	    path=$$(UV_PYTHON_INSTALL_DIR=$(CURDIR)/.tools/pythons $(UV) python find --managed-python --no-project "$$version"); \
	fi; \
	if [ -z "$$path" ]; then \
	  echo "Python $$version is needed, was not found and could not be fetched:" \
	    "install it (python.org, your system's packages or pyenv), then run make again." >&2; \
	  exit 1; \
	fi; \
	echo "$$path" >$@

INSTALL = $(UV) venv --quiet --allow-existing --no-project --python "$$(cat .tools/python.path)" $(@D) && \
	$(UV) pip sync --quiet --require-hashes --python $(@D) $< && touch $@

.venv/.installed: requirements/dev.txt .tools/python.path
	@echo 'Installing the development environment into .venv …'
	@$(INSTALL)

$(TOOLS): .tools/%/.installed: requirements/%.txt .tools/python.path
	@echo 'Installing $* into .tools/$* …'
	@$(INSTALL)
