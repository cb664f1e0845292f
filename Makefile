# `make` lists the targets. What a target does is in tools/; this file only names it.
.DEFAULT_GOAL := help
.PHONY: help demo test local-up local-down bench lint sanity unit integration molecule docs clean venv

PYTHON ?=
PORT ?= 5610
ARGS ?=
export PYTHON
bin := .venv/bin
check := $(bin)/python -m tools.check

help:  ## show this list
	@grep -hE '^[a-z-]+: .*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | awk -F '\t' '{printf "  make %-13s %s\n", $$1, $$2}'

demo: venv  ## start the embedded AWS and scale its application for an event and back
	@$(bin)/python -m tools.demo --port $(PORT)

test: venv  ## every gate
	@$(check)

local-up: venv  ## start the embedded AWS with the reference application (PORT=5610)
	@$(bin)/python -m local_aws up --port $(PORT)

local-down: venv  ## stop it
	@$(bin)/python -m local_aws down

bench: venv  ## measure against shell loops and Ansible loops, write benchmarks/RESULTS.md (ARGS=--quick)
	@tools/venv .cache/aws requirements-bench.txt
	@$(bin)/python -m benchmarks --aws .cache/aws/bin/aws $(ARGS)

lint: venv  ## ruff, mypy, ansible-lint, documentation and changelog lint
	@$(check) lint

sanity: venv  ## ansible-test sanity (ARGS="--test pylint")
	@$(bin)/python -m tools.sanity $(ARGS)

unit: venv  ## unit tests (ARGS="-k lambda")
	@$(bin)/python -m pytest tests/unit $(ARGS)

integration: venv  ## the modules and playbooks against the embedded AWS (ARGS="-k lambda")
	@$(bin)/python -m pytest tests/integration $(ARGS)

molecule: venv  ## the roles (ARGS="scale_event")
	@$(bin)/python -m tools.molecule $(ARGS)

docs: venv  ## the reference pages of modules, plugins and roles, as reStructuredText in build/docs
	@mkdir -p build/docs .cache/home
	@HOME="$(CURDIR)/.cache/home" PATH="$(CURDIR)/$(bin):$$PATH" ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/collections antsibull-docs collection \
	    --use-current --squash-hierarchy --output-format simplified-rst --dest-dir build/docs runbook.aws

clean:  ## stop the embedded AWS, remove .venv, caches and build results (not var/, which holds your change log)
	@if [ -x $(bin)/python ]; then $(bin)/python -m local_aws down; fi
	@rm -rf .ansible .cache .venv .mypy_cache .pytest_cache .ruff_cache build tests/output

venv:
	@tools/venv
