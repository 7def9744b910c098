# make demo   install, then run the shipped policy and write runs/demo/report.html
# make test   install, then run every test
# make lint   formatting, lint, types, import contracts
# ARGS is handed on: make demo ARGS='--instruction "pick up the red mug" --seed 7'

.PHONY: demo test lint setup tiny clean

demo:
	@runs/setup.sh demo
	@.venv/bin/sapave demo $(ARGS)

setup:
	@runs/setup.sh test

test: setup
	@OMP_NUM_THREADS=1 .venv/bin/python -m pytest -n auto $(ARGS)

lint: setup
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/lint-imports
	@.venv/bin/pyright --level error

tiny: setup
	@PATH="$(CURDIR)/.venv/bin:$$PATH" runs/tiny.sh

clean:
	rm -rf .venv .pytest_cache .ruff_cache .hypothesis .import_linter_cache src/*.egg-info
