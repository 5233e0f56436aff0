"""Waiting for many guests at once, as the server counts it."""

from __future__ import annotations

import threading

import pytest
from servers.vcsim import Vcsim

import hvlib

PATIENCE = 60.0
GUESTS = 500


@pytest.mark.timeout(180)
def test_all_waits_share_one_subscription() -> None:
    with (
        Vcsim(vms=2 * GUESTS, hosts=8) as server,
        hvlib.connect(server.url, password=server.password, cacert=str(server.cacert)) as provider,
    ):
        vms = list(provider.compute.vms.get_all(power_state="running"))[:GUESTS]
        tasks = [vm.shutdown() for vm in vms]
        threads, before = threading.active_count(), server.calls()
        most = 0

        def note(*_: object) -> None:
            nonlocal most
            most = max(most, threading.active_count())

        halted = hvlib.wait_all(tasks, timeout=PATIENCE, on_progress=note)
        asked = {call: count - before.get(call, 0) for call, count in server.calls().items()}
        assert [vm.ref for vm in halted] == [vm.ref for vm in vms]
        assert {vm.power_state for vm in halted} == {"halted"}
        assert (asked["CreatePropertyCollector"], asked["CreateFilter"]) == (1, 1)
        assert most - threads < 5
