# The project's commands. `make help` lists them.
SHELL := /bin/sh
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEVELOPMENT := $(VENV)/.development-installed
COMMAND := $(BIN)/dataplatform

.DEFAULT_GOAL := help
.PHONY: help install hooks demo up docs diagrams pulumi picture down test test-long test-provider test-functions test-images test-engine rehearsal test-all needs-of-tests check format lock settings schema components commands snapshots pages bench campaign clean

help: ## List the commands.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(DEVELOPMENT) $(COMMAND) ## Create the virtual environment (.venv) with all pinned packages and development tools.

$(INSTALLED): requirements/local.txt requirements/system-packages.sh requirements/install.sh
	@PYTHON=$(PYTHON) sh requirements/system-packages.sh
	@PYTHON=$(PYTHON) sh requirements/install.sh $(VENV) requirements/local.txt
	@touch $@

$(DEVELOPMENT): $(INSTALLED) requirements/development.txt
	@sh requirements/install.sh $(VENV) requirements/development.txt
	@touch $@

$(COMMAND): local/dataplatform.sh $(INSTALLED)
	@install -m 755 local/dataplatform.sh $@

hooks: $(DEVELOPMENT) ## Install a git hook that runs the checks of `make check` before each commit.
	@$(BIN)/pre-commit install

demo: $(COMMAND) ## Run the demo, from an SFTP server to a team's report. Pass options with DEMO="--down".
	@$(COMMAND) demo $(DEMO)

up: $(COMMAND) ## Start the local platform and deploy the program into it.
	@$(COMMAND) up

pulumi: $(INSTALLED) ## Get a Pulumi CLI into .build: from PATH, from Pulumi's release, or built from Go modules (seven minutes, once).
	@$(BIN)/python -m emulation.pulumi_engine.cli

docs: $(DEVELOPMENT) ## Build the documentation site in .build/site.
	@$(BIN)/python site/build.py

diagrams: $(INSTALLED) ## Draw the documentation's diagrams in docs/diagrams.
	@$(BIN)/python site/diagrams.py

picture: $(COMMAND) ## Run the demo on a new platform, and draw its output as docs/demo.svg.
	@$(BIN)/python site/picture.py $(or $(PORT),4690)

down: $(COMMAND) ## Stop the local platform.
	@$(COMMAND) down

test: needs-of-tests ## Run the unit, resource graph and end-to-end tests on the embedded AWS.
	@$(BIN)/python -m pytest tests --ignore=tests/images --ignore=tests/provider -m "not long" -n 2 --dist loadgroup -q
	@test ! -d tests/sample || $(BIN)/python -m pytest tests/sample -m "not long and not emulator" -q

test-long: needs-of-tests ## Run the slow tests that `make test` leaves out.
	@$(BIN)/python -m pytest tests --ignore=tests/images --ignore=tests/engine --ignore=tests/rehearsal -m long -n 2 --dist loadgroup -q
	@test ! -d tests/sample || $(BIN)/python -m pytest tests/sample -m "long or emulator" -n 2 --dist loadgroup -q

test-provider: needs-of-tests ## Plan each stack with the real AWS provider. Skipped without Terraform and PROVIDER_MIRROR.
	@$(BIN)/python -m pytest tests/provider -m "not long" -q

test-functions: needs-of-tests ## Run the functions' tests on Lambda's Python. Skipped if it is not installed.
	@$(BIN)/python -m pytest tests/unit/requirements/test_lambda_python.py -q

test-images: needs-of-tests ## Build and use the container images. Skipped without a container engine.
	@PYTHON=$(BIN)/python sh requirements/system-packages.sh images || echo "skipping the image tests that need these packages"
	@$(BIN)/python -m pytest tests/images -q

test-engine: needs-of-tests ## Run small programs with the real Pulumi engine on the embedded AWS. Skipped without a Pulumi CLI.
	@$(BIN)/python -m emulation.pulumi_engine.cli || echo "skipping the engine's tests"
	@$(BIN)/python -m pytest tests/engine -q

rehearsal: needs-of-tests ## Follow docs/first-deploy.md in an empty account on the embedded AWS. Skipped without a Pulumi CLI.
	@$(BIN)/python -m emulation.pulumi_engine.cli || echo "skipping the rehearsal"
	@$(BIN)/python -m pytest tests/rehearsal -x -q -s

test-all: test test-long test-provider test-functions test-images test-engine rehearsal ## Run all tests.

needs-of-tests: $(DEVELOPMENT) $(COMMAND)
	@PYTHON=$(BIN)/python sh requirements/system-packages.sh test

check: $(DEVELOPMENT) ## Check format, lint, types and wording; change nothing.
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/basedpyright
	@$(BIN)/hadolint images/*/Dockerfile .devcontainer/Dockerfile
	@$(BIN)/actionlint
	@$(BIN)/zizmor --quiet --offline .github
	@$(BIN)/python site/wording.py
	@$(BIN)/python site/wrap.py --check

format: $(DEVELOPMENT) ## Format the code, fix what the linter can fix, and wrap Markdown.
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@$(BIN)/python site/wrap.py

lock: $(DEVELOPMENT) ## Update the pinned requirements from requirements/*.in.
	@cd requirements && for name in development local program functions functions-test jobs extract sample bench dlt go readers uv; do \
		case $$name in development|readers) constraint="" ;; *) constraint="--constraint development.txt" ;; esac; \
		../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
			--no-emit-index-url --no-emit-find-links $$constraint $$name.in --output-file $$name.txt || exit 1; \
	done

settings: $(DEVELOPMENT) ## Write docs/settings.md from the settings model.
	@PYTHONPATH=platform:. $(BIN)/python -m dataplatform.settings.page

schema: $(DEVELOPMENT) ## Write docs/settings.schema.json, which editors use to check and complete the stack files.
	@PYTHONPATH=platform:. $(BIN)/python -m dataplatform.settings.schema

components: $(DEVELOPMENT) ## Write the tables of arguments and outputs in docs/components.
	@PYTHONPATH=platform:. $(BIN)/python -m dataplatform.component_pages

commands: $(DEVELOPMENT) ## Write the list of commands in docs/commands.md from the commands and this Makefile.
	@PYTHONPATH=platform:. $(BIN)/python site/commands.py

snapshots: $(DEVELOPMENT) ## Write the resource graph of each stack. Run it after changing the program or a declaration.
	@PYTHONPATH=platform:. $(BIN)/python -m tests.support.snapshots

pages: $(INSTALLED) ## Write a page for each dataset into .build/pages.
	@PYTHONPATH=platform:. $(BIN)/python -m ops.pages .build/pages

bench: $(DEVELOPMENT) ## Run a benchmark: make bench NAME=warehouse
	@test -n "$(NAME)" || { echo "NAME is not set; choose one of: $$(cd bench && ls *.py | sed 's/\.py$$//' | tr '\n' ' ')"; exit 2; }
	@PYTHONPATH=platform:. $(BIN)/python bench/$(NAME).py $(ARGS)

campaign: $(DEVELOPMENT) ## Inject faults with recorded seeds: make campaign NAME=collector ARGS="--runs 1000"
	@test -n "$(NAME)" || { echo "NAME is not set; choose one of: $$(cd bench/campaigns && ls *.py | sed 's/\.py$$//' | tr '\n' ' ')"; exit 2; }
	@PYTHONPATH=tests/declarations:platform:. $(BIN)/python bench/campaigns/$(NAME).py $(ARGS)

clean: ## Stop the local platform and delete everything that was built.
	@test ! -x $(COMMAND) || $(COMMAND) down --state-dir .local
	@rm -rf .build .local .bench .pytest_cache .ruff_cache .hypothesis $(VENV)
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
