# Every command of the project. `make help` lists them.
SHELL := /bin/sh
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEVELOPMENT := $(VENV)/.development-installed
COMMAND := $(BIN)/dataplatform

.DEFAULT_GOAL := help
.PHONY: help install hooks demo up docs diagrams pulumi picture down test test-long test-provider test-functions test-images test-engine rehearsal test-all needs-of-tests check format lock settings schema components snapshots pages bench campaign clean

help: ## List the commands.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(DEVELOPMENT) $(COMMAND) ## Make the virtual environment (.venv) with everything pinned, the tools of development too.

$(INSTALLED): requirements/local.txt requirements/system-packages.sh requirements/install.sh
	@PYTHON=$(PYTHON) sh requirements/system-packages.sh
	@PYTHON=$(PYTHON) sh requirements/install.sh $(VENV) requirements/local.txt
	@touch $@

$(DEVELOPMENT): $(INSTALLED) requirements/development.txt
	@sh requirements/install.sh $(VENV) requirements/development.txt
	@touch $@

$(COMMAND): local/dataplatform.sh $(INSTALLED)
	@install -m 755 local/dataplatform.sh $@

hooks: $(DEVELOPMENT) ## Let git run what `make check` runs before each commit.
	@$(BIN)/pre-commit install

demo: $(COMMAND) ## From an SFTP server to a team's report, on this machine. DEMO="--down" and other options are passed on.
	@$(COMMAND) demo $(DEMO)

up: $(COMMAND) ## Start the local platform and deploy the program into it.
	@$(COMMAND) up

pulumi: $(INSTALLED) ## Put a Pulumi CLI into .build: from PATH, from Pulumi's release, or built from its Go modules (seven minutes, once).
	@$(BIN)/python -m emulation.pulumi_engine.cli

docs: $(DEVELOPMENT) ## Build the documentation as a site, in .build/site.
	@$(BIN)/python site/build.py

diagrams: $(INSTALLED) ## Draw the documentation's diagrams as SVG, in docs/diagrams.
	@$(BIN)/python site/diagrams.py

picture: $(COMMAND) ## Run the demo on a platform of its own, and draw what it printed as docs/demo.svg.
	@$(BIN)/python site/picture.py $(or $(PORT),4690)

down: $(COMMAND) ## Stop the local platform.
	@$(COMMAND) down

test: needs-of-tests ## The tests: units, the resource graph, and end to end on the embedded AWS.
	@$(BIN)/python -m pytest tests --ignore=tests/images --ignore=tests/provider -m "not long" -n 2 --dist loadgroup -q
	@test ! -d tests/sample || $(BIN)/python -m pytest tests/sample -m "not long and not emulator" -q

test-long: needs-of-tests ## The tests that `make test` leaves out: what AWS would run, in clean environments, and the like.
	@$(BIN)/python -m pytest tests --ignore=tests/images --ignore=tests/engine --ignore=tests/rehearsal -m long -n 2 --dist loadgroup -q
	@test ! -d tests/sample || $(BIN)/python -m pytest tests/sample -m "long or emulator" -n 2 --dist loadgroup -q

test-provider: needs-of-tests ## Let the real AWS provider plan each stack, by Terraform and a mirror in PROVIDER_MIRROR; skipped, with the reason, without them.
	@$(BIN)/python -m pytest tests/provider -m "not long" -q

test-functions: needs-of-tests ## The functions' tests on Lambda's Python; skipped, with the reason, where this machine does not have it.
	@$(BIN)/python -m pytest tests/unit/requirements/test_lambda_python.py -q

test-images: needs-of-tests ## Build the container images and use them; skipped, with the reason, where there is no engine.
	@PYTHON=$(BIN)/python sh requirements/system-packages.sh images || echo "the images' tests that need them are skipped"
	@$(BIN)/python -m pytest tests/images -q

test-engine: needs-of-tests ## The real Pulumi engine on small programs, in the embedded AWS; skipped, with the reason, without a CLI.
	@$(BIN)/python -m emulation.pulumi_engine.cli || echo "the engine's tests are skipped"
	@$(BIN)/python -m pytest tests/engine -q

rehearsal: needs-of-tests ## Type docs/first-deploy.md against an empty account in the embedded AWS; skipped, with the reason, without a CLI.
	@$(BIN)/python -m emulation.pulumi_engine.cli || echo "the rehearsal is skipped"
	@$(BIN)/python -m pytest tests/rehearsal -x -q -s

test-all: test test-long test-provider test-functions test-images test-engine rehearsal ## All of them.

needs-of-tests: $(DEVELOPMENT) $(COMMAND)
	@PYTHON=$(BIN)/python sh requirements/system-packages.sh test

check: $(DEVELOPMENT) ## Format, lint, types and wording, without changing anything.
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/basedpyright
	@$(BIN)/hadolint images/*/Dockerfile .devcontainer/Dockerfile
	@$(BIN)/actionlint
	@$(BIN)/zizmor --quiet --offline .github
	@$(BIN)/python site/wording.py

format: $(DEVELOPMENT) ## Format, and mend what the linter can mend.
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: $(DEVELOPMENT) ## Pin the requirements again, from requirements/*.in.
	@cd requirements && for name in development local program functions functions-test jobs extract sample bench dlt go readers uv; do \
		case $$name in development|readers) constraint="" ;; *) constraint="--constraint development.txt" ;; esac; \
		../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
			--no-emit-index-url --no-emit-find-links $$constraint $$name.in --output-file $$name.txt || exit 1; \
	done

settings: $(DEVELOPMENT) ## Write docs/settings.md anew, from the model of the settings.
	@PYTHONPATH=platform:. $(BIN)/python -m dataplatform.settings.page

schema: $(DEVELOPMENT) ## Write docs/settings.schema.json, by which an editor checks and completes the stack files.
	@PYTHONPATH=platform:. $(BIN)/python -m dataplatform.settings.schema

components: $(DEVELOPMENT) ## Write the tables of arguments in docs/components, from the components.
	@PYTHONPATH=platform:. $(BIN)/python -m dataplatform.component_pages

snapshots: $(DEVELOPMENT) ## Write the resource graph of each stack, after a change of the program or of a declaration.
	@PYTHONPATH=platform:. $(BIN)/python -m tests.support.snapshots

pages: $(INSTALLED) ## Write a page for each dataset into .build/pages/, from its declaration.
	@PYTHONPATH=platform:. $(BIN)/python -m ops.pages .build/pages

bench: $(DEVELOPMENT) ## Measure: make bench NAME=warehouse
	@test -n "$(NAME)" || { echo "which one? $$(cd bench && ls *.py | sed 's/\.py$$//' | tr '\n' ' ')"; exit 2; }
	@PYTHONPATH=platform:. $(BIN)/python bench/$(NAME).py $(ARGS)

campaign: $(DEVELOPMENT) ## A thousand faults with kept seeds: make campaign NAME=collector ARGS="--runs 1000"
	@test -n "$(NAME)" || { echo "which one? $$(cd bench/campaigns && ls *.py | sed 's/\.py$$//' | tr '\n' ' ')"; exit 2; }
	@PYTHONPATH=tests/declarations:platform:. $(BIN)/python bench/campaigns/$(NAME).py $(ARGS)

clean: ## Stop the local platform and delete everything that was built.
	@test ! -x $(COMMAND) || $(COMMAND) down --state-dir .local
	@rm -rf .build .local .bench .pytest_cache .ruff_cache .hypothesis $(VENV)
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
