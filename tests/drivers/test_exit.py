"""However a process ends, its session is logged out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from servers.vcsim import Vcsim

START = """
import hvlib
provider = hvlib.connect()
watch = provider.compute.vms.watch()
pages = provider.compute.vms.get_all(page_size=3).pages()
next(watch), next(pages)
print("ready", flush=True)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Vcsim]:
    with Vcsim(vms=8, hosts=2) as server:
        yield server


def run(server: Vcsim, code: str) -> subprocess.Popen[str]:
    environment = {**os.environ, **server.environment}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", START + code],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize(("code", "status"), [("", 0), ("raise RuntimeError", 1), ("raise SystemExit(3)", 3)])
def test_nothing_is_left_after_the_end(server: Vcsim, code: str, status: int) -> None:
    process = run(server, code)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == status, errors
    assert server.leftovers() == {"sessions": 0, "views": 0, "collectors": 0, "filters": 0}


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


def test_nothing_is_left_after_ctrl_c_in_a_wait(server: Vcsim) -> None:
    process = run(server, "for event in watch: pass")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert "KeyboardInterrupt" in errors
    assert server.leftovers() == {"sessions": 0, "views": 0, "collectors": 0, "filters": 0}
