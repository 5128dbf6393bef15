# `make` lists the targets. Everything that is installed goes to .venv and .tools inside this folder.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON := .venv/bin/python
UV := .tools/uv/bin/uv
export RASA_TELEMETRY_ENABLED := false
export TF_CPP_MIN_LOG_LEVEL := 3
export PYTHONWARNINGS := ignore
export SQLALCHEMY_SILENCE_UBER_WARNING := 1

.PHONY: help run test train evaluate bench bench-smoke lint audit setup lock nightly

help: ## list the targets
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

$(UV):
	@echo "installing uv into .tools …"
	@python3 -m venv .tools/uv 2>/dev/null || (python3 -m pip install -q --target .tools/virtualenv virtualenv && PYTHONPATH=.tools/virtualenv python3 -m virtualenv -q .tools/uv)
	@.tools/uv/bin/pip install -q --disable-pip-version-check uv

.venv/.installed: requirements/base.txt requirements/dev.txt | $(UV)
	@echo "installing Python 3.10 and the locked packages into .venv (about a minute) …"
	@$(UV) venv -q --allow-existing --python 3.10 .venv
	@$(UV) pip sync -q --python $(PYTHON) --require-hashes requirements/dev.txt
	@touch $@

setup: .venv/.installed ## install what is missing, locked

run: setup ## build the knowledge base, train if needed, serve on http://127.0.0.1:5005
	@exec $(PYTHON) -m bot run

train: setup ## train the model if data, catalog or code changed
	@$(PYTHON) -m bot train

test: setup ## the whole test suite
	@$(PYTHON) -m pytest

nightly: setup ## more than 100,000 generated cases and the tests that take too long for every change
	@HYPOTHESIS_PROFILE=nightly nice -n 19 $(PYTHON) -m pytest -m "property or nightly"

evaluate: setup ## figures on the held-out questions, compared with the last run (QUICK=1: the model alone, BASELINES=1: also stock DIET)
	@$(PYTHON) -m bot evaluate $(if $(QUICK),--quick) $(if $(BASELINES),--baselines)

bench: setup ## this bot beside a stock Rasa peer under the same load: ratios, medians (half an hour and more)
	@$(PYTHON) -m bench $(ARGS)

bench-smoke: setup ## the benchmark small, this bot alone: fails on errors, never on time
	@$(PYTHON) -m bench --smoke

lint: setup ## ruff, mypy, the knowledge base, the phrasings, Rasa's own data check
	@.venv/bin/ruff format --check bot bench audit tests
	@.venv/bin/ruff check bot bench audit tests
	@.venv/bin/mypy bot audit
	@$(PYTHON) -m bot knowledge check
	@$(PYTHON) -m bot phrasings check
	@mkdir -p .cache && $(PYTHON) -m rasa data validate --data data/nlu data/rules data/stories > .cache/validate.log 2>&1 || (cat .cache/validate.log; exit 1)

.tools/audit/.installed: requirements/audit.txt | setup
	@echo "installing pip-audit and cyclonedx-bom into .tools/audit …"
	@$(UV) venv -q --allow-existing --python $(PYTHON) .tools/audit
	@$(UV) pip sync -q --python .tools/audit/bin/python --require-hashes requirements/audit.txt
	@touch $@

audit: .tools/audit/.installed ## known vulnerabilities of the locked packages, bill of materials
	@$(PYTHON) -m audit

lock: $(UV) ## refresh the locked requirements
	@$(UV) pip compile -q --python-version 3.10 --generate-hashes --no-header --no-annotate --no-emit-index-url requirements/base.in -o requirements/base.txt
	@$(UV) pip compile -q --python-version 3.10 --generate-hashes --no-header --no-annotate --no-emit-index-url requirements/base.in requirements/dev.in -o requirements/dev.txt
	@$(UV) pip compile -q --python-version 3.10 --generate-hashes --no-header --no-annotate --no-emit-index-url requirements/audit.in -o requirements/audit.txt
