"""Listings under way: page tokens, errors in mid-listing, and what is given up."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest

import hvlib
from hvlib.conformance.fixtures import Conformance, NewVM, Wired
from hvlib.conformance.listing import once
from hvlib.conformance.site import Site
from hvlib.model.resources import VM

__all__ = ["PagingConformance"]

ERRORS = 3
"""Errors that one broken connection may cost a caller who repeats nothing but the page: it may hold several."""


class PagingConformance(Conformance):
    """Pages and their tokens."""

    def test_a_page_token_goes_on_or_says_that_it_is_lost(self, site: Site, provider: hvlib.Provider) -> None:
        """In the same provider it goes on; in another one it may be lost, which is said."""
        vms = provider.compute.vms
        first = next(vms.get_all(fields=[], page_size=4).pages())
        assert first.next is not None
        with site.connect() as other, suppress(hvlib.CursorLost):
            rest = other.compute.vms.get_all(fields=[], page_size=4, after=first.next).all()
            once(site, [*first.items, *rest])
        rest = vms.get_all(fields=[], page_size=4, after=first.next).all()
        once(site, [*first.items, *rest])

    def test_a_token_is_good_although_its_listing_goes_on(self, site: Site, provider: hvlib.Provider) -> None:
        """A page that is fetched ahead does not use up a token that was handed out."""
        vms = provider.compute.vms
        pages = vms.get_all(fields=[], page_size=3).pages()
        seen = [*next(pages).items]
        last = next(pages)
        seen += last.items
        assert last.next is not None
        once(site, [*seen, *vms.get_all(fields=[], page_size=3, after=last.next).all()])

    @pytest.mark.parametrize("delivered", [1, 2])
    def test_who_uses_a_token_takes_the_listing_over(
        self, site: Site, provider: hvlib.Provider, delivered: int
    ) -> None:
        """The rest comes there, once; the earlier iteration says that it is lost."""
        vms = provider.compute.vms
        earlier = vms.get_all(fields=[], page_size=3).pages()
        pages = [next(earlier) for _ in range(delivered)]
        later = vms.get_all(fields=[], page_size=3, after=pages[-1].next).pages()
        pages.append(next(later))
        with pytest.raises(hvlib.CursorLost):
            next(earlier)
        once(site, [vm for page in [*pages, *later] for vm in page.items])

    def test_a_token_that_is_used_again_gives_the_same_rest_or_is_lost(
        self, site: Site, provider: hvlib.Provider
    ) -> None:
        vms = provider.compute.vms
        first = next(vms.get_all(fields=[], page_size=3).pages())
        once(site, [*first.items, *vms.get_all(fields=[], page_size=3, after=first.next).all()])
        for size in (3, 5, 1000):
            with suppress(hvlib.CursorLost):
                again = vms.get_all(fields=[], page_size=size, after=first.next).all()
                once(site, [*first.items, *again])

    def test_a_token_says_nothing_of_fields_and_filters(self, site: Site, provider: hvlib.Provider) -> None:
        """With others than it was handed out for, it gives what these ask for, or is lost."""
        vms = provider.compute.vms
        names = {id: values["name_label"] for id, values in site.truth(VM).items()}
        running = {id for id, values in site.truth(VM).items() if values["power_state"] == "running"}
        first = next(vms.get_all(fields=[], page_size=3).pages())
        asked = {"fields": ["name_label"], "power_state": "running", "page_size": 3}
        with suppress(hvlib.CursorLost):
            rest = vms.get_all(after=first.next, **asked).all()  # type: ignore[arg-type]
            left = running - {vm.ref.id for vm in first.items}
            assert sorted((vm.ref.id, vm.name_label) for vm in rest) == sorted((id, names[id]) for id in left)
        order = [vm.ref.id for vm in vms.get_all(fields=[])]
        first = next(vms.get_all(**asked).pages())  # type: ignore[arg-type]
        with suppress(hvlib.CursorLost):
            listed = [vm.ref.id for vm in vms.get_all(fields=[], after=first.next)] if first.next else []
            assert listed == order[len(order) - len(listed) :]
            assert running - set(listed) == {vm.ref.id for vm in first.items} or not first.next

    def test_tokens_that_nobody_gave_out_are_lost(self, provider: hvlib.Provider) -> None:
        """Neither hvlib nor the driver takes them for the beginning: a token is hvlib's name and the server's own."""
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
        """The last object of a page is deleted before the next one is asked for: nothing is left out silently."""
        ours = {new_vm(f"marker-{number}") for number in range(3)}
        listed = [vm.ref.id for vm in provider.compute.vms.get_all(fields=[])]
        last = next(index for index, id in enumerate(listed) if id in ours)
        pages = provider.compute.vms.get_all(fields=[], page_size=last + 1).pages()
        seen = Counter(vm.ref.id for vm in next(pages).items)
        site.delete_vm(listed[last])
        with suppress(hvlib.CursorLost):
            seen.update(vm.ref.id for page in pages for vm in page.items)
            assert seen == Counter(listed)

    @pytest.mark.parametrize("arrived", [0, 1, 2, 3])
    def test_a_page_that_did_not_arrive_comes_when_it_is_asked_for_again(
        self, site: Site, wired: Wired, arrived: int
    ) -> None:
        """Or the listing says that it is lost. Nothing is repeated by hvlib itself here."""
        with site.connect(wired.wire, retry=hvlib.RetryPolicy(max_retries=0)) as provider:
            provider.compute.vms.get_all(fields=[], page_size=3).all()
            pages = provider.compute.vms.get_all(fields=[], page_size=3).pages()
            seen = [vm for _ in range(arrived) for vm in next(pages).items]
            wired.wire.cut_after(0)
            try:
                seen += asked_again(pages)
            except hvlib.CursorLost:
                seen = wired.vms.get_all(fields=[], page_size=3).all()
            once(site, seen)

    def test_listings_at_the_same_time_do_not_disturb_each_other(self, site: Site, provider: hvlib.Provider) -> None:
        vms = provider.compute.vms
        listings = [vms.get_all(fields=[], page_size=size).pages() for size in (3, 4, 3)]
        seen: list[list[hvlib.VM]] = [[] for _ in listings]
        for _ in range(len(site.truth(VM))):
            for listing, found in zip(listings, seen, strict=True):
                page = next(listing, None)
                found += () if page is None else page.items
        for found in seen:
            once(site, found)

    def test_a_listing_that_is_given_up_disturbs_nobody(self, site: Site, provider: hvlib.Provider) -> None:
        """However it is given up: forgotten, closed, or closed by another thread."""
        vms = provider.compute.vms
        for delivered in (0, 1, 2):
            pages = vms.get_all(fields=[], page_size=3).pages()
            for _ in range(delivered):
                next(pages)
            del pages
            once(site, vms.get_all(fields=[], page_size=3))
            with vms.get_all(fields=[], page_size=3) as pager:
                pages = pager.pages()
                for _ in range(delivered):
                    next(pages)
            with pytest.raises(hvlib.CursorLost):
                next(pages)
            once(site, vms.get_all(fields=[], page_size=3))
        assert vms.get_all(fields=[], page_size=3).first() is not None

    def test_a_listing_is_closed_while_another_thread_goes_through_it(
        self, site: Site, provider: hvlib.Provider
    ) -> None:
        """That thread gets every page, or hears that the listing is lost: never fewer without a word."""
        vms = provider.compute.vms
        for _ in range(5):
            pager = vms.get_all(fields=[], page_size=1)
            pages = pager.pages()
            seen = [*next(pages).items]
            closing = threading.Thread(target=pager.close)
            closing.start()
            with suppress(hvlib.CursorLost):
                seen += [vm for page in pages for vm in page.items]
                once(site, seen)
            closing.join(site.patience)
            assert not closing.is_alive()
            assert max(Counter(vm.ref.id for vm in seen).values()) == 1
        once(site, vms.get_all(fields=[]))


def asked_again(pages: Iterator[hvlib.Page[hvlib.VM]]) -> Iterator[hvlib.VM]:
    """The rest of a listing; a page whose connection breaks is asked for again."""
    errors = 0
    while True:
        try:
            page = next(pages, None)
        except hvlib.ConnectionFailed:
            errors += 1
            assert errors <= ERRORS
        else:
            if page is None:
                return
            yield from page.items
