# Liaison. `make run` starts it, `make test` and `make check` are for those who change it.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORDS := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/*.po))

# What is given here reaches crm/env.py: `make run PORT=8001`, `make run EMPTY=1`.

.PHONY: run test faults check format pictures requirements clean
.DEFAULT_GOAL := run
.NOTPARALLEL:  # what is compiled needs what is installed

run: $(VENV)/base.stamp $(WORDS)
	@exec $(BIN)/python manage.py run_all --with-parent

# The whole suite on SQLite, then on PostgreSQL. `make test ARGS="-k clock"` runs a part.
test: $(VENV)/dev.stamp $(WORDS)
	@for db in sqlite postgres; do \
	  echo "== DB=$$db"; \
	  DB=$$db $(BIN)/python -m pytest -n auto --dist worksteal --junit-xml=var/reports/$$db.xml $(ARGS) || failed=1; \
	done; exit $${failed:-0}

# What the engine promises, under every fault: an hour and more. `make faults ARGS="--only 2,4 --database postgres"`.
faults: $(VENV)/dev.stamp $(WORDS)
	@$(BIN)/python -m tests.faults $(ARGS)

check: $(VENV)/dev.stamp $(WORDS)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/mypy
	$(BIN)/python manage.py makemigrations --check --dry-run
	ENVIRONMENT=production SECRET_KEY=$$($(BIN)/python -c "import secrets; print(secrets.token_urlsafe(64))") \
	PUBLIC_URL=https://crm.example.com DATABASE_URL=postgres://nobody@127.0.0.1/none REDIS_URL=redis://127.0.0.1 \
	EMAIL_URL=smtp://127.0.0.1 DEFAULT_FROM_EMAIL=crm@example.com \
	$(BIN)/python manage.py check --deploy --fail-level WARNING

format: $(VENV)/dev.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The README's pictures, taken anew.
pictures: $(VENV)/dev.stamp $(WORDS)
	$(BIN)/python -m pytest -q tests/pictures/take.py

# The pins of requirements/*.txt, written anew from what *.in asks for.
requirements: $(VENV)/dev.stamp
	for name in base dev; do \
	  $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	    --no-header --no-annotate requirements/$$name.in -o requirements/$$name.txt || exit 1; \
	done

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Liaison needs Python 3.11 or newer. Say which: make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Liaison needs Python's venv; on Debian: apt-get install python3-venv"; exit 1; }

# A stamp per set of requirements: a second start installs nothing.
$(VENV)/%.stamp: requirements/%.txt | $(VENV)/bin/python
	@echo "Installing requirements/$*.txt"
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements/$*.txt
	@touch $@

# The translations, compiled: one that is older than its catalogue has all of them looked at again.
locale/%.mo: locale/%.po | $(VENV)/bin/python
	@$(BIN)/python manage.py compilemessages
	@touch $@

clean:
	rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
