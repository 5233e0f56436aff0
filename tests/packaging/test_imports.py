"""Rules on imports that import-linter can't check. These tests read the import statements; each breach is found.

Import-linter takes ``from hvlib.driver import Session`` as an import of the package alone, so it finds no circle
through a package's own ``__init__``. Its contracts can forbid third-party packages, but not allow only some of them.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOMES = ("drivers/", "tests/third_party/")

ALLOWED: Mapping[str, set[str]] = {
    "hvlib": set(),
    "hvlib/model": {"msgspec"},
    "hvlib/driver": {"msgspec"},
    "hvlib/driver/http": {"msgspec", "urllib3"},
    "hvlib/runtime": {"msgspec", "tenacity"},
    "hvlib/api": {"keyring", "msgspec", "platformdirs", "stevedore", "yaml"},
    "hvlib/cli": {"cliff", "msgspec", "rich"},
    "hvlib/conformance": {"hypothesis", "msgspec", "pytest"},
    "hvlib_script.py": set(),
    "drivers/hvlib_openstack": {"keystoneauth1", "msgspec", "openstack", "requests", "urllib3"},
    "drivers/hvlib_sim": {"msgspec"},
    "drivers/hvlib_sim/create_command.py": {"cliff", "rich"},
    "drivers/hvlib_vsphere": {"msgspec", "urllib3"},
    "drivers/hvlib_vsphere/native.py": {"pyVmomi"},
    "drivers/hvlib_vsphere/wire/schema.py": {"pyVmomi"},
    "drivers/hvlib_xapi_simulator": {"cryptography"},
    "drivers/hvlib_xapi_simulator/command.py": {"cliff"},
    "drivers/hvlib_xenapi": {"msgspec"},
    "tests/third_party/hvlib_grove": {"msgspec", "urllib3"},
}
"""The third-party packages that each place may import. For a file, the longest path that it is below counts."""

CALLERS = ("hvlib/cli/", "hvlib/conformance/")
"""The parts of core that import the package hvlib itself, as its users do."""

Sources = Mapping[str, str]


@pytest.fixture(scope="module")
def sources() -> Sources:
    """The text of each file, by the file's name."""
    files = [ROOT / "hvlib_script.py"]
    for folder in ("hvlib", *HOMES):
        files += (ROOT / folder).rglob("*.py")
    return {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in files}


def module(file: str) -> str:
    """The name of a file's module."""
    for home in HOMES:
        file = file.removeprefix(home)
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@cache
def imports(file: str, text: str) -> Sequence[tuple[str, list[str]]]:
    """The modules that a file imports, anywhere in it, each with the names that it imports from the module."""
    package = module(file) if file.endswith("/__init__.py") else module(file).rpartition(".")[0]
    found: list[tuple[str, list[str]]] = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            name = resolve_name("." * node.level + (node.module or ""), package)
            found.append((name, [alias.name for alias in node.names]))
    return found


def circles(sources: Sources) -> Iterator[str]:
    """Imports of a package that the file is in. Importing one of its modules is no circle; importing other names is."""
    modules = {module(file) for file in sources}
    for file, text in sources.items():
        for name, taken in imports(file, text):
            only_modules = taken and all(f"{name}.{one}" in modules for one in taken)
            by_a_caller = name == "hvlib" and file.startswith(CALLERS)
            if module(file).startswith(f"{name}.") and not only_modules and not by_a_caller:
                yield f"{file} imports {name}, which it is in"


def foreign(sources: Sources) -> Iterator[tuple[str, str, str]]:
    """The imports of third-party packages: place, file, package."""
    for file, text in sources.items():
        places = [place for place in ALLOWED if f"{file}/".startswith(f"{place}/")]
        own = {"hvlib", module(file).partition(".")[0], *sys.stdlib_module_names}
        for package in {name.partition(".")[0] for name, _ in imports(file, text)} - own:
            yield max(places, key=len, default=""), file, package


def third_party_imports(sources: Sources) -> Iterator[str]:
    """Imports of third-party packages that the file's place does not allow."""
    for place, file, package in foreign(sources):
        if package not in ALLOWED.get(place, ()):
            yield f"{file} imports {package}"


def core_imports(sources: Sources) -> Iterator[str]:
    """Drivers' imports of hvlib that are neither from the contract, hvlib.driver, nor from hvlib.model."""
    for file, text in sources.items():
        for name, _ in imports(file, text):
            parts = name.split(".")
            if file.startswith(HOMES) and parts[0] == "hvlib" and parts[1:2] not in (["driver"], ["model"]):
                yield f"{file} imports {name}"


Wall = Callable[[Sources], Iterator[str]]

WALLS: tuple[Wall, ...] = (circles, third_party_imports, core_imports)

BREACHES: Mapping[str, tuple[Wall, str, str]] = {
    "core imports the package that it is in": (circles, "hvlib/driver/adapter.py", "from hvlib.driver import Session"),
    "core imports hvlib itself": (circles, "hvlib/model/ref.py", "def get():\n    import hvlib"),
    "core imports all of a package": (circles, "hvlib/conformance/site.py", "from hvlib.conformance import *"),
    "a driver imports the package that it is in": (
        circles,
        "drivers/hvlib_xapi_simulator/messages/events.py",
        "from hvlib_xapi_simulator import Simulator",
    ),
    "a driver imports the package that it is in, relatively": (
        circles,
        "tests/third_party/hvlib_grove/kinds/vm.py",
        "from . import STATES",
    ),
    "a driver imports another driver's SDK": (third_party_imports, "drivers/hvlib_sim/client.py", "import openstack"),
    "a driver without HTTP imports an HTTP client": (
        third_party_imports,
        "drivers/hvlib_sim/lab/lab.py",
        "import urllib3",
    ),
    "a driver imports its SDK outside of native.py": (
        third_party_imports,
        "drivers/hvlib_vsphere/errors.py",
        "import pyVmomi",
    ),
    "a new driver imports an SDK": (third_party_imports, "drivers/hvlib_new/driver.py", "import boto3"),
    "the public names import an SDK": (third_party_imports, "hvlib/actions.py", "import boto3"),
    "the console script imports a slow package": (third_party_imports, "hvlib_script.py", "import rich"),
    "a layer imports a package that only another layer may": (
        third_party_imports,
        "hvlib/api/collection.py",
        "from rich import print",
    ),
    "a driver imports hvlib itself": (core_imports, "drivers/hvlib_xenapi/joins.py", "from hvlib import connect"),
}


@pytest.mark.parametrize("wall", WALLS)
def test_the_walls_stand(sources: Sources, wall: Wall) -> None:
    assert len(sources) > 200
    assert list(wall(sources)) == []


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_refused(sources: Sources, breach: str) -> None:
    wall, file, line = BREACHES[breach]
    assert [found for found in wall({**sources, file: f"{sources.get(file, '')}\n{line}\n"}) if file in found]


def test_every_allowed_package_is_imported(sources: Sources) -> None:
    imported: dict[str, set[str]] = {place: set() for place in ALLOWED}
    for place, _, package in foreign(sources):
        imported[place].add(package)
    assert imported == ALLOWED
