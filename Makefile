# Every target does its own set-up. `make demo` and `make test` are the two that a newcomer needs.
.DEFAULT_GOAL := help
SHELL := /bin/bash
TARGET := $(shell sed -n 's/^apache-airflow==//p' requirements.in)
AIRFLOW ?= $(TARGET)
SUFFIX := $(if $(filter-out $(TARGET),$(AIRFLOW)),-$(AIRFLOW))
CONSTRAINTS ?= https://raw.githubusercontent.com/apache/airflow/constraints-$(AIRFLOW)/constraints-3.12.txt
PYTHON := .venv/bin/python
LOCK = $(UV) pip compile --quiet --python-version 3.12 --python-platform x86_64-manylinux_2_28 --no-annotate --no-header
# Every lock that this project installs itself carries digests. Those that AWS or an instance installs do not: docs/mwaa.md says why.
HASHED = $(LOCK) --generate-hashes
# The pinned uv: that of PATH only where it is of this version, else the one that GET_UV fetches by digest (infra/package.py too).
UV_VERSION := $(shell sed -n 's/^uv==//p' uv-requirements.in)
IS_PINNED = [[ "$$($(1) --version 2>/dev/null)" =~ ^uv\ $(subst .,\.,$(UV_VERSION))(\ |$$) ]]
UV := $(shell if $(call IS_PINNED,uv); then command -v uv; else echo .tools/bin/uv; fi)
# Python 3.12 from PATH (asked to run: pyenv puts shims there that may not), else from pyenv's versions, else uv finds or fetches one.
PYTHON312 := $(firstword $(shell python3.12 -c 'import sys; print(sys.executable)' 2>/dev/null) $(wildcard $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions/3.12.*/bin/python3.12) 3.12)

# Python keeps the bytecode of what it imports. Where the environment forbids that, as many container images do, every
# process of a demo or of a test run compiles its packages anew: about half of all computing time.
unexport PYTHONDONTWRITEBYTECODE

# WHEELS=1 puts the packages into plugins.zip; deploy and stacks package too.
export WHEELS

GET_UV = $(call IS_PINNED,"$(UV)") || (python3 -m venv .tools && .tools/bin/pip install --quiet --require-hashes --requirement uv-requirements.txt)

CONTRACT_COMMAND = $(if $(UPGRADE),upgrade "$(UPGRADE)",$(if $(CHECK),check "$(CHECK)" "$(CSV)",$(if $(TRY),try "$(TRY)" "$(CSV)",draft "$(NAME)" "$(CSV)")))

.PHONY: help setup contract demo up down serve browser test test-all fuzz lint lock lock-parts mwaa forecast bench screenshots package stage stacks smoke images release deploy deploy-setup deploy-release demo-compose compose-test docker

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/.locked ## virtual environment with the locked packages

.venv/.locked: requirements-dev.txt
	@$(GET_UV)
	$(UV) venv --quiet --clear --python "$(PYTHON312)" .venv
	$(UV) pip sync --quiet --require-hashes --python $(PYTHON) requirements-dev.txt
	@touch $@

browser:
	@tests/install-chromium.sh

# A contract may be a name or a path; processes of the stack start in other folders, so a path becomes absolute.
ifdef CONTRACT
demo up: export LEADS_CONTRACT := $(if $(filter %.yaml %.yml,$(CONTRACT)),$(abspath $(CONTRACT)),$(CONTRACT))
endif
ifdef CSV
demo: export LEADS_CSV := $(abspath $(CSV))
endif

demo: ## the whole lifecycle on this machine; CSV=path for a real file, CONTRACT=path for leads of another kind
	@started=$$(date +%s); $(MAKE) --no-print-directory setup && $(PYTHON) -m demo.up \
	&& $(PYTHON) -m demo.replay; status=$$?; echo "make demo: exit $$status after $$(( $$(date +%s) - started )) s, installation included"; exit $$status

contract: setup ## a contract for your file: NAME=x CSV=path drafts it, CHECK=x CSV=path tries the file, TRY=x CSV=path the models; UPGRADE=path
	@OMP_NUM_THREADS=1 $(PYTHON) -m onboarding $(CONTRACT_COMMAND) $(ARGS)

up: setup ## start local AWS, MLflow, Airflow, scoring API and alert inbox
	@$(PYTHON) -m demo.up

down: ## stop what `make up` or `make demo` started
	@if [ -x $(PYTHON) ]; then $(PYTHON) -m demo.down; fi

serve: setup ## the scoring API alone, on the registry of MLFLOW_TRACKING_URI; ARGS=--public opens an ngrok tunnel
	@OMP_NUM_THREADS=1 $(PYTHON) -m include.api $(ARGS)

# Three workers on two cores, as each waits for servers half of the time.
# Whole groups of files go to one worker, the longest first (tests/fixtures/scheduling.py).
PYTEST := $(PYTHON) -m pytest --numprocesses 3 --dist loadfile --no-loadscope-reorder --durations 10
TESTED = started=$$(date +%s); $(MAKE) --no-print-directory --jobs 2 setup browser && $(1); \
	status=$$?; echo "make $@: exit $$status after $$(( $$(date +%s) - started )) s, installation included"; exit $$status

test: ## every test but those marked slow, real parts included; prints its slowest ten and the time it took
	@$(call TESTED,$(PYTEST) -m "not slow")

test-all: ## every test, those marked slow too; without a limit of time
	@$(call TESTED,$(PYTEST))

fuzz: setup ## property tests and the API's fuzzing alone, with many more examples
	HYPOTHESIS_PROFILE=large $(PYTHON) -m pytest -m "hypothesis or fuzz" --durations 10

lint: setup ## ruff, mypy, import-linter
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	.venv/bin/lint-imports

lock: ## rebuild requirements*.txt; CONSTRAINTS=file for a local copy of the constraints; AIRFLOW=3.3.1 makes a second pair beside them
	@$(GET_UV)
	@$(LOCK) <(sed 's/^apache-airflow==.*/apache-airflow==$(AIRFLOW)/' requirements.in) --constraints $(CONSTRAINTS) --output-file requirements$(SUFFIX).txt
	@$(HASHED) <(sed 's|^-r requirements.txt|-r $(CURDIR)/requirements$(SUFFIX).txt|' requirements-dev.in) --constraints $(CONSTRAINTS) --output-file requirements-dev$(SUFFIX).txt
	@sed -i '1i # Made by `make lock` from requirements.in for Airflow $(AIRFLOW); edit that file. No constraint line here: MWAA then adds its own.' requirements$(SUFFIX).txt
	@sed -i '1i # Made by `make lock` from requirements-dev.in: requirements$(SUFFIX).txt and the local stack.' requirements-dev$(SUFFIX).txt
	@if [ -z "$(SUFFIX)" ]; then $(MAKE) --no-print-directory lock-parts UV=$(UV); fi

lock-parts:
	@$(UV) pip compile --quiet --python-version 3.11 --python-platform x86_64-manylinux_2_28 --no-annotate --no-header include/glue/requirements.in --constraints <(grep -oE '^[A-Za-z0-9._-]+==[^ ;]+' requirements-dev.txt | grep -vE '^(shap|xgboost-cpu)==') --output-file include/glue/requirements.txt
	@sed -i '1i # Made by `make lock` from requirements.in for Python 3.11, at the versions of requirements-dev.txt of the project.' include/glue/requirements.txt
	@$(HASHED) docker/api-requirements.in --constraints requirements-dev.txt --output-file docker/api-requirements.txt
	@sed -i '1i # Made by `make lock` from api-requirements.in under the pins of requirements-dev.txt: the scoring API alone.' docker/api-requirements.txt
	@$(HASHED) docker/training-requirements.in --constraints requirements-dev.txt --output-file docker/training-requirements.txt
	@sed -i '1i # Made by `make lock` from training-requirements.in under the pins of requirements-dev.txt: a training alone.' docker/training-requirements.txt
	@$(LOCK) docker/mlflow-requirements.in --constraints requirements-dev.txt --output-file docker/mlflow-requirements.txt
	@sed -i '1i # Made by `make lock` from mlflow-requirements.in under the pins of requirements-dev.txt: the MLflow server on EC2.' docker/mlflow-requirements.txt
	@$(HASHED) demo/requirements.in --constraints requirements-dev.txt --output-file demo/requirements.txt
	@sed -i '1i # Made by `make lock` from requirements.in under the pins of requirements-dev.txt: local AWS, MLflow and inbox in a container.' demo/requirements.txt
	@$(HASHED) docker/airflow-requirements.in --constraints requirements.txt --output-file docker/airflow-requirements.txt
	@sed -i '1i # Made by `make lock` from airflow-requirements.in under the pins of requirements.txt: docker-compose'"'"'s Airflow.' docker/airflow-requirements.txt
	@$(HASHED) infra/requirements.in --constraints requirements-dev.txt --output-file infra/requirements.txt
	@sed -i '1i # Made by `make lock` from requirements.in under the pins of requirements-dev.txt: the deploying half of deploy.yml.' infra/requirements.txt
	@$(UV) pip compile --quiet --no-annotate --no-header --generate-hashes uv-requirements.in --output-file uv-requirements.txt
	@sed -i '1i # Made by `make lock` from uv-requirements.in: what `make setup` fetches first.' uv-requirements.txt

mwaa: setup ## installs requirements.txt as MWAA's worker does and loads the DAGs there; AIRFLOW=3.3.1; CONSTRAINTS, ESSENTIAL=file
	$(PYTHON) -m infra.mwaa --airflow $(AIRFLOW) --requirements requirements$(SUFFIX).txt --constraints $(CONSTRAINTS) $(if $(ESSENTIAL),--essential $(ESSENTIAL)) $(ARGS)

# It serves models of this environment in one made from the present lock of the API, which is for another pandas and scikit-learn.
PRESENT := tests/include/api/test_clean_environment.py
forecast: ## the tests of DAGs, plugins and include/ under AIRFLOW=3.3.1, in an environment of its own (.venv-3.3.1)
	@test -n "$(SUFFIX)" || { echo "say which version: make forecast AIRFLOW=3.3.1"; exit 2; }
	@$(GET_UV)
	$(UV) venv --quiet --clear --python "$(PYTHON312)" .venv$(SUFFIX)
	$(UV) pip sync --quiet --require-hashes --python .venv$(SUFFIX)/bin/python requirements-dev$(SUFFIX).txt
	OMP_NUM_THREADS=1 .venv$(SUFFIX)/bin/python -m pytest $(foreach test,$(PRESENT),--ignore $(test)) $(or $(TESTS),tests/dags tests/plugins tests/include)

bench: setup ## every benchmark, one after the other
	@for file in bench/[a-z]*; do $(PYTHON) -m bench.$$(basename $$file .py) || exit 1; done

screenshots: setup browser ## docs/images/desk-*.png anew, from synthetic leads
	@$(PYTHON) -m bench._screenshots

package: setup ## dist/ as MWAA wants it: dags/ with include/ below, plugins.zip, requirements.txt, startup.sh; WHEELS=1 for a network without PyPI
	$(PYTHON) -m infra.package

stage:
	@test -n "$(STAGE)" || { echo "say which stage: make $(firstword $(MAKECMDGOALS)) STAGE=dev"; exit 2; }

stacks: setup stage ## AWS resources of STAGE=dev|prod; DO=plan or DO=delete in place of creating and updating
	$(PYTHON) -m infra $(or $(DO),create) --stage $(STAGE)

smoke: setup stage ## ten minutes on a real account: what differs from local AWS; makes and removes things of its own only
	@$(PYTHON) -m infra.smoke --stage $(STAGE)

images: setup stage ## the ML image of STAGE=dev|prod, built with docker, into the stage's repository
	$(PYTHON) -m infra.images --stage $(STAGE)

release: setup ## checks what a deployment would bring, without an account; the building half of deploy.yml
	@$(PYTHON) -m infra.release

deploy: setup stage ## code to the MWAA environment of STAGE=dev|prod; ARGS=--dry-run or ARGS=--rollback
	$(PYTHON) -m infra.deploy --stage $(STAGE) --label "$$(git describe --always --dirty)" $(ARGS)

# The deploying half of deploy.yml: it has a role in the account, so it installs no more than it needs, by digest.
.venv-deploy/.locked: infra/requirements.txt
	@$(PYTHON312) -m venv --clear .venv-deploy
	@.venv-deploy/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement infra/requirements.txt
	@touch $@

deploy-setup: .venv-deploy/.locked ## environment of deploy-release, without any other package

deploy-release: deploy-setup stage ## deploys what `make release` has checked, whose result is in RELEASE
	@.venv-deploy/bin/python -m infra.deploy --stage $(STAGE) --label "$$(git describe --always --dirty)" --checked $(ARGS)

demo-compose: setup docker ## the same lifecycle in containers; leaves them running until `docker compose down`
	@$(PYTHON) -m demo.compose

compose-test: setup docker ## proves docker-compose.yaml in a Docker Engine, and removes it again; ARGS=--celery with workers
	@$(PYTHON) -m demo.compose_check $(ARGS)

# A machine without a running engine may have a script beside the project that starts one; otherwise the next step says what is needed.
DOCKER_ENGINE := ../shared/tools/docker-engine.sh
docker:
	@docker version >/dev/null 2>&1 || if [ -x $(DOCKER_ENGINE) ]; then $(DOCKER_ENGINE) up; fi
