# All commands of the project. `make` without a target lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Python 3.9 or later is enough to start. uv then finds or downloads Python 3.13, the runtime of the functions.
PYTHON ?= $(shell for each in python3.13 python3; do $$each -c '' 2>/dev/null && echo $$each && break; done)
# The architecture of the built functions. The default for AWS is arm64. The local stack uses this machine's.
ARCH ?= arm64
export ARCH
# Changes with each build, so that each deployment publishes a version of every function.
RELEASE ?= $(shell date -u +%Y%m%d%H%M%S)
# Trust the machine's certificates, including a company's proxy.
export UV_SYSTEM_CERTS := true
export SAM_CLI_TELEMETRY := 0
ENV := .local/env
NODE_MODULES := console/node_modules/.ready
# Node.js is a Python package, so nothing has to be installed.
NODE := PATH="$(CURDIR)/$(ENV)/contract/bin:$$PATH"
UV := $(ENV)/tools/bin/uv
PACKAGE := .local/package/$(ARCH)
PLATFORM_arm64 := aarch64-manylinux_2_28
PLATFORM_x86_64 := x86_64-manylinux_2_28
# The package contains botocore's data for these AWS services only, out of more than 400.
SERVICES := dynamodb cognito-idp events sqs
# The packages that import a module only when it is used.
LAZY := aws_lambda_powertools.event_handler aws_lambda_powertools.utilities.data_classes

.PHONY: help run console token clock migrate restore restore-drill export-person erase-person demo import check test widths contract prove mutants bench lint format requirements build openapi schemas clean

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

run: $(ENV)/dev/.ready $(ENV)/stack/.ready $(ENV)/sam/.ready ## start the whole stack on this machine (PORT=4700)
	@$(ENV)/dev/bin/python -m local.run

token: $(ENV)/dev/.ready ## print a new access token of the running stack (ACCOUNT=root)
	@$(ENV)/dev/bin/python -m local.token $(ACCOUNT)

clock: $(ENV)/dev/.ready ## move the running stack's clock forward (AT=+31d)
	@$(ENV)/dev/bin/python -m local.clock $(AT)

migrate: $(ENV)/dev/.ready ## run a migration of the stored records (NAME=schema_1, TABLE=... for a deployed stack)
	@$(ENV)/dev/bin/python -m local.migrate $(or $(NAME),--help) $(if $(TABLE),--table $(TABLE))

restore: $(ENV)/dev/.ready ## restore a deployed stack's table (TABLE=..., TARGET=..., AT=..., POOL=..., APPLY=1); see docs/restoring.md
	@$(ENV)/dev/bin/python -m local.restore --table "$(TABLE)" --target "$(TARGET)" $(if $(AT),--at $(AT)) --pool "$(POOL)" $(if $(APPLY),--apply)

restore-drill: $(ENV)/dev/.ready ## back up and restore the running local stack's table, and check the result
	@$(ENV)/dev/bin/python -m local.restore --drill

export-person: $(ENV)/dev/.ready ## print all that is stored about a person (EMAIL=..., ALSO="a name", TABLE= and POOL= of a deployed stack)
	@$(ENV)/dev/bin/python -m local.privacy export "$(EMAIL)" $(if $(ALSO),--also "$(ALSO)") $(if $(TABLE),--table $(TABLE)) $(if $(POOL),--pool $(POOL))

erase-person: $(ENV)/dev/.ready ## erase it (the same, and APPLY=1); see docs/privacy.md
	@$(ENV)/dev/bin/python -m local.privacy erase "$(EMAIL)" $(if $(ALSO),--also "$(ALSO)") $(if $(APPLY),--apply) $(if $(TABLE),--table $(TABLE)) $(if $(POOL),--pool $(POOL))

demo: $(ENV)/dev/.ready ## create customers, accounts and test devices on the running stack
	@$(ENV)/dev/bin/python -m local.demo

import: $(ENV)/dev/.ready ## import a file of customers into the running stack (FILE=customers.csv, DRY=1, ENCODING=windows-1252)
	@$(ENV)/dev/bin/python -m local.import_file "$(FILE)" $(if $(DRY),--dry-run) $(if $(ENCODING),--encoding $(ENCODING)) --account "$(or $(ACCOUNT),root)"

test: $(ENV)/dev/.ready $(ENV)/stack/.ready $(ENV)/sam/.ready $(ENV)/schemathesis/.ready $(ENV)/node/.ready ## run all tests
	$(ENV)/dev/bin/python -m pytest --cov --cov-report=term:skip-covered -m "not all_clients and not all_widths"

widths: $(ENV)/dev/.ready $(ENV)/stack/.ready $(ENV)/sam/.ready ## open every page of the console at 360, 900, 1440 and 1920 pixels (make test: 360 and 1440)
	@$(ENV)/dev/bin/python -m pytest -n0 tests/console/test_every_page.py

contract: $(ENV)/dev/.ready $(ENV)/stack/.ready $(ENV)/sam/.ready $(ENV)/node/.ready ## lint docs/openapi.json, generate clients from it, and run them on the stack
	@$(ENV)/dev/bin/python -m pytest -n0 tests/contract --durations=0

prove: $(ENV)/dev/.ready $(ENV)/stack/.ready $(ENV)/sam/.ready $(ENV)/schemathesis/.ready ## run the long simulations: interleavings, crashes, deliveries, malformed events, races (SEED=1)
	@$(ENV)/dev/bin/python -m tests.simulation.prove $(if $(SEED),--seed $(SEED))
	@$(ENV)/dev/bin/python -m tests.simulation.contract --seed $(or $(SEED),1)
	@echo "races: 16 threads on ministack, 1000 rounds each; one character for each test"
	@ROUNDS=1000 $(ENV)/dev/bin/python -m pytest -q -n2 --dist load tests/stack/test_races.py

mutants: $(ENV)/dev/.ready ## run the mutation tests of the rules (about half an hour)
	@$(ENV)/dev/bin/python -m mutmut run --max-children 2
	@$(ENV)/dev/bin/python -m tests.mutants

bench: $(ENV)/dev/.ready $(ENV)/stack/.ready $(ENV)/sam/.ready $(ENV)/peers/.ready $(ENV)/load/.ready ## run the benchmarks, and compare with common alternatives (about half an hour)
	@for part in starts warm compression growth trials imports load cold_starts costs; do $(ENV)/dev/bin/python -m tests.bench.$$part; done

check: $(ENV)/dev/.ready ## run the quick checks: style, types, layers and the quick tests, in under a minute
	@$(ENV)/dev/bin/ruff format --check --quiet . && $(ENV)/dev/bin/ruff check --quiet . || { echo "Run: make format" >&2; exit 1; }
	@$(ENV)/dev/bin/mypy --no-error-summary & types=$$!; \
	$(ENV)/dev/bin/lint-imports >/dev/null || $(ENV)/dev/bin/lint-imports; \
	$(ENV)/dev/bin/python -m pytest -q -m "not slow and not ministack"; wait $$types

console: $(NODE_MODULES) ## build the console's page from console/
	@$(NODE) npm --prefix console run --silent build

lint: $(ENV)/dev/.ready $(ENV)/sam/.ready $(ENV)/lint/.ready $(NODE_MODULES) ## check style, types, template and permissions
	$(ENV)/dev/bin/ruff format --check .
	$(ENV)/dev/bin/ruff check .
	$(ENV)/dev/bin/mypy
	$(ENV)/dev/bin/lint-imports
	AWS_DEFAULT_REGION=eu-west-1 $(ENV)/sam/bin/sam validate --lint
	$(ENV)/lint/bin/cfn-lint --append-rules cfn_lint_serverless.rules --template template.yaml
	@found=$$($(ENV)/lint/bin/checkov --quiet --compact --skip-download --framework cloudformation --file template.yaml 2>&1); \
	  passed=$$?; echo "$$found"; case "$$found" in *"Parsing errors"*) exit 1;; esac; exit $$passed
	$(NODE) npm --prefix console run --silent check

format: $(ENV)/dev/.ready ## format the code and fix what ruff can fix
	$(ENV)/dev/bin/ruff format .
	$(ENV)/dev/bin/ruff check --fix .
	[ ! -f $(NODE_MODULES) ] || $(NODE) npm --prefix console run --silent format

openapi: $(ENV)/dev/.ready ## write the documents of the API and of the events from the code
	$(ENV)/dev/bin/python -m tests.api.test_response_examples
	$(ENV)/dev/bin/python -m local.openapi > docs/openapi.json.new
	$(ENV)/dev/bin/python -m local.asyncapi > docs/asyncapi.json
	mv docs/openapi.json.new docs/openapi.json
	$(ENV)/dev/bin/python -m tests.api.test_contract
	$(ENV)/dev/bin/python -m local.api_page > docs/api.html

schemas: $(ENV)/dev/.ready ## write docs/events from the code
	@$(ENV)/dev/bin/python -m local.event_schemas

build: $(ENV)/sam/.ready $(PACKAGE)/.ready ## build the functions (ARCH=arm64)
	$(ENV)/sam/bin/sam build --parameter-overrides Architecture=$(ARCH)
	@sed 's/RELEASE: unset/RELEASE: "$(RELEASE)"/' .aws-sam/build/template.yaml > .aws-sam/build/released.yaml
	@mv .aws-sam/build/released.yaml .aws-sam/build/template.yaml

requirements: $(ENV)/tools/.ready ## write requirements*.txt from pyproject.toml
	@compile="$(UV) pip compile --quiet --generate-hashes --universal --python-version 3.13 --no-emit-index-url"; \
	compile="$$compile --custom-compile-command 'make requirements'"; \
	eval $$compile pyproject.toml --output-file requirements.txt; \
	eval $$compile pyproject.toml --group dev --output-file requirements-dev.txt; \
	for group in tools stack sam lint schemathesis contract load; do \
	eval $$compile --group $$group --output-file requirements-$$group.txt; done; \
	eval $$compile --group peers --constraint requirements.txt --output-file requirements-peers.txt

clean: ## remove all builds, and the local stack with its data
	rm -rf .local .aws-sam

# ---- environments, rebuilt when their requirements change

$(ENV)/tools/.ready: requirements-tools.txt
	@$(or $(PYTHON),false) -c 'import sys; sys.exit(sys.version_info < (3, 9))' || { \
	echo "Python 3.9 or later is needed to begin. Install it, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Making $(@D) ..."
	@rm -rf $(@D) $(ENV)/first && $(PYTHON) -m venv $(ENV)/first
	@$(ENV)/first/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	@runtime=3.13; $(ENV)/first/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' && \
	runtime=$(ENV)/first/bin/python; $(ENV)/first/bin/uv venv --quiet --python $$runtime $(@D) || { \
	echo "Python 3.13, the runtime of the functions, is not here and could not be downloaded." >&2; \
	echo "Install it, or name it: make PYTHON=/path/to/python3.13" >&2; exit 1; }
	@$(ENV)/first/bin/uv pip install --quiet --python $(@D)/bin/python --require-hashes --requirement $<
	@touch $@

$(ENV)/%/.ready: requirements-%.txt $(ENV)/tools/.ready
	@echo "Making .local/env/$* ..."
	@rm -rf $(@D) && $(UV) venv --quiet --no-python-downloads --python $(ENV)/tools/bin/python $(@D)
	@$(UV) pip install --quiet --compile-bytecode --python $(@D)/bin/python --require-hashes --requirement $<
	@touch $@

# The npm packages of the contract tests, without their install scripts. Node.js is a Python package.
$(ENV)/node/.ready: tests/contract/package-lock.json $(ENV)/contract/.ready
	@echo "Making $(@D) ..."
	@rm -rf $(@D) && mkdir $(@D) && cp tests/contract/package.json $< $(@D)
	@$(NODE) npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

# Only to change the console: its built page is part of the project.
$(NODE_MODULES): console/package.json console/package-lock.json $(ENV)/contract/.ready
	@echo "Making $(@D) ..."
	@$(NODE) npm ci --prefix console --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@

# ---- the package of the functions, called by `sam build`

# The dependencies, pruned and compiled. So a cold start compiles nothing.
$(PACKAGE)/.ready: requirements.txt local/prune_botocore.py local/lazy_init.py $(wildcard shared/*/*.py) $(ENV)/tools/.ready
	@echo "Making $(PACKAGE) ..."
	@rm -rf $(@D) && $(UV) pip install --quiet --no-python-downloads --target $(@D) --python $(ENV)/tools/bin/python \
	  --python-platform $(PLATFORM_$(ARCH)) --python-version 3.13 --only-binary :all: --require-hashes --requirement $<
	@rm -rf $(@D)/bin
	@$(ENV)/tools/bin/python -m local.prune_botocore $(@D) $(SERVICES)
	@$(ENV)/tools/bin/python -m local.lazy_init $(@D) $(LAZY)
	@$(ENV)/tools/bin/python -m compileall -q -j 2 -s $(@D) -p /var/task --invalidation-mode unchecked-hash $(@D)
	@touch $@

build-%: $(PACKAGE)/.ready
	@cp -Rl $(PACKAGE)/. "$(ARTIFACTS_DIR)" 2>/dev/null || cp -R $(PACKAGE)/. "$(ARTIFACTS_DIR)" # hard links, if cp supports them
	@cp -R functions shared "$(ARTIFACTS_DIR)"; mkdir -p "$(ARTIFACTS_DIR)"/docs; cp docs/openapi.json docs/api.html "$(ARTIFACTS_DIR)"/docs
	@rm -f "$(ARTIFACTS_DIR)"/.ready; find "$(ARTIFACTS_DIR)"/{functions,shared} -name __pycache__ -prune -exec rm -rf {} +
	@$(ENV)/tools/bin/python -m compileall -q -s "$(ARTIFACTS_DIR)" -p /var/task --invalidation-mode unchecked-hash \
	  "$(ARTIFACTS_DIR)"/functions "$(ARTIFACTS_DIR)"/shared
