"""`hv` logs out its session, however it ends. The conformance suite tests this for other processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from servers.vcsim import Vcsim


@pytest.fixture(scope="module")
def server() -> Iterator[Vcsim]:
    with Vcsim(vms=8, hosts=2) as server:
        yield server


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_nothing_is_left_of_hv(server: Vcsim, number: signal.Signals) -> None:
    hv = [sys.executable, "-c", "import sys; from hvlib.cli.app import main; sys.exit(main())", "vm", "watch"]
    environment = {**os.environ, **server.environment}
    process = subprocess.Popen(hv, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (128 + number, "")
    assert server.leftovers() == {"sessions": 0, "views": 0, "collectors": 0, "filters": 0}
