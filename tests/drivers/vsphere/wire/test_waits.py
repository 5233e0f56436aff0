"""Waiting for many guests at once, and the calls that the server counts."""

from __future__ import annotations

import threading

import pytest
from servers.vcsim import Vcsim

import hvlib

WAIT_SECONDS = 60.0
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
        max_threads = 0

        def note(*_: object) -> None:
            nonlocal max_threads
            max_threads = max(max_threads, threading.active_count())

        halted = hvlib.wait_all(tasks, timeout=WAIT_SECONDS, on_progress=note)
        calls = {call: count - before.get(call, 0) for call, count in server.calls().items()}
        assert [vm.ref for vm in halted] == [vm.ref for vm in vms]
        assert {vm.power_state for vm in halted} == {"halted"}
        assert (calls["CreatePropertyCollector"], calls["CreateFilter"]) == (1, 1)
        assert max_threads - threads < 5
