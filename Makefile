# Two commands: `make backtest` and `make test`. Both create .venv and install what they need.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: backtest test nightly clean

backtest: .venv/installed
	@$(BIN)/python backtest_runner.py --config sample.yaml

test: .venv/installed-test
	$(BIN)/lint-imports --no-cache
	$(BIN)/ruff check .
	$(BIN)/python -m pytest

nightly: .venv/installed-test
	$(BIN)/python -m pytest -m "nightly or not nightly"

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

.venv/installed-test: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	touch .venv/installed $@

clean:
	rm -rf .venv .cache build *.egg-info
