# Two targets for newcomers: `make demo` shows hvlib at work, `make test` runs every check.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
THIRD_PARTY := .venv/.third-party
UNIT_TESTS := tests/model tests/driver tests/runtime tests/api tests/cli tests/conformance tests/packaging tests/examples/test_portable.py $(wildcard tests/drivers/*/unit)
WALLS := tests/packaging/test_walls.py

# The tests that need servers, in parts that run in parallel; `others` is every test that is in no other part.
PARTS := openstack-undo xenapi-undo seeds openstack-steps xenapi openstack xenapi-steps openstack-changes vsphere openstack-wire faults vcenter region others
openstack := tests/drivers/openstack/test_conformance.py tests/examples/test_portable_on_servers.py
openstack-changes := tests/drivers/openstack/test_conformance.py
openstack-steps := tests/drivers/openstack/test_conformance.py
openstack-undo := tests/drivers/openstack/test_conformance.py
openstack-wire := tests/drivers/openstack/wire
vsphere := tests/drivers/vsphere/test_conformance.py tests/drivers/vsphere/wire
vcenter := tests/drivers/vsphere/test_vcenter_conformance.py tests/drivers/vsphere/vcenter
xenapi := tests/drivers/xenapi/test_conformance.py tests/drivers/xenapi/wire
xenapi-steps := $(xenapi)
xenapi-undo := $(xenapi)
seeds := tests/seeds
faults := tests/faults
region := tests/servers/test_openstack.py
others := tests $(addprefix --ignore ,$(UNIT_TESTS) $(foreach part,$(filter-out others,$(PARTS)),$($(part))))
SERVERS := $(addprefix servers-,$(PARTS))

# Let Python write bytecode: the tests start hundreds of interpreters, and each would compile all of its imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test checks lint types walls unit openstack servers $(SERVERS) faults docs benchmarks clean

demo: $(INSTALLED)
	@$(BIN)/hv demo

# First the checks, which take a minute, while OpenStack is installed if it is missing; then the tests that need servers.
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
	$(BIN)/pytest $(WALLS)

unit: $(THIRD_PARTY)
	$(BIN)/pytest $(UNIT_TESTS) --ignore $(WALLS)

build/vcsim: $(INSTALLED) $(wildcard tests/servers/vcsim/*)
	tests/servers/run --build vcsim

# Installs OpenStack's services and makes the region that the tests copy: once, in two minutes.
openstack: $(INSTALLED)
	tests/servers/run --build openstack

# Six parts at a time, the longest first: most of them wait more than they compute.
servers: $(THIRD_PARTY) build/vcsim
	@$(MAKE) --no-print-directory --jobs=6 --output-sync=target $(SERVERS)

servers-openstack servers-openstack-changes servers-openstack-steps servers-openstack-undo servers-openstack-wire servers-region: openstack

# Real services are slow, and the suite's tests of steps are many: they are separate parts.
STEPS := steps
UNDO := undo or cancel or ctrl_c or closed or block or refused
CHANGES := mirror or watch or told or cursor or goes_on or wait or kinds_come or done
servers-openstack: SELECT = -k "not ($(CHANGES) or $(STEPS))"
servers-openstack-changes: SELECT = -k "($(CHANGES)) and not $(STEPS)"
servers-openstack-steps servers-xenapi-steps: SELECT = -k "$(STEPS) and not ($(UNDO))"
servers-openstack-undo servers-xenapi-undo: SELECT = -k "$(STEPS) and ($(UNDO))"
servers-xenapi: SELECT = -k "not $(STEPS)"

$(SERVERS): servers-%: $(THIRD_PARTY)
	$(BIN)/pytest $($*) $(SELECT)

# Runs each operation under each fault on each driver, and writes the outcomes into docs/faults.md.
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
	$(BIN)/python benchmarks/vsphere_watch.py
	$(BIN)/python benchmarks/xenapi_listing.py
	$(BIN)/python benchmarks/xenapi_watch.py

clean:
	rm -rf .venv build docs/_build
