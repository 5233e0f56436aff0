"""The portable script runs unchanged on each test server, started as a user would start it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["sim", "vcsim", "xapi", "grove", "openstack"])
def test_the_portable_script_runs_on_each_server(name: str) -> None:
    command = [ROOT / "tests/servers/run", name, "--", sys.executable, "-W", "error", ROOT / "examples/portable.py"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for line in (
        "20 VMs: ",
        "does not guess: 2 VMs are named",
        "MODIFIED",
        ": halted",
        ": running",
        "round trips: {",
        "of the kind Image: ",
    ):
        assert line in done.stdout
    for kind in () if name == "grove" else ("Network", "StoragePool"):
        assert f"of the kind {kind}: " in done.stdout
