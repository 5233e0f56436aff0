# Two targets for newcomers: `make demo` shows hvlib at work, `make test` runs every check.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
THIRD_PARTY := .venv/.third-party
UNIT_TESTS := tests/model tests/driver tests/runtime tests/api tests/cli tests/conformance tests/packaging tests/examples/test_portable.py $(wildcard tests/drivers/*/unit)
OPENSTACK_TESTS := tests/drivers/openstack tests/examples/test_portable_on_servers.py
REGION_TESTS := tests/servers/test_openstack.py
ROBUSTNESS_TESTS := tests/seeds tests/faults
DRIVER_TESTS := $(filter-out tests/drivers/openstack,$(wildcard tests/drivers/*))

.PHONY: demo test checks lint types walls unit openstack servers servers-openstack servers-region servers-robustness servers-drivers servers-others faults docs benchmarks clean

demo: $(INSTALLED)
	@$(BIN)/hv demo

# First what takes a minute, while OpenStack is installed where it is not; then the servers' tests.
test: $(THIRD_PARTY)
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target openstack checks build/vcsim
	@$(MAKE) --no-print-directory servers

checks: lint types walls unit docs

$(INSTALLED): setup.cfg pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hvlib needs Python 3.11 or newer: make PYTHON=python3.x")'
	$(PYTHON) -m venv .venv
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(THIRD_PARTY): $(INSTALLED) tests/third_party/setup.cfg tests/third_party/pyproject.toml
	PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable tests/third_party
	@touch $@

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED)
	$(BIN)/mypy

walls: $(THIRD_PARTY)
	$(BIN)/lint-imports

unit: $(THIRD_PARTY)
	$(BIN)/pytest $(UNIT_TESTS)

build/vcsim: $(INSTALLED) $(wildcard tests/servers/vcsim/*)
	tests/servers/run --build vcsim

# OpenStack's services and a region of theirs, which tests copy: made once, in two minutes.
openstack: $(INSTALLED)
	tests/servers/run --build openstack

# Four at a time, the longest first: OpenStack's services keep one core busy, while the other tests mostly wait.
servers: $(THIRD_PARTY) build/vcsim
	@$(MAKE) --no-print-directory --jobs=4 --output-sync=target servers-openstack servers-drivers servers-robustness servers-others servers-region

servers-openstack: openstack
	$(BIN)/pytest $(OPENSTACK_TESTS) --ignore tests/drivers/openstack/unit

servers-region: openstack
	$(BIN)/pytest $(REGION_TESTS)

servers-robustness:
	$(BIN)/pytest $(ROBUSTNESS_TESTS)

servers-drivers:
	$(BIN)/pytest $(DRIVER_TESTS) $(addsuffix /unit,$(addprefix --ignore=,$(DRIVER_TESTS)))

servers-others:
	$(BIN)/pytest tests --ignore tests/drivers $(foreach each,$(UNIT_TESTS) $(OPENSTACK_TESTS) $(REGION_TESTS) $(ROBUSTNESS_TESTS),--ignore $(each))

# Runs each operation under each fault on each driver, and writes what came of it into docs/faults.md.
faults: $(THIRD_PARTY) build/vcsim
	HVLIB_WRITE_FAULTS=1 $(BIN)/pytest tests/faults

docs: $(INSTALLED)
	$(BIN)/sphinx-build -W -q -b html docs docs/_build/html
	$(BIN)/sphinx-build -W -q -b doctest docs docs/_build/doctest
	$(BIN)/pytest --doctest-modules hvlib drivers

benchmarks: $(INSTALLED) openstack
	$(BIN)/python benchmarks/import_time.py
	$(BIN)/python benchmarks/openstack_listing.py
	$(BIN)/python benchmarks/openstack_real.py
	$(BIN)/python benchmarks/sim_million.py
	$(BIN)/python benchmarks/vsphere_listing.py
	$(BIN)/python benchmarks/xenapi_listing.py
	$(BIN)/python benchmarks/xenapi_watch.py

clean:
	rm -rf .venv build docs/_build
