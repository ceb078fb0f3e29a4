# Every target is one line; `make help` lists them. Only Python 3.11+, pip and make are needed beforehand.
UV := $(or $(shell command -v uv 2>/dev/null),$(CURDIR)/.uv/bin/uv)
.DEFAULT_GOAL := help
.PHONY: help setup run test check lint types imports bench docs render render-check

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

setup:  ## get uv by pip if it is missing
	@command -v $(UV) >/dev/null || python3 -m pip install --quiet --target .uv uv

run: setup  ## start Kafka, a worker and simulated producers, and watch (ARGS="--for 60s" …)
	$(UV) run --no-dev weir run $(ARGS)

test: setup  ## run the tests (ARGS="-k name" …)
	$(UV) run --all-extras pytest -n 2 --dist loadfile $(ARGS)

check: setup lint types imports test  ## lint, types, imports, tests: what CI runs

lint: setup
	$(UV) run --all-extras ruff check . && $(UV) run --all-extras ruff format --check .

types: setup
	$(UV) run --all-extras mypy

imports: setup
	$(UV) run --all-extras lint-imports

bench: setup  ## measure throughput and latency, beside rivals (ARGS="--only payments" …)
	$(UV) run --all-extras weir bench $(ARGS)

docs: setup  ## build the docs as a site into site/, strictly (ARGS=serve shows it while you write)
	$(UV) run --all-extras mkdocs $(or $(ARGS),build --strict)

render: setup  ## write dashboards and schemas from code
	$(UV) run --all-extras python -m monitoring.render

render-check: setup  ## fail if what is rendered differs from the code, or a check on it fails
	$(UV) run --all-extras python -m monitoring.render --check
