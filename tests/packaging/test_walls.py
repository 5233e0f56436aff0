"""The walls between layers and drivers that import-linter checks: each breach is found, and no driver is left out."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = Path(sys.executable).with_name("lint-imports")

BREACHES = {
    "a driver imports core's runtime": (
        "drivers/hvlib_sim/lab/objects.py",
        "from hvlib.runtime.retry import RetryPolicy",
    ),
    "a driver imports core's API": ("drivers/hvlib_xenapi/driver.py", "import hvlib.api.provider"),
    "a driver imports another": ("drivers/hvlib_vsphere/driver.py", "import hvlib_sim.driver"),
    "a driver imports the public names": ("tests/third_party/hvlib_grove/errors.py", "import hvlib.errors"),
    "core imports an SDK": ("hvlib/api/collection.py", "import openstack"),
    "core imports a driver": ("hvlib/conformance/site.py", "import hvlib_sim"),
    "core imports HTTP": ("hvlib/runtime/pager.py", "import urllib3"),
    "a layer imports one above it": ("hvlib/driver/feed.py", "import hvlib.runtime.clock"),
    "a layer imports one above it, for types alone": (
        "hvlib/model/ref.py",
        "if TYPE_CHECKING:\n    from hvlib.api.provider import Provider",
    ),
    "a layer imports one above it, lazily": (
        "hvlib/model/ref.py",
        "def get():\n    from hvlib.api.provider import Provider",
    ),
    "the command line imports the suite": ("hvlib/cli/app.py", "import hvlib.conformance.site"),
    "a circle in core": ("hvlib/runtime/clock.py", "import hvlib.runtime.retry"),
    "a circle in a driver": ("drivers/hvlib_sim/lab/objects.py", "import hvlib_sim.session"),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the packages and of the contracts."""
    copy = tmp_path_factory.mktemp("project")
    shutil.copy(ROOT / "setup.cfg", copy)
    for packages in ("hvlib", "drivers", "tests/third_party"):
        shutil.copytree(ROOT / packages, copy / packages, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    return copy


def lint(project: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(str(project / folder) for folder in (".", "drivers", "tests/third_party"))
    environment = {**os.environ, "PYTHONPATH": path}
    command = [str(LINT), "--no-cache"]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def test_the_walls_stand(project: Path) -> None:
    done = lint(project)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_refused(project: Path, breach: str) -> None:
    name, line = BREACHES[breach]
    file = project / name
    sound = file.read_text(encoding="utf-8")
    file.write_text(f"{sound}\n{line}\n", encoding="utf-8")
    try:
        done = lint(project)
    finally:
        file.write_text(sound, encoding="utf-8")
    assert done.returncode == 1, done.stdout
    assert "BROKEN" in done.stdout


def on_disk(root: Path) -> set[str]:
    """The packages of drivers and simulators."""
    homes = (root / "drivers", root / "tests/third_party")
    return {file.relative_to(home).parts[0].removesuffix(".py") for home in homes for file in home.rglob("*.py")}


PLACES = {
    "roots": [("importlinter", "root_packages")],
    "circles": [("importlinter:contract:circles", "ancestors")],
    "core": [("importlinter:contract:core", "forbidden_modules")],
    "apart": [("importlinter:contract:apart", "modules")],
    "drivers": [
        ("importlinter:contract:drivers", "source_modules"),
        ("importlinter:contract:simulator", "source_modules"),
    ],
}
"""Where setup.cfg lists every driver and simulator."""


def listed(root: Path, place: str) -> set[str]:
    """The drivers and simulators of one place in setup.cfg."""
    parser = configparser.ConfigParser()
    parser.read(root / "setup.cfg", encoding="utf-8")
    names = {name for section, option in PLACES[place] for name in parser[section][option].split()}
    return {name for name in names if name.startswith("hvlib_")}


@pytest.mark.parametrize("place", PLACES)
def test_no_driver_is_left_out(project: Path, place: str) -> None:
    assert listed(project, place) == on_disk(project)


@pytest.mark.parametrize(
    "new", ["drivers/hvlib_new/driver.py", "drivers/hvlib_new.py", "tests/third_party/new/wire/a.py"]
)
def test_a_driver_that_is_left_out_is_noticed(project: Path, new: str) -> None:
    file = project / new
    made = [folder for folder in file.parents if not folder.exists()]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("import hvlib_sim.driver\n", encoding="utf-8")
    try:
        assert all(listed(project, place) < on_disk(project) for place in PLACES)
    finally:
        file.unlink()
        for folder in made:
            folder.rmdir()


def test_no_layer_is_left_out() -> None:
    """Only the contract on circles needs this check: the contract on layers is exhaustive by itself."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    ancestors = parser["importlinter:contract:circles"]["ancestors"].split()
    layers = {f"hvlib.{file.parent.name}" for file in (ROOT / "hvlib").glob("*/*.py")}
    assert {name for name in ancestors if name.startswith("hvlib.")} == layers
