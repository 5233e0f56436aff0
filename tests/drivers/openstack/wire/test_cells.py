"""A region with a cell whose database is down: nova keeps answering without it, so its answers are incomplete."""

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
from hvlib.runtime.retry import RetryPolicy

from .conftest import Connect

pytestmark = pytest.mark.timeout(300)

PATIENCE = 60.0
INTERVAL = 0.1
MIN_LISTINGS = 9
ONE_PAGE, SEVERAL_PAGES = 1000, 10
"""Servers per page: all of the region's servers fit into one page, or they need several pages."""


@pytest.fixture(scope="module")
def own_region() -> Iterator[OpenStack]:
    with OpenStack(servers=12) as server:
        yield server


@pytest.fixture(scope="module")
def region(own_region: OpenStack, request: pytest.FixtureRequest) -> OpenStack:
    """This module's own region, with pages of ``request.param`` servers."""
    own_region.set_page(request.param)
    return own_region


@pytest.fixture
def provider(connect: Connect) -> hvlib.Provider:
    retry = RetryPolicy(backoff=lambda attempt, error: INTERVAL)
    return connect(poll_interval=INTERVAL, sweep_interval=INTERVAL, retry=retry)


def listings(region: OpenStack) -> int:
    """How many requests for all servers the region has received."""
    return sum(times for request, times in region.requests().items() if "/v2.1/servers" in request)


def initial_servers(watch: hvlib.Watch[hvlib.VM]) -> set[str]:
    """The servers that a watch reports before it is synced."""
    found: set[str] = set()
    while (event := watch.next(timeout=PATIENCE)) is not None and event.type != hvlib.EventType.SYNCED:
        assert event.ref is not None
        found.add(event.ref.id)
    return found


@pytest.mark.parametrize("region", [ONE_PAGE], indirect=True)
def test_servers_that_can_not_be_read_are_not_left_out(region: OpenStack, provider: hvlib.Provider) -> None:
    vms = provider.compute.vms.get_all(fields=[]).all()
    lost, other = vms[3], vms[4]
    region.lose_cell(lost.ref.id)
    for fields in ([], ["power_state"], None):
        with pytest.raises(hvlib.PartialResult, match="a cell of the region is down"):
            provider.compute.vms.get_all(fields=fields).all()
        with pytest.raises((hvlib.PartialResult, hvlib.ProtocolError)):  # For a single server nova may answer 500.
            provider.get_many([vm.ref for vm in vms[:10]], fields=fields)
    assert provider.compute.vms.get(other.ref).ref == other.ref
    region.find_cell(lost.ref.id)
    assert len(provider.compute.vms.get_all().all()) == len(vms)


@pytest.mark.parametrize("region", [SEVERAL_PAGES], indirect=True)
def test_many_servers_of_several_pages_are_not_taken_for_gone(region: OpenStack, provider: hvlib.Provider) -> None:
    """No page says that a cell is down, so one of the servers that are on no page is read by itself."""
    vms = provider.compute.vms.get_all(fields=[]).all()
    unknown = [hvlib.Ref(provider.about.uuid, "VM", f"ffffffff-ffff-4fff-8fff-{number:012}") for number in range(41)]
    refs = [*(vm.ref for vm in vms), *unknown]
    assert len(provider.get_many(refs)) == len(vms)
    region.lose_cell(vms[3].ref.id)
    with pytest.raises((hvlib.PartialResult, hvlib.ProtocolError)):  # For a single server nova may answer 500.
        provider.get_many(refs)
    region.find_cell(vms[3].ref.id)


@pytest.mark.parametrize("region", [ONE_PAGE, SEVERAL_PAGES], indirect=True)
def test_a_watch_waits_for_the_cell(region: OpenStack, provider: hvlib.Provider) -> None:
    """No watched server is reported as deleted, even if there are so many servers that no page shows the lost ones."""
    lost = provider.compute.vms.find("vm-00005")
    vms = provider.compute.vms
    with vms.watch(fields=["description"]) as by_changes, vms.watch(fields=["description", "networks"]) as by_listings:
        assert initial_servers(by_changes) == initial_servers(by_listings)
        region.lose_cell(lost.ref.id)
        for watch in (by_changes, by_listings):
            before, deadline = listings(region), time.monotonic() + PATIENCE
            while listings(region) < before + MIN_LISTINGS:
                assert time.monotonic() < deadline
                with pytest.raises(hvlib.WaitTimeout):
                    watch.next(timeout=INTERVAL)
        region.find_cell(lost.ref.id)
        description = {"server": {"description": f"found again at {time.time()}"}}
        region.administrator().call("nova", "PUT", f"/v2.1/servers/{lost.ref.id}", description)
        for watch in (by_changes, by_listings):
            event = watch.next(timeout=PATIENCE)
            assert event is not None
            assert (event.type, event.ref) == (hvlib.EventType.MODIFIED, lost.ref)


@pytest.mark.parametrize("region", [SEVERAL_PAGES], indirect=True)
def test_a_watch_that_begins_without_a_cell_finds_it(region: OpenStack, connect: Connect) -> None:
    """Nova reports no change of servers that come back with their cell. The watch also reports their deletion."""
    lost = connect().compute.vms.find("vm-00006")
    region.lose_cell(lost.ref.id)
    vms = connect(poll_interval=INTERVAL, sweep_interval=INTERVAL).compute.vms
    with vms.watch(fields=["name_label"]) as by_changes, vms.watch(fields=["networks"]) as by_listings:
        for watch in (by_changes, by_listings):
            assert lost.ref.id not in initial_servers(watch)
        region.find_cell(lost.ref.id)
        for watch in (by_changes, by_listings):
            event = watch.next(timeout=PATIENCE)
            assert event is not None
            assert (event.type, event.ref) == (hvlib.EventType.ADDED, lost.ref)
        region.administrator().delete_server(lost.ref.id)
        for watch in (by_changes, by_listings):
            while (event := watch.next(timeout=PATIENCE)) is not None and event.type != hvlib.EventType.DELETED:
                assert event.ref == lost.ref
            assert event is not None
            assert event.ref == lost.ref


def test_a_single_server_whose_cell_is_down(replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect) -> None:
    """By identifier, nova shows the data of another database: the server's power state is unknown, not off."""
    provider = reach(replay, proxy.port)
    vm = provider.compute.vms.get_all(fields=[]).first()
    assert vm is not None
    body = {"id": vm.ref.id, "status": "UNKNOWN", "created": "2026-01-01T00:00:00Z", "OS-EXT-STS:power_state": 0}
    answer = Replace(200, "OK", json.dumps({"server": body}).encode())
    for fields in (["power_state"], None):
        proxy.next(answer, when=lambda request: request.path.endswith(vm.ref.id))
        with pytest.raises(hvlib.PartialResult):
            provider.compute.vms.get(vm.ref, fields=fields)
