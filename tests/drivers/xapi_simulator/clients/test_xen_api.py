"""Xen Orchestra's Node package on the simulator, with its watch on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from servers.xapi import Xapi


@pytest.mark.parametrize("transport", ["json-rpc", "xml-rpc"])
def test_the_client_lists_follows_and_operates(xapi: Xapi, xen_api: Callable[..., Any], transport: str) -> None:
    before = xapi.calls()
    seen = xen_api(f"http://{xapi.user}:{xapi.password}@127.0.0.1:{xapi.port}/", transport)
    assert (seen["machines"] >= 20, seen["pool"]) == (True, "hvlib")
    assert seen["states"][-1] == "Running"
    assert seen["clone"] == {"name": "a clone", "disks": 2, "pool": "hvlib"}
    assert seen["refused"] == ["VM_BAD_POWER_STATE", "halted", "running"]
    assert (seen["otherConfig"], seen["tasks"]) == ("value", 0)
    calls = {name: count - before.get(name, 0) for name, count in xapi.calls().items()}
    assert calls["event.from"] > 1
    assert calls["task.get_all_records"] == 1, "the client never had to repair its list of tasks"
    assert xapi.leftovers() == {"sessions": 0, "tasks": 0}


def test_the_client_finds_the_master_from_a_slave(xapi: Xapi, xen_api: Callable[..., Any]) -> None:
    seen = xen_api(f"http://{xapi.user}:{xapi.password}@127.0.0.2:{xapi.port}/", "auto")
    assert seen["states"][-1] == "Running"
