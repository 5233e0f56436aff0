from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from typing import Any

import hvlib
from hvlib import Event, EventType
from hvlib.cli.vm_watch import event_line

Start = Callable[..., subprocess.Popen[bytes]]


def streams() -> dict[str, Any]:
    return {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}


def test_json_lines_until_ctrl_c(start_hv: Start) -> None:
    process = start_hv("-P", "sim://?vms=5", "vm", "watch", "-f", "json", "--name", "web-*", **streams())
    assert process.stdout is not None
    assert process.stderr is not None
    events = [json.loads(process.stdout.readline()) for _ in range(3)]
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130
    assert process.stdout.read() == process.stderr.read() == b""
    assert [event["type"] for event in events] == ["ADDED", "ADDED", "SYNCED"]
    assert events[0]["resource"]["name_label"] == "web-1"
    assert events[0]["resource"]["ip_addresses"]
    assert events[2]["resource"] is None


def test_the_watch_ends_when_the_reader_closes_the_pipe(start_hv: Start) -> None:
    process = start_hv("-P", "sim://?vms=5000", "vm", "watch", **streams())
    assert process.stdout is not None
    assert process.stderr is not None
    assert b"ADDED" in process.stdout.readline()
    process.stdout.close()
    assert process.wait(10) == 141
    assert process.stderr.read() == b""


def test_a_listing_ends_when_the_reader_closes_the_pipe(start_hv: Start) -> None:
    process = start_hv("-P", "sim://?vms=3", "vm", "list", **streams())
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.wait(10) == 141
    assert process.stderr.read() == b""


def test_event_lines() -> None:
    with hvlib.connect("sim://?vms=5") as provider:
        vm = provider.compute.vms.find("web-1")
        few = provider.compute.vms.get(vm.ref, fields=["vcpus"])
    changed = frozenset({"tags", "power_state", "ip_addresses", "host"})
    assert event_line(Event(EventType.ADDED, vm.ref, vm)) == "ADDED     web-1  power_state=running"
    assert event_line(Event(EventType.MODIFIED, vm.ref, vm, changed)) == (
        f"MODIFIED  web-1  tags={','.join(vm.tags)} power_state=running "
        f"ip_addresses={','.join(vm.ip_addresses)} host={vm.host.id if vm.host else ''}"
    )
    assert event_line(Event(EventType.MODIFIED, few.ref, few)) == f"MODIFIED  {vm.ref.id}"
    assert event_line(Event(EventType.DELETED, vm.ref)) == f"DELETED   {vm.ref.id}"
    assert event_line(Event(EventType.SYNCED)) == "SYNCED"
