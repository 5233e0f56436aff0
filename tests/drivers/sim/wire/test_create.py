"""``hv sim create``: its output, its refusals, and interrupted creations."""

from __future__ import annotations

import os
import pty
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hvlib

Start = Callable[..., Any]
RunHv = Callable[..., tuple[int, str, str]]


def test_create_prints_a_command_that_uses_the_lab(tmp_path: Path, run_hv: RunHv) -> None:
    path = tmp_path / "new lab #1.db"
    options = ["--vms", "3", "--hosts", "2", "--seed", "7", "--task-time", "0", "--password", "right"]
    assert run_hv("sim", "create", path, *options) == (
        0,
        f"made a lab with 3 VMs on 2 hosts: hv -P sim://{tmp_path}/new%20lab%20%231.db vm list\n",
        "",
    )
    assert list(tmp_path.iterdir()) == [path]
    with hvlib.connect(f"sim://{tmp_path}/new%20lab%20%231.db?seed=7&task_time=0", password="right") as provider:
        assert (provider.compute.vms.get_all().count(), provider.compute.hosts.get_all().count()) == (3, 2)
    status, out, err = run_hv("sim", "create", path)
    assert (status, out) == (1, "")
    assert err == f"hv: {path} exists already (remove it, or choose another path)\n"


def test_a_lab_that_does_not_exist(tmp_path: Path, run_hv: RunHv) -> None:
    path = tmp_path / "none.db"
    assert run_hv("-P", f"sim://{path}", "vm", "list") == (
        1,
        "",
        f"hv: there is no lab at {path} (hv sim create {path})\n",
    )


@pytest.mark.parametrize("options", [["--vms", "-1"], ["--vms", "1000001"], ["--hosts", "0"], ["--task-time", "x"], []])
def test_wrong_usage(tmp_path: Path, run_hv: RunHv, options: list[str]) -> None:
    arguments = [tmp_path / "new.db", *options] if options else []
    status, out, err = run_hv("sim", "create", *arguments)
    assert (status, out) == (2, "")
    assert "usage: hv sim create" in err
    assert not list(tmp_path.iterdir())


def test_progress_on_a_terminal(tmp_path: Path, hv: Start) -> None:
    terminal, side = pty.openpty()
    process = hv(
        "sim", "create", "--vms", 20_000, tmp_path / "new.db", stderr=side, env={**os.environ, "TERM": "xterm"}
    )
    os.close(side)
    shown = b""
    try:
        while data := os.read(terminal, 1 << 16):
            shown += data
    except OSError:  # A terminal raises this when its other side is closed.
        pass
    finally:
        os.close(terminal)
    assert process.wait(60) == 0
    assert process.stdout.read().startswith("made a lab with 20,000 VMs")
    assert b"20000/20000" in shown


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_creation_makes_no_lab(tmp_path: Path, hv: Start, run_hv: RunHv, number: signal.Signals) -> None:
    path = tmp_path / "new.db"
    process = hv("sim", "create", "--vms", 1_000_000, path)
    deadline = time.monotonic() + 30
    while not (drafts := list(tmp_path.iterdir())):
        assert time.monotonic() < deadline
        assert process.poll() is None
    process.send_signal(number)
    assert process.wait(30) != 0
    assert not path.exists()
    if number == signal.SIGKILL:
        status, _, err = run_hv("-P", f"sim://{drafts[0]}", "vm", "list")
        assert status == 1
        assert "is not a lab" in err or "can't be used" in err
    else:
        assert not list(tmp_path.iterdir())
