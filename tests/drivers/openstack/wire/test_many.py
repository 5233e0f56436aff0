"""Many objects by their refs, of every kind: min(refs, pages) + 1 round trips at most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import uuid4

import pytest
from servers.faulty_fault import Replace
from servers.faulty_proxy import FaultyProxy
from servers.openstack.openstack import OpenStack
from servers.openstack.settings import PAGE
from servers.openstack_replay.replay import OpenStackReplay

import hvlib
from hvlib.model.ref import Ref

from .conftest import Connect

KINDS = ["VM", "Host", "Cluster", "Snapshot", "Flavor", "Network", "StoragePool", "Volume", "Image"]

SERVERS = 5_500
PAGES = {"VM": 6, "Volume": 2}
"""The pages of each kind in a large region, where there is more than one."""

ALONE = ["name_label"]
"""Fields with which nothing is joined."""


@pytest.fixture(scope="module")
def large() -> Iterator[OpenStackReplay]:
    with OpenStackReplay(servers=SERVERS) as server:
        yield server


def gone(provider: hvlib.Provider, kind: str, number: int) -> list[Ref]:
    return [Ref(provider.about.uuid, kind, str(uuid4())) for _ in range(number)]


def trips(provider: hvlib.Provider, refs: Sequence[Ref], there: Sequence[Ref], fields: list[str] | None = None) -> int:
    """The round trips that it takes to get those that are there."""
    with provider.count_requests() as requests:
        assert provider.get_many(refs, fields=fields).keys() == set(there)
    return requests.total


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", [1, 2, 3, 40, 41, 200])
def test_of_a_page(provider: hvlib.Provider, kind: str, number: int) -> None:
    """One round trip for all, and one for what is joined, or may be hidden."""
    there = [record.ref for record in provider.collection(kind).get_all(fields=[])][:number]
    lost = gone(provider, kind, number)
    assert trips(provider, there, there) <= 2
    assert trips(provider, lost, []) <= 2
    assert trips(provider, [*there, *lost], there, ALONE) <= 2


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("number", [1, 2, 3, 5, 7, 40, 41, 200])
def test_of_several_pages(large: OpenStackReplay, alone: None, reach: Connect, kind: str, number: int) -> None:
    provider = reach(large)
    listed = [record.ref for record in provider.collection(kind).get_all(fields=[])]
    most = min(number, PAGES[kind]) + 1
    newest, oldest, spread = listed[:number], listed[-number:], listed[:: len(listed) // number][:number]
    for there in (newest, oldest, spread):
        assert trips(provider, there, there, ALONE) <= most
    assert trips(provider, gone(provider, kind, number), []) <= most
    some = spread[: number // 2]
    assert trips(provider, [*some, *gone(provider, kind, number - len(some))], some, ALONE) <= most


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("number", [1, 2, 3, 5, 7, 40, 41, 200])
def test_of_pages_that_nobody_has_seen(
    large: OpenStackReplay, alone: None, reach: Connect, kind: str, number: int
) -> None:
    """Nova does not count with the first page, so that it is asked before."""
    listed = [record.ref for record in reach(large).collection(kind).get_all(fields=[])]
    most = min(number, PAGES[kind]) + 1
    for there in (listed[:number], listed[-number:], []):
        provider = reach(large)
        assert provider.about
        refs = there or gone(provider, kind, number)
        assert trips(provider, refs, there, ALONE) <= most


def test_where_nova_does_not_count(large: OpenStackReplay, alone: None, reach: Connect) -> None:
    """A few are asked for one by one."""
    with FaultyProxy(("127.0.0.1", large.port)) as proxy:
        provider = reach(large, proxy.port)
        oldest = [vm.ref for vm in provider.compute.vms.get_all(fields=[])][-5:]
        refused = Replace(403, "Forbidden", b'{"forbidden": {"code": 403, "message": "Policy"}}')
        proxy.next(refused, when=lambda request: "statistics" in request.path)
        assert trips(provider, oldest, oldest, ALONE) == 1 + len(oldest)


@pytest.fixture(scope="class")
def pages_of_one(region: OpenStack) -> Iterator[None]:
    """The region tells one server at a time."""
    region.set_page(1)
    yield
    region.set_page(PAGE)


@pytest.mark.usefixtures("pages_of_one")
class TestPagesOfOne:
    @pytest.mark.parametrize("cloud", ["admin", "member"])
    def test_how_nova_counts(self, connect: Connect, cloud: str) -> None:
        """A member is told its project's servers, an administrator those of all hosts."""
        counting, provider = connect(cloud, all_projects=cloud == "admin"), connect(cloud)
        pages = counting.compute.vms.get_all(fields=[]).count() + 1
        there = [vm.ref for vm in provider.compute.vms.get_all(fields=[])]
        for lost in (4, 30):
            refs = [*there[-3:], *gone(provider, "VM", lost)]
            assert trips(provider, refs, there[-3:], ALONE) <= min(len(refs), pages) + 1


def test_what_a_member_reads(region: OpenStack, connect: Connect) -> None:
    """It asks for its own project."""
    member = connect("member")
    there = [vm.ref for vm in member.compute.vms.get_all(fields=[])]
    other = [vm.ref for vm in connect().compute.vms.get_all(fields=[])][:3]
    assert trips(member, [*there, *other], there, ALONE) == 1
