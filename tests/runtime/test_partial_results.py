"""Listings of which some objects can't be read: the others arrive, and the end says which are missing."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from scripted.driver import ScriptedListing, ScriptedVMs, scripted

import hvlib
from hvlib.driver import Listing, PageToken, ServerPage
from hvlib.errors import PermissionDenied
from hvlib.model.query import Query


class Reserved(ScriptedListing):
    """The user may not read the VM ``b``."""

    def fetch(self) -> ServerPage[hvlib.VM]:
        page = super().fetch()
        hidden = {vm.ref: PermissionDenied(f"{vm.ref.id} is not yours") for vm in page.items if vm.ref.id == "b"}
        return replace(page, items=[vm for vm in page.items if vm.ref not in hidden], unreadable=hidden)


class ReservedVMs(ScriptedVMs):
    def open(self, query: Query[hvlib.VM], after: PageToken | None) -> Listing[hvlib.VM]:
        return Reserved(self, query, after)


@pytest.fixture
def vms() -> hvlib.Collection[hvlib.VM]:
    provider, session = scripted(a={}, b={}, c={}, d={}, e={})
    session.vms_adapter = ReservedVMs
    return provider.compute.vms


def test_an_iteration_gives_the_others_first(vms: hvlib.Collection[hvlib.VM]) -> None:
    seen = []
    iterator = iter(vms.get_all())
    with pytest.raises(hvlib.PartialResult, match="1 VM objects can't be read: b is not yours") as caught:
        seen.extend(vm.ref.id for vm in iterator)
    for vm in iterator:
        seen.append(vm.ref.id)
    assert [ref.id for ref in caught.value.refs] == ["b"]


def test_pages_end_with_the_error_once(vms: hvlib.Collection[hvlib.VM]) -> None:
    pages = vms.get_all().pages()
    assert [[vm.ref.id for vm in next(pages).items] for _ in range(3)] == [["a"], ["c", "d"], ["e"]]
    with pytest.raises(hvlib.PartialResult):
        next(pages)
    assert list(pages) == []


def test_all_has_what_was_read(vms: hvlib.Collection[hvlib.VM]) -> None:
    with pytest.raises(hvlib.PartialResult) as caught:
        vms.get_all().all()
    assert [vm.ref.id for vm in caught.value.records] == ["a", "c", "d", "e"]
    assert [ref.id for ref in caught.value.refs] == ["b"]


def test_an_iteration_that_takes_a_listing_over_knows_of_earlier_pages(vms: hvlib.Collection[hvlib.VM]) -> None:
    first = next(vms.get_all().pages())
    assert first.next is not None
    with pytest.raises(hvlib.PartialResult):
        vms.get_all(after=first.next).all()


def test_counting_is_no_complete_count(vms: hvlib.Collection[hvlib.VM]) -> None:
    with pytest.raises(hvlib.PartialResult):
        vms.get_all(power_state=hvlib.glob("*")).count()
