# All commands of the project. `make help` lists them.
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
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(DEVELOPMENT) $(COMMAND) ## Create the virtual environment .venv with all pinned packages, including the development tools.

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

demo: $(COMMAND) ## Run the demo on this machine, from an SFTP server to a team's report. DEMO="--down" passes options to it.
	@$(COMMAND) demo $(DEMO)

up: $(COMMAND) ## Start the local platform and deploy the program into it.
	@$(COMMAND) up

pulumi: $(INSTALLED) ## Put a Pulumi CLI into .build: from PATH, from Pulumi's release, or built from its Go modules (once, seven minutes).
	@$(BIN)/python -m emulation.pulumi_engine.cli

docs: $(DEVELOPMENT) ## Build the documentation as a site in .build/site.
	@$(BIN)/python site/build.py

diagrams: $(INSTALLED) ## Draw the documentation's diagrams as SVG in docs/diagrams.
	@$(BIN)/python site/diagrams.py

picture: $(COMMAND) ## Run the demo on a separate platform, and draw its output as docs/demo.svg.
	@$(BIN)/python site/picture.py $(or $(PORT),4690)

down: $(COMMAND) ## Stop the local platform.
	@$(COMMAND) down

test: needs-of-tests ## Run the tests: units, the resource graph, and end to end on the embedded AWS.
	@$(BIN)/python -m pytest tests --ignore=tests/images --ignore=tests/provider -m "not long" -n 2 --dist loadgroup -q
	@test ! -d tests/sample || $(BIN)/python -m pytest tests/sample -m "not long and not emulator" -q

test-long: needs-of-tests ## Run the slow tests that `make test` leaves out, such as the Glue scripts in a clean environment.
	@$(BIN)/python -m pytest tests --ignore=tests/images --ignore=tests/engine --ignore=tests/rehearsal -m long -n 2 --dist loadgroup -q
	@test ! -d tests/sample || $(BIN)/python -m pytest tests/sample -m "long or emulator" -n 2 --dist loadgroup -q

test-provider: needs-of-tests ## Plan each stack with the real AWS provider. Skipped without Terraform and a mirror in PROVIDER_MIRROR.
	@$(BIN)/python -m pytest tests/provider -m "not long" -q

test-functions: needs-of-tests ## Run the functions' unit tests on Lambda's Python. Skipped without that Python.
	@$(BIN)/python -m pytest tests/unit/requirements/test_lambda_python.py -q

test-images: needs-of-tests ## Build the container images and use them. Skipped without a container engine.
	@PYTHON=$(BIN)/python sh requirements/system-packages.sh images || echo "the tests that need them are skipped"
	@$(BIN)/python -m pytest tests/images -q

test-engine: needs-of-tests ## Run the real Pulumi engine on small programs in the embedded AWS. Skipped without a Pulumi CLI.
	@$(BIN)/python -m emulation.pulumi_engine.cli || echo "the engine's tests are skipped"
	@$(BIN)/python -m pytest tests/engine -q

rehearsal: needs-of-tests ## Run the commands of docs/first-deploy.md on an empty account in the embedded AWS. Skipped without a Pulumi CLI.
	@$(BIN)/python -m emulation.pulumi_engine.cli || echo "the rehearsal is skipped"
	@$(BIN)/python -m pytest tests/rehearsal -x -q -s

test-all: test test-long test-provider test-functions test-images test-engine rehearsal ## Run all tests.

needs-of-tests: $(DEVELOPMENT) $(COMMAND)
	@PYTHON=$(BIN)/python sh requirements/system-packages.sh test

check: $(DEVELOPMENT) ## Check format, lint, types and wording, without changing a file.
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/basedpyright
	@$(BIN)/hadolint images/*/Dockerfile .devcontainer/Dockerfile
	@$(BIN)/actionlint
	@$(BIN)/zizmor --quiet --offline .github
	@$(BIN)/python site/wording.py
	@$(BIN)/python site/wrap.py --check

format: $(DEVELOPMENT) ## Format the code, apply the fixes of the linter, and wrap Markdown.
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .
	@$(BIN)/python site/wrap.py

lock: $(DEVELOPMENT) ## Update the pinned requirements from requirements/*.in.
	@cd requirements && for name in development local program functions functions-test jobs extract sample bench dlt go readers uv; do \
		case $$name in development|readers) constraint="" ;; *) constraint="--constraint development.txt" ;; esac; \
		../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
			--no-emit-index-url --no-emit-find-links $$constraint $$name.in --output-file $$name.txt || exit 1; \
	done

settings: $(DEVELOPMENT) ## Write docs/settings.md from the model of the settings.
	@PYTHONPATH=platform:. $(BIN)/python -m dataplatform.settings.page

schema: $(DEVELOPMENT) ## Write docs/settings.schema.json, with which an editor checks and completes the stack files.
	@PYTHONPATH=platform:. $(BIN)/python -m dataplatform.settings.schema

components: $(DEVELOPMENT) ## Write the argument tables in docs/components from the components.
	@PYTHONPATH=platform:. $(BIN)/python -m dataplatform.component_pages

commands: $(DEVELOPMENT) ## Write the list of commands in docs/commands.md from the commands and this Makefile.
	@PYTHONPATH=platform:. $(BIN)/python site/commands.py

snapshots: $(DEVELOPMENT) ## Write the resource graph of each stack, after a change to the program or a declaration.
	@PYTHONPATH=platform:. $(BIN)/python -m tests.support.snapshots

pages: $(INSTALLED) ## Write a page for each dataset into .build/pages from its declaration.
	@PYTHONPATH=platform:. $(BIN)/python -m ops.pages .build/pages

bench: $(DEVELOPMENT) ## Run a measurement: make bench NAME=warehouse
	@test -n "$(NAME)" || { echo "which one? $$(cd bench && ls *.py | sed 's/\.py$$//' | tr '\n' ' ')"; exit 2; }
	@PYTHONPATH=platform:. $(BIN)/python bench/$(NAME).py $(ARGS)

campaign: $(DEVELOPMENT) ## Inject a thousand faults with recorded seeds: make campaign NAME=collector ARGS="--runs 1000"
	@test -n "$(NAME)" || { echo "which one? $$(cd bench/campaigns && ls *.py | sed 's/\.py$$//' | tr '\n' ' ')"; exit 2; }
	@PYTHONPATH=tests/declarations:platform:. $(BIN)/python bench/campaigns/$(NAME).py $(ARGS)

clean: ## Stop the local platform and delete all built files.
	@test ! -x $(COMMAND) || $(COMMAND) down --state-dir .local
	@rm -rf .build .local .bench .pytest_cache .ruff_cache .hypothesis $(VENV)
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
