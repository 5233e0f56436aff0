"""A region of which a cell's database is down: nova goes on without it, and what it then tells is not all."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from servers.faulty_fault import Replace
from servers.faulty_proxy import FaultyProxy
from servers.openstack.openstack import OpenStack
from servers.openstack_replay.replay import OpenStackReplay

import hvlib
from hvlib.retry import RetryPolicy

from .conftest import Connect

pytestmark = pytest.mark.timeout(300)

PATIENCE = 60.0
INTERVAL = 0.1
LOOKS = 3


@pytest.fixture
def region() -> Iterator[OpenStack]:
    """One of its own."""
    with OpenStack(servers=20) as server:
        yield server


def test_a_server_of_which_nova_knows_no_more(replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect) -> None:
    """By its identifier, nova tells what another database knows of it: its power is not known, not off."""
    provider = reach(replay, proxy.port)
    vm = provider.compute.vms.get_all(fields=[]).first()
    assert vm is not None
    told = {"id": vm.ref.id, "status": "UNKNOWN", "created": "2026-01-01T00:00:00Z", "OS-EXT-STS:power_state": 0}
    answer = Replace(200, "OK", json.dumps({"server": told}).encode())
    for fields in (["power_state"], None):
        proxy.next(answer, when=lambda request: request.path.endswith(vm.ref.id))
        with pytest.raises(hvlib.PartialResult):
            provider.compute.vms.get(vm.ref, fields=fields)


def looks(region: OpenStack, path: str) -> int:
    return sum(times for request, times in region.requests().items() if request.endswith(path))


def test_what_can_not_be_told_is_not_left_out(region: OpenStack, connect: Connect) -> None:
    provider = connect()
    vms = provider.compute.vms.get_all(fields=[]).all()
    lost, other = vms[3], vms[4]
    region.lose_cell(lost.ref.id)
    for fields in ([], ["power_state"], None):
        with pytest.raises(hvlib.PartialResult, match="a cell of the region is down"):
            provider.compute.vms.get_all(fields=fields).all()
        with pytest.raises((hvlib.PartialResult, hvlib.ProtocolError)):  # Asked for one server, nova may answer 500.
            provider.get_many([vm.ref for vm in vms[:10]], fields=fields)
    assert provider.compute.vms.get(other.ref).ref == other.ref
    region.find_cell(lost.ref.id)
    assert len(provider.compute.vms.get_all().all()) == len(vms)


@pytest.mark.parametrize(("field", "listing"), [("name_label", "/v2.1/servers"), ("networks", "/v2.1/servers/detail")])
def test_a_watch_waits_for_the_cell(region: OpenStack, connect: Connect, field: str, listing: str) -> None:
    """Nothing that is watched is gone."""
    retry = RetryPolicy(backoff=lambda attempt, error: INTERVAL)
    provider = connect(poll_interval=INTERVAL, sweep_interval=INTERVAL, retry=retry)
    lost = provider.compute.vms.find("vm-00005")
    with provider.compute.vms.watch(fields=[field, "description"]) as watch:
        events = iter(lambda: watch.next(timeout=PATIENCE), None)
        assert any(event.type == hvlib.EventType.SYNCED for event in events)
        region.lose_cell(lost.ref.id)
        before, deadline = looks(region, listing), time.monotonic() + PATIENCE
        while looks(region, listing) < before + LOOKS:
            assert time.monotonic() < deadline
            with pytest.raises(hvlib.WaitTimeout):
                watch.next(timeout=INTERVAL)
        region.find_cell(lost.ref.id)
        description = {"server": {"description": "found again"}}
        region.administrator().call("nova", "PUT", f"/v2.1/servers/{lost.ref.id}", description)
        event = watch.next(timeout=PATIENCE)
        assert event is not None
        assert (event.type, event.ref) == (hvlib.EventType.MODIFIED, lost.ref)
