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
"""The number of pages of each kind that has more than one in a large region."""

UNJOINED = ["name_label"]
"""Fields that need no join."""


@pytest.fixture(scope="module")
def large() -> Iterator[OpenStackReplay]:
    with OpenStackReplay(servers=SERVERS) as server:
        yield server


def gone(provider: hvlib.Provider, kind: str, number: int) -> list[Ref]:
    return [Ref(provider.about.uuid, kind, str(uuid4())) for _ in range(number)]


def trips(
    provider: hvlib.Provider, refs: Sequence[Ref], existing: Sequence[Ref], fields: list[str] | None = None
) -> int:
    """The number of round trips of a `get_many` that finds the existing objects."""
    with provider.count_requests() as requests:
        assert provider.get_many(refs, fields=fields).keys() == set(existing)
    return requests.total


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", [1, 2, 3, 40, 41, 200])
def test_a_kind_of_one_page(provider: hvlib.Provider, kind: str, number: int) -> None:
    """One round trip for all objects, and one for joins or for hidden objects."""
    existing = [record.ref for record in provider.collection(kind).get_all(fields=[])][:number]
    lost = gone(provider, kind, number)
    assert trips(provider, existing, existing) <= 2
    assert trips(provider, lost, []) <= 2
    assert trips(provider, [*existing, *lost], existing, UNJOINED) <= 2


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("number", [1, 2, 3, 5, 7, 40, 41, 200])
def test_a_kind_of_several_pages(large: OpenStackReplay, alone: None, reach: Connect, kind: str, number: int) -> None:
    provider = reach(large)
    listed = [record.ref for record in provider.collection(kind).get_all(fields=[])]
    max_trips = min(number, PAGES[kind]) + 1
    newest, oldest, spread = listed[:number], listed[-number:], listed[:: len(listed) // number][:number]
    for existing in (newest, oldest, spread):
        assert trips(provider, existing, existing, UNJOINED) <= max_trips
    assert trips(provider, gone(provider, kind, number), []) <= max_trips
    some = spread[: number // 2]
    assert trips(provider, [*some, *gone(provider, kind, number - len(some))], some, UNJOINED) <= max_trips


@pytest.mark.parametrize("kind", PAGES)
@pytest.mark.parametrize("number", [1, 2, 3, 5, 7, 40, 41, 200])
def test_a_kind_of_several_pages_that_were_not_read(
    large: OpenStackReplay, alone: None, reach: Connect, kind: str, number: int
) -> None:
    """Nova's first page has no count, so nova is asked for the count before it."""
    listed = [record.ref for record in reach(large).collection(kind).get_all(fields=[])]
    max_trips = min(number, PAGES[kind]) + 1
    for existing in (listed[:number], listed[-number:], []):
        provider = reach(large)
        assert provider.about
        refs = existing or gone(provider, kind, number)
        assert trips(provider, refs, existing, UNJOINED) <= max_trips


def test_a_nova_that_does_not_count(large: OpenStackReplay, alone: None, reach: Connect) -> None:
    """A few servers are read one by one."""
    with FaultyProxy(("127.0.0.1", large.port)) as proxy:
        provider = reach(large, proxy.port)
        oldest = [vm.ref for vm in provider.compute.vms.get_all(fields=[])][-5:]
        refused = Replace(403, "Forbidden", b'{"forbidden": {"code": 403, "message": "Policy"}}')
        proxy.next(refused, when=lambda request: "statistics" in request.path)
        assert trips(provider, oldest, oldest, UNJOINED) == 1 + len(oldest)


@pytest.fixture(scope="class")
def pages_of_one(region: OpenStack) -> Iterator[None]:
    """The region's pages have one server each."""
    region.set_page(1)
    yield
    region.set_page(PAGE)


@pytest.mark.usefixtures("pages_of_one")
class TestPagesOfOne:
    @pytest.mark.parametrize("cloud", ["admin", "member"])
    def test_how_nova_counts(self, connect: Connect, cloud: str) -> None:
        """A member gets the count of its project's servers, an administrator the count of servers on all hosts."""
        counting, provider = connect(cloud, all_projects=cloud == "admin"), connect(cloud)
        pages = counting.compute.vms.get_all(fields=[]).count() + 1
        existing = [vm.ref for vm in provider.compute.vms.get_all(fields=[])]
        for lost in (4, 30):
            refs = [*existing[-3:], *gone(provider, "VM", lost)]
            assert trips(provider, refs, existing[-3:], UNJOINED) <= min(len(refs), pages) + 1


def test_what_a_member_reads(region: OpenStack, connect: Connect) -> None:
    """A member's request is for its own project."""
    member = connect("member")
    existing = [vm.ref for vm in member.compute.vms.get_all(fields=[])]
    other = [vm.ref for vm in connect().compute.vms.get_all(fields=[])][:3]
    assert trips(member, [*existing, *other], existing, UNJOINED) == 1


def test_a_short_last_page_says_nothing_of_the_others(alone: None, reach: Connect) -> None:
    """The pages' length is that of a page that others follow."""
    with OpenStackReplay(servers=1_003) as server:
        provider = reach(server)
        listed = [vm.ref for vm in provider.compute.vms.get_all(fields=[])]
        first = listed[:40]
        assert trips(provider, [listed[-1], *first[:4]], [listed[-1], *first[:4]], UNJOINED) <= 3
        assert trips(provider, first, first, UNJOINED) <= 3


def test_a_last_page_that_is_full(alone: None, reach: Connect) -> None:
    with OpenStackReplay(servers=1_000) as server:
        provider = reach(server)
        assert provider.about
        assert trips(provider, gone(provider, "VM", 20), []) <= 3
