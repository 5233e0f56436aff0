"""Clients by other authors, independent of hvlib, each installed into a temporary folder.

They check the simulator: it and hvlib's driver were written from the same facts, and could share a mistake.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from servers.xapi import Xapi

HERE = Path(__file__).parent
OFFICIAL = "XenAPI==26.21.1"
XEN_ORCHESTRAS = "xen-api@4.7.6"
TIMEOUT = 110.0

Run = Callable[..., Any]
"""Runs a client's script with arguments; returns what it printed as JSON."""


@pytest.fixture
def xapi() -> Iterator[Xapi]:
    with Xapi(vms=20, members=2) as server:
        yield server


@pytest.fixture(scope="session")
def official(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The XenAPI project's own package for Python."""
    folder = tmp_path_factory.mktemp("official")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--target", str(folder), OFFICIAL], check=True, timeout=TIMEOUT)

    def run(*arguments: str, **environment: str) -> Any:
        command = [sys.executable, str(HERE / "official.py"), *arguments]
        return _run(command, folder, PYTHONPATH=str(folder), **environment)

    return run


@pytest.fixture(scope="session")
def xen_api(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Xen Orchestra's package for Node."""
    folder = tmp_path_factory.mktemp("xen-api")
    assert shutil.which("npm"), "Node with npm is needed: its package xen-api checks the simulator"
    npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(folder)]
    subprocess.run([*npm, XEN_ORCHESTRAS], check=True, timeout=TIMEOUT)
    script = shutil.copy(HERE / "xen_api.mjs", folder)  # Node looks for packages beside the script

    def run(*arguments: str) -> Any:
        return _run(["node", str(script), *arguments], folder)

    return run


def _run(command: list[str], folder: Path, **environment: str) -> Any:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
