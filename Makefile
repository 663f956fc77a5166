# Everything a person needs, by name. `make` alone lists it.
# Variables may come before or after: PORT=8001 make run, make run PORT=8001.

.DEFAULT_GOAL := help
.PHONY: help setup run run-stripe seed test races faults lint fmt bench lock

# Found anew each time: it costs a few milliseconds and says in one sentence what is missing.
FIND_PYTHON = python=$$(sh scripts/find-python.sh)
VENV_PYTHON = .venv/bin/python

help: ## List what make can do
	@echo "make setup   make .venv and install what is needed"
	@echo "make run     set up, prepare the database and demo data, serve on http://127.0.0.1:8000"
	@echo "make run-stripe   the same, paid at a double of Stripe that runs beside it"
	@echo "make seed    make the demo data (again: adds what is missing, changes nothing else)"
	@echo "make test    all tests, on SQLite and on MariaDB, 25 rounds of each race"
	@echo "make races   the race tests alone, 1,000 rounds each"
	@echo "make faults  kill, cut off and mislead a running site, then count the money (ARGS=--quick)"
	@echo "make lint    style, types, layers, templates, migrations, system checks"
	@echo "make fmt     put the code into shape"
	@echo "make bench   measure pages, bookings, tickets, the door on MariaDB (ARGS=month for one)"
	@echo "make lock    resolve the requirements*.in anew into requirements*.txt"

setup:
	@$(FIND_PYTHON) && exec "$$python" -m scripts.setup

run:
	@$(FIND_PYTHON) && exec "$$python" -m scripts.run

run-stripe:
	@$(FIND_PYTHON) && "$$python" -m scripts.setup && exec $(VENV_PYTHON) -m tests.stripe_double --run

seed:
	@$(FIND_PYTHON) && "$$python" -m scripts.setup && exec $(VENV_PYTHON) -m scripts.prepare --seed

test:
	@$(FIND_PYTHON) && "$$python" -m scripts.setup --dev && exec $(VENV_PYTHON) -m scripts.suite $(ARGS)

races:
	@$(FIND_PYTHON) && "$$python" -m scripts.setup --dev && exec $(VENV_PYTHON) -m scripts.suite --races $(ARGS)

faults:
	@$(FIND_PYTHON) && "$$python" -m scripts.setup --dev && exec $(VENV_PYTHON) -m tests.faults $(ARGS)

lint:
	@$(FIND_PYTHON) && "$$python" -m scripts.setup --dev && exec $(VENV_PYTHON) -m scripts.lint

fmt:
	@$(FIND_PYTHON) && "$$python" -m scripts.setup --dev && exec $(VENV_PYTHON) -m scripts.lint --fix

bench:
	@$(FIND_PYTHON) && "$$python" -m scripts.setup --dev && exec $(VENV_PYTHON) -m bench $(ARGS)

lock:
	@$(FIND_PYTHON) && "$$python" -m scripts.setup --dev && exec $(VENV_PYTHON) -m scripts.lock
