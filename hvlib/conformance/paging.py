"""Listings under way: page tokens, errors in the middle of a listing, and abandoned listings."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest

import hvlib
from hvlib.conformance.fixtures import Conformance, NewVM, Wired
from hvlib.conformance.listing import check_complete
from hvlib.conformance.site import Site
from hvlib.model.resources import VM

__all__ = ["PagingConformance"]

MAX_ERRORS = 3
"""The most errors that one break may cause to a caller who only repeats the page: a driver may hold several
connections."""


class PagingConformance(Conformance):
    """Tests of pages and their tokens."""

    def test_a_page_token_goes_on_or_says_that_it_is_lost(self, site: Site, provider: hvlib.Provider) -> None:
        """In the same provider the listing continues from it; in another provider it may raise CursorLost."""
        vms = provider.compute.vms
        first = next(vms.get_all(fields=[], page_size=4).pages())
        assert first.next is not None
        with site.connect() as other, suppress(hvlib.CursorLost):
            rest = other.compute.vms.get_all(fields=[], page_size=4, after=first.next).all()
            check_complete(site, [*first.items, *rest])
        rest = vms.get_all(fields=[], page_size=4, after=first.next).all()
        check_complete(site, [*first.items, *rest])

    def test_a_token_is_good_although_its_listing_goes_on(self, site: Site, provider: hvlib.Provider) -> None:
        """Fetching a page ahead does not use up a token that was given to the user."""
        vms = provider.compute.vms
        pages = vms.get_all(fields=[], page_size=3).pages()
        seen = [*next(pages).items]
        last = next(pages)
        seen += last.items
        assert last.next is not None
        check_complete(site, [*seen, *vms.get_all(fields=[], page_size=3, after=last.next).all()])

    @pytest.mark.parametrize("delivered", [1, 2])
    def test_who_uses_a_token_takes_the_listing_over(
        self, site: Site, provider: hvlib.Provider, delivered: int
    ) -> None:
        """The new listing returns the remaining objects once; the earlier iteration raises CursorLost."""
        vms = provider.compute.vms
        earlier = vms.get_all(fields=[], page_size=3).pages()
        pages = [next(earlier) for _ in range(delivered)]
        later = vms.get_all(fields=[], page_size=3, after=pages[-1].next).pages()
        pages.append(next(later))
        with pytest.raises(hvlib.CursorLost):
            next(earlier)
        check_complete(site, [vm for page in [*pages, *later] for vm in page.items])

    def test_a_token_that_is_used_again_gives_the_same_rest_or_is_lost(
        self, site: Site, provider: hvlib.Provider
    ) -> None:
        vms = provider.compute.vms
        first = next(vms.get_all(fields=[], page_size=3).pages())
        check_complete(site, [*first.items, *vms.get_all(fields=[], page_size=3, after=first.next).all()])
        for size in (3, 5, 1000):
            with suppress(hvlib.CursorLost):
                again = vms.get_all(fields=[], page_size=size, after=first.next).all()
                check_complete(site, [*first.items, *again])

    def test_a_token_says_nothing_of_fields_and_filters(self, site: Site, provider: hvlib.Provider) -> None:
        """With other fields and filters than its listing had, a token gives what the new query asks for, or is lost."""
        vms = provider.compute.vms
        names = {id: values["name_label"] for id, values in site.truth(VM).items()}
        running = {id for id, values in site.truth(VM).items() if values["power_state"] == "running"}
        first = next(vms.get_all(fields=[], page_size=3).pages())
        query = {"fields": ["name_label"], "power_state": "running", "page_size": 3}
        with suppress(hvlib.CursorLost):
            rest = vms.get_all(after=first.next, **query).all()  # type: ignore[arg-type]
            remaining = running - {vm.ref.id for vm in first.items}
            assert sorted((vm.ref.id, vm.name_label) for vm in rest) == sorted((id, names[id]) for id in remaining)
        order = [vm.ref.id for vm in vms.get_all(fields=[])]
        first = next(vms.get_all(**query).pages())  # type: ignore[arg-type]
        with suppress(hvlib.CursorLost):
            listed = [vm.ref.id for vm in vms.get_all(fields=[], after=first.next)] if first.next else []
            assert listed == order[len(order) - len(listed) :]
            assert running - set(listed) == {vm.ref.id for vm in first.items} or not first.next

    def test_tokens_that_nobody_gave_out_are_lost(self, provider: hvlib.Provider) -> None:
        """Neither hvlib nor the driver takes an unknown token for the start of a listing.

        A token is a name of hvlib's and the server's own token.
        """
        token = next(provider.compute.vms.get_all(fields=[], page_size=4).pages()).next
        assert token is not None
        name = token.partition(":")[0]
        for text in ("x", "0", "🙂", f"x{token}", "../x", "'\"<&"):
            for unknown in ("", text, f"{name}:{text}"):
                with pytest.raises(hvlib.CursorLost):
                    provider.compute.vms.get_all(after=type(token)(unknown)).all()

    def test_a_page_token_whose_object_is_gone_goes_on_or_is_lost(
        self, site: Site, provider: hvlib.Provider, new_vm: NewVM
    ) -> None:
        """The last object of a page is deleted before the next page is fetched: no object is silently left out."""
        ours = {new_vm(f"marker-{number}") for number in range(3)}
        listed = [vm.ref.id for vm in provider.compute.vms.get_all(fields=[])]
        last = next(index for index, id in enumerate(listed) if id in ours)
        # A server's page may have objects that are no VMs.
        for size in range(last + 1, last + 1 + len(listed)):
            pages = provider.compute.vms.get_all(fields=[], page_size=size).pages()
            seen = Counter(vm.ref.id for vm in next(pages).items)
            if listed[last] in seen:
                break
        site.delete_vm(listed[last])
        with suppress(hvlib.CursorLost):
            seen.update(vm.ref.id for page in pages for vm in page.items)
            assert seen == Counter(listed)

    @pytest.mark.parametrize("arrived", [0, 1, 2, 3])
    def test_a_page_that_did_not_arrive_comes_when_it_is_asked_for_again(
        self, site: Site, wired: Wired, arrived: int
    ) -> None:
        """Or the listing raises CursorLost. Here hvlib itself repeats nothing."""
        with site.connect(wired.wire, retry=hvlib.RetryPolicy(max_retries=0)) as provider:
            provider.compute.vms.get_all(fields=[], page_size=3).all()
            pages = provider.compute.vms.get_all(fields=[], page_size=3).pages()
            seen = [vm for _ in range(arrived) for vm in next(pages).items]
            wired.wire.cut_after(0)
            try:
                seen += repeat_failed_pages(pages)
            except hvlib.CursorLost:
                seen = wired.vms.get_all(fields=[], page_size=3).all()
            check_complete(site, seen)

    def test_listings_at_the_same_time_do_not_disturb_each_other(self, site: Site, provider: hvlib.Provider) -> None:
        vms = provider.compute.vms
        listings = [vms.get_all(fields=[], page_size=size).pages() for size in (3, 4, 3)]
        seen: list[list[hvlib.VM]] = [[] for _ in listings]
        for _ in range(len(site.truth(VM))):
            for listing, found in zip(listings, seen, strict=True):
                page = next(listing, None)
                found += () if page is None else page.items
        for found in seen:
            check_complete(site, found)

    def test_a_listing_that_is_given_up_disturbs_nobody(self, site: Site, provider: hvlib.Provider) -> None:
        """Whether the caller drops it or closes it."""
        vms = provider.compute.vms
        for delivered in (0, 1, 2):
            pages = vms.get_all(fields=[], page_size=3).pages()
            for _ in range(delivered):
                next(pages)
            del pages
            check_complete(site, vms.get_all(fields=[], page_size=3))
            with vms.get_all(fields=[], page_size=3) as pager:
                pages = pager.pages()
                for _ in range(delivered):
                    next(pages)
            with pytest.raises(hvlib.CursorLost):
                next(pages)
            check_complete(site, vms.get_all(fields=[], page_size=3))
        assert vms.get_all(fields=[], page_size=3).first() is not None

    def test_a_listing_is_closed_while_another_thread_goes_through_it(
        self, site: Site, provider: hvlib.Provider
    ) -> None:
        """That thread gets every page, or CursorLost: never fewer pages without an error."""
        vms = provider.compute.vms
        for _ in range(5):
            pager = vms.get_all(fields=[], page_size=1)
            pages = pager.pages()
            seen = [*next(pages).items]
            closing = threading.Thread(target=pager.close)
            closing.start()
            with suppress(hvlib.CursorLost):
                seen += [vm for page in pages for vm in page.items]
                check_complete(site, seen)
            closing.join(site.patience)
            assert not closing.is_alive()
            assert max(Counter(vm.ref.id for vm in seen).values()) == 1
        check_complete(site, vms.get_all(fields=[]))


def repeat_failed_pages(pages: Iterator[hvlib.Page[hvlib.VM]]) -> Iterator[hvlib.VM]:
    """The remaining objects of a listing. A page whose connection breaks is fetched again."""
    errors = 0
    while True:
        try:
            page = next(pages, None)
        except hvlib.ConnectionFailed:
            errors += 1
            assert errors <= MAX_ERRORS
        else:
            if page is None:
                return
            yield from page.items
