"""Listings: complete, in a bounded number of round trips, whatever happens meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice

import pytest

import hvlib
from hvlib.conformance.fixtures import Administrator, Conformance, NewVM, Wired, counted, listable
from hvlib.conformance.replica import plain_records, truth
from hvlib.conformance.site import Site
from hvlib.model.resources import VM

__all__ = ["ListingConformance", "check_complete"]

EXTRA_TURNS = 2
"""Round trips that a listing may take besides its pages: to begin, and to free what the server holds."""

HANDSHAKE_TURNS = 4
"""The largest number of turns that new connections take for their handshakes."""


class ListingConformance(Conformance):
    """Tests of `Collection.get_all` and its pages."""

    def test_the_site_has_the_vms_that_the_suite_needs(self, site: Site) -> None:
        names = Counter(fields["name_label"] for fields in site.truth(VM).values())
        assert names.total() >= 10, "the site needs ten VMs"
        assert max(names.values()) > 1, "two VMs of the site need the same name"

    @pytest.mark.parametrize("page_size", [1, 3, 1000])
    def test_a_listing_ends(self, site: Site, provider: hvlib.Provider, page_size: int) -> None:
        """After at most one page for each object, and an empty one."""
        for collection in listable(site, provider):
            max_pages = len(site.truth(collection.kind)) + 1
            pages = list(islice(collection.get_all(fields=[], page_size=page_size).pages(), max_pages + 1))
            assert len(pages) <= max_pages

    @pytest.mark.parametrize("page_size", [1, 3, 7, 1000])
    def test_pages_repeat_nothing_and_leave_nothing_out(
        self, site: Site, provider: hvlib.Provider, page_size: int
    ) -> None:
        pages = list(provider.compute.vms.get_all(fields=[], page_size=page_size).pages())
        assert all(len(page.items) <= page_size for page in pages)
        assert all(page.next for page in pages[:-1])
        assert pages[-1].next is None
        assert all(page.total in (None, len(site.truth(VM))) for page in pages)
        check_complete(site, (vm for page in pages for vm in page.items))

    def test_every_kind_is_listed_in_pages(self, site: Site, provider: hvlib.Provider) -> None:
        for collection in listable(site, provider):
            listed = Counter(record.ref.id for record in collection.get_all(fields=[], page_size=1))
            assert listed == Counter(site.truth(collection.kind).keys())

    def test_a_listing_takes_its_pages_and_a_constant(self, site: Site, wired: Wired) -> None:
        """All fields of all objects of each kind, without a call per object."""
        for collection in listable(site, wired.provider):
            collection.get_all(page_size=5).all()
            with counted(wired.wire) as turns:
                pages = list(collection.get_all(page_size=5).pages())
                assert turns() <= len(pages) + EXTRA_TURNS
            with counted(wired.wire) as turns:
                records = collection.get_all().all()
                assert turns() <= 1 + EXTRA_TURNS
            with counted(wired.wire) as turns:
                found = collection.get_many([record.ref for record in records])
                assert turns() <= 2
            assert plain_records(found) == plain_records({record.ref: record for record in records})

    def test_pages_are_fetched_as_they_are_asked_for(self, wired: Wired) -> None:
        wired.vms.get_all(page_size=3).first()
        with counted(wired.wire) as turns:
            assert wired.vms.get_all(page_size=3).first() is not None
            assert turns() <= EXTRA_TURNS
        with counted(wired.wire) as turns:
            pages = wired.vms.get_all(page_size=3).pages()
            assert turns() == 0
            next(pages)
            assert turns() <= EXTRA_TURNS

    def test_objects_that_exist_throughout_a_listing_are_in_it_once(
        self, site: Site, provider: hvlib.Provider, new_vm: NewVM
    ) -> None:
        """While other objects are created and deleted between the pages."""
        going = [new_vm(f"going-{number}") for number in range(3)]
        staying = site.truth(VM).keys() - set(going)
        pages = provider.compute.vms.get_all(fields=["name_label"], page_size=4).pages()
        seen: Counter[str] = Counter()
        for page in pages:
            seen.update(vm.ref.id for vm in page.items)
            last = page.items[-1].ref.id if page.items else None
            gone = next((id for id in going if id != last), None)
            if gone is not None:
                going.remove(gone)
                site.delete_vm(gone)
                new_vm("coming")
        assert all(seen[id] == 1 for id in staying)
        assert all(times == 1 for times in seen.values())

    def test_a_listing_is_of_now(self, site: Site, wired: Wired, new_vm: NewVM) -> None:
        """Each listing asks the server: hvlib caches nothing."""
        for size in (None, 3):
            wired.vms.get_all(page_size=size).all()
            id = new_vm("new")
            site.rename_vm(id, "newer")
            with counted(wired.wire) as turns:
                found = wired.vms.get_all(page_size=size).all()
                assert turns() >= 1
            assert [vm.name_label for vm in found if vm.ref.id == id] == ["newer"]
            site.delete_vm(id)
            assert id not in {vm.ref.id for vm in wired.vms.get_all(page_size=size)}

    def test_requests_are_counted(self, wired: Wired) -> None:
        """`Provider.count_requests` counts the turns of the wire, except the handshakes of new connections."""
        wired.vms.get_all().all()
        with counted(wired.wire) as turns, wired.provider.count_requests() as requests:
            wired.vms.get_all(page_size=3).all()
            wired.vms.get_all().first()
            assert turns() - HANDSHAKE_TURNS <= requests.total <= turns()

    def test_a_vm_that_becomes_an_image_is_listed_as_an_image(
        self, site: Site, admin: Administrator, provider: hvlib.Provider, new_vm: NewVM
    ) -> None:
        id = new_vm("turning")
        with as_image(admin, id):
            assert id not in {vm.ref.id for vm in provider.compute.vms.get_all(fields=[])}
            check_complete(site, provider.compute.vms.get_all(fields=[], page_size=3))
            assert provider.compute.vms.get_by_name_label("turning") == []
        assert [vm.ref.id for vm in provider.compute.vms.get_by_name_label("turning")] == [id]

    def test_a_lost_session_is_never_an_empty_list(
        self, site: Site, admin: Administrator, provider: hvlib.Provider
    ) -> None:
        for _ in range(2):
            admin.expire_sessions()
            check_complete(site, provider.compute.vms.get_all(fields=[]))
        admin.expire_sessions()
        records = provider.compute.vms.get_all_records()
        admin.expire_sessions()
        assert provider.compute.vms.get_many(records).keys() == records.keys()

    @pytest.mark.parametrize("delivered", [1, 2, 3])
    def test_a_session_lost_in_mid_listing_is_never_a_short_list(
        self, site: Site, admin: Administrator, provider: hvlib.Provider, delivered: int
    ) -> None:
        """The listing continues where the server's token allows it; otherwise it raises CursorLost."""
        pages = provider.compute.vms.get_all(fields=[], page_size=3).pages()
        seen = [vm for _ in range(delivered) for vm in next(pages).items]
        admin.expire_sessions()
        try:
            seen += [vm for page in pages for vm in page.items]
        except hvlib.CursorLost:
            check_complete(site, provider.compute.vms.get_all(fields=[], page_size=3))
        else:
            check_complete(site, seen)

    @pytest.mark.parametrize("turns", [0, 1, 2, 3])
    def test_a_broken_connection_is_never_a_short_list(self, site: Site, wired: Wired, turns: int) -> None:
        """The listing continues, or begins again."""
        wired.wire.cut_after(turns)
        check_complete(site, wired.vms.get_all(fields=[], page_size=3).all())
        wired.wire.cut()
        check_complete(site, wired.vms.get_all(fields=[], page_size=3).all())

    def test_count(self, site: Site, provider: hvlib.Provider) -> None:
        everything = truth(site, VM)
        assert provider.compute.vms.get_all().count() == len(everything)
        running = [values for values in everything.values() if values["power_state"] == "running"]
        assert provider.compute.vms.get_all(power_state="running", page_size=3).count() == len(running)


def check_complete(site: Site, vms: Iterable[hvlib.VM]) -> None:
    """AssertionError unless these are all VMs, each once."""
    listed = Counter(vm.ref.id for vm in vms)
    assert [id for id, times in listed.items() if times > 1] == [], "listed more than once"
    assert listed.keys() == site.truth(VM).keys()


@contextmanager
def as_image(admin: Administrator, id: str) -> Iterator[None]:
    """Make a VM an image for the time of the block."""
    admin.make_image(id)
    try:
        yield
    finally:
        admin.make_vm(id)
