from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hvlib
from hvlib.cli.operate import break_off

Hv = Callable[..., Any]


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> str:
    """A lab that lives as long as this process, one for each test."""
    name = request.node.name.replace("_", "-").replace("[", "-").replace("]", "")
    return f"sim://{name}?vms=24&task_time=0.05"


def state(hv: Hv, lab: str, name: str) -> str:
    found: str = hv("-P", lab, "vm", "list", "-f", "value", "-c", "power_state", "--name", name).out
    return " ".join(found.split())


@pytest.mark.parametrize(
    ("command", "name", "after"),
    [
        (["start"], "db-1", "running"),
        (["stop"], "web-1", "halted"),
        (["reboot"], "web-1", "running"),
        (["reboot", "--hard"], "web-1", "running"),
        (["suspend"], "web-1", "suspended"),
        (["resume"], "db-3", "running"),
    ],
)
def test_power(hv: Hv, lab: str, command: list[str], name: str, after: str) -> None:
    ran = hv("-P", lab, "vm", *command, name)
    assert (ran.status, ran.out, ran.err) == (0, "", "")
    assert state(hv, lab, name) == after


def test_shutdown_asks_the_guest(hv: Hv, lab: str) -> None:
    assert hv("-P", lab, "vm", "shutdown", "web-1").status == 0


def test_several_vms_are_found_by_one_listing(hv: Hv, lab: str) -> None:
    ran = hv("-P", f"{lab}&fail=lookup:permission:9,page:permission:9:1", "vm", "start", "db-1", "db-2", "app-5")
    assert (ran.status, ran.err) == (0, "")
    assert state(hv, lab, "db-[12]*") == "running running"


def test_each_failure_is_a_line_and_the_other_actions_are_done(hv: Hv, lab: str) -> None:
    ran = hv("-P", lab, "vm", "start", "web-1", "db-1", "web-2")
    assert ran.status == 1
    lines = ran.err.splitlines()
    assert [line.partition(": web")[0] for line in lines] == ["hv: start VM web-1", "hv: start VM web-2"]
    assert state(hv, lab, "db-1") == "running"


def test_a_refusal_at_the_call_is_reported_like_a_later_failure(hv: Hv, lab: str) -> None:
    ran = hv("-P", f"{lab}&fail=submit:permission:1:1", "vm", "start", "db-1", "db-2")
    assert (ran.status, ran.err) == (1, "hv: start VM db-2: fail=: not allowed\n")
    assert state(hv, lab, "db-1") == "running"


def test_nothing_is_done_unless_every_name_is_one_vm(hv: Hv, lab: str) -> None:
    ran = hv("-P", lab, "vm", "start", "db-1", "nope", "build-1")
    assert ran.status == 1
    assert ran.err.splitlines()[0] == "hv: no VM 'nope'"
    assert "2 VMs are named 'build-1' (say which by uuid: " in ran.err.splitlines()[1]
    assert state(hv, lab, "db-1") == "halted"


def test_a_dry_run_prints_the_plan(hv: Hv, lab: str) -> None:
    ran = hv("-P", lab, "vm", "reboot", "--hard", "--dry-run", "web-1", "web-2")
    assert (ran.status, ran.lines) == (0, ["reboot hard=True VM web-1", "reboot hard=True VM web-2"])


def test_a_wait_ends_and_the_task_goes_on(hv: Hv) -> None:
    ran = hv("-P", "sim://?task_time=60", "vm", "start", "db-1", "--wait-timeout", "0.05")
    assert ran.status == 1
    assert ran.err == "hv: start VM db-1 still runs after 0.05 s (it continues on the server)\n"
    assert hv("-P", "sim://?task_time=60", "vm", "start", "db-1", "--no-wait").status == 0


def test_a_wait_that_fails_names_each_task(hv: Hv, lab: str) -> None:
    ran = hv("-P", f"{lab}&task_time=20&fail=subscribe:permission:9", "vm", "start", "db-1", "db-2")
    assert ran.status == 1
    assert ran.err.splitlines() == [
        f"hv: start VM {name}: fail=: not allowed (it continues on the server)" for name in ("db-1", "db-2")
    ]


def test_ctrl_c_while_vms_are_still_to_be_asked(
    hv: Hv, tmp_path: Path, start_hv: Callable[..., subprocess.Popen[bytes]]
) -> None:
    path = tmp_path / "lab.db"
    assert hv("sim", "create", str(path), "--vms", "24", "--task-time", "60").status == 0
    process = start_hv(
        *("-P", f"sim://{path}?latency=0.1", "vm", "start", "db-1", "db-2", "app-5"), stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    with hvlib.connect(f"sim://{path}") as provider:
        while len(provider.tasks.get_all().all()) < 2:  # The second one was asked for: the first one's task is known.
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    assert b"hv: start VM db-1 continues on the server" in process.stderr.read()


def test_what_runs_in_this_process_is_taken_back(lab: str) -> None:
    provider = hvlib.connect(lab)
    image = provider.image.images.get_all().first()
    assert image is not None
    started = provider.compute.vms.create("made", image=image).wait().start()
    creation = provider.compute.vms.create("taken back", image=image, start=True)

    assert dict(break_off([started, creation])) == {started: "continues on the server", creation: "was undone"}
    with hvlib.connect(lab) as again:
        assert again.compute.vms.get_by_name_label("undone") == []


def test_a_terminal_has_progress_bars_and_ctrl_c_ends_the_wait(
    start_hv: Callable[..., subprocess.Popen[bytes]],
) -> None:
    terminal, side = pty.openpty()
    try:
        process = start_hv("-P", "sim://?task_time=2.5", "vm", "start", "db-1", stderr=side, stdin=side)
        os.close(side)
        seen = b""
        while not re.search(rb"[1-9]\d?%", seen):
            seen += os.read(terminal, 1000)
        assert b"start VM db-1" in seen
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130  # Not 0: the task would have run for two more seconds.
        while b"hv: start VM db-1 continues on the server" not in seen:
            seen += os.read(terminal, 1000)
    finally:
        os.close(terminal)
