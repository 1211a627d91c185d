# Each target does all of its set-up: Python 3.11 or later and make are enough.
PYTHON ?= python3
SCENARIO ?= plan
ARGS ?=
CASES ?= tests/hindcast/cases_development.csv
BIN := .venv/bin/
# Bytecode is kept even where the environment forbids it: without it every start takes seconds.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: definitions help assess report test check long mutants wheel wheel-test bench skill docs lock runtime dev clean

help:
	@echo 'make assess   how likely each target of the plan is (SCENARIO=land_high, ARGS="--replicates 200 --lang zh")'
	@echo 'make report   all of it for a reader: report.html (ARGS="--lang both", ARGS="-o report.xlsx")'
	@echo 'make test     every check and every test'
	@echo 'make check    style, types and structure only'
	@echo 'make long     tests that take many minutes: kills of a sweep, recovery of known truths'
	@echo 'make mutants  do the tests of the rules notice a changed operator? (ARGS="--sample 100 --seed 1" for some)'
	@echo 'make wheel    the package with the rules compiled for every kind of machine, in dist (cross-compiled by zig)'
	@echo 'make wheel-test  the tests of model, commands and answers against that wheel (ARGS="tests/pack")'
	@echo 'make bench    run time, a table in three minutes (ARGS="--keep" or ARGS="--out new.json"; then benchmarks/compare.py)'
	@echo 'make skill    forecast past plans, score them, and seal the measured skill (CASES=file or folder)'
	@echo 'make definitions  what follows from the definitions: names of the record, reference pages'
	@echo 'make docs     run the examples of the docstrings, then build the pages in docs/_build'
	@echo 'make lock     renew the pinned requirements after editing pyproject.toml (ARGS=--upgrade for newer releases)'

assess: runtime
	@$(BIN)xuchang-sim assess $(SCENARIO) $(ARGS)

report: runtime
	@$(BIN)xuchang-sim report $(ARGS)

check: dev
	@echo '== ruff check' && $(BIN)ruff check --quiet
	@echo '== ruff format' && $(BIN)ruff format --check --quiet
	@echo '== mypy' && $(BIN)mypy
	@echo '== sp-repo-review' && $(BIN)sp-repo-review --show err .
	@echo '== lint-imports' && $(BIN)lint-imports --no-logo
	@echo '== prose' && $(BIN)python docs/prose.py

test: check
	@echo '== rules' && $(BIN)python -m xuchang_sim.model.build
	@echo '== pytest' && $(BIN)pytest --numprocesses 2 $(ARGS)

long: dev
	@XUCHANG_SIM_LONG=1 $(BIN)pytest --numprocesses 2 -m long $(ARGS)
	@XUCHANG_SIM_LONG=1 $(BIN)pytest --numprocesses 2 -m 'not long' tests/faults # the same tests, more mutations

mutants: dev
	@$(BIN)python -m tests.oracle.mutants $(ARGS)

wheel: dev
	@$(BIN)python -c 'import ziglang' 2>/dev/null || \
		$(BIN)python -m pip --quiet install --no-deps --require-hashes --requirement requirements/compiler.txt
	@rm -f dist/xuchang_sim-*.whl
	@XUCHANG_SIM_TARGETS=all $(BIN)python -m pip --quiet wheel --no-deps --no-build-isolation --wheel-dir dist .

wheel-test: wheel
	@$(BIN)python -m tests.wheel $(ARGS)

bench: runtime
	@$(BIN)python -m benchmarks.short $(ARGS)

skill: runtime
	@$(BIN)xuchang-sim hindcast $(CASES) --score $(CASES) --lang en

docs: dev
	@$(BIN)pytest --quiet --doctest-modules src/xuchang_sim
	@$(BIN)sphinx-build --quiet --fail-on-warning docs docs/_build

runtime dev:
	@$(PYTHON) requirements/install.py $@

COMPILE = .venv/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links $(ARGS) pyproject.toml

definitions: dev
	@$(BIN)python docs/definitions.py

lock:
	@test -x .venv/lock/bin/uv || { $(PYTHON) -m venv .venv/lock && .venv/lock/bin/python -m pip --quiet install uv; }
	$(COMPILE) --group dev --all-extras --output-file requirements/dev.txt
	$(COMPILE) --group build --constraints requirements/dev.txt --output-file requirements/runtime.txt
	$(subst pyproject.toml,,$(COMPILE)) --group compiler --output-file requirements/compiler.txt
	@$(PYTHON) requirements/advisories.py

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist docs/_build
