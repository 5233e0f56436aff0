"""The walls between layers and drivers: each breach is refused."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = Path(sys.executable).with_name("lint-imports")

BREACHES = {
    "a driver imports how core works": (
        "drivers/hvlib_sim/lab/objects.py",
        "from hvlib.runtime.retry import RetryPolicy",
    ),
    "a driver imports what callers hold": ("drivers/hvlib_xenapi/driver.py", "import hvlib.api.provider"),
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


ALLOWED = {
    "model": {"msgspec"},
    "driver": {"msgspec"},
    "driver/http": {"msgspec", "urllib3"},
    "runtime": {"msgspec", "tenacity"},
    "api": {"keyring", "msgspec", "platformdirs", "stevedore", "yaml"},
    "cli": {"cliff", "msgspec", "rich"},
    "conformance": {"hypothesis", "msgspec", "pytest"},
}
"""The packages of others that each layer may import, beside the standard library."""


def modules(file: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


@pytest.mark.parametrize("layer", ALLOWED)
def test_a_layer_imports_no_more_of_others_than_it_may(layer: str) -> None:
    files = [file for file in (ROOT / "hvlib" / layer).rglob("*.py") if layer != "driver" or file.parent.name != "http"]
    assert files
    packages = {name.partition(".")[0] for file in files for name in modules(file)}
    foreign = packages - set(sys.stdlib_module_names) - {"hvlib"}
    assert foreign == ALLOWED[layer]


def test_nothing_below_the_public_names_imports_hvlib_itself() -> None:
    """``import hvlib`` below would be a circle that no layer shows."""
    for layer in ("api", "runtime", "driver", "model"):
        for file in (ROOT / "hvlib" / layer).rglob("*.py"):
            assert "hvlib" not in modules(file), file


def test_a_driver_imports_the_contract_and_the_model_alone() -> None:
    files = [*(ROOT / "drivers").rglob("*.py"), *(ROOT / "tests/third_party").rglob("*.py")]
    assert len(files) > 100
    for file in files:
        of_core = {name for name in modules(file) if name.partition(".")[0] == "hvlib"}
        assert {name for name in of_core if not name.startswith(("hvlib.driver", "hvlib.model"))} == set(), file
