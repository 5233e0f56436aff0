"""Adapters with wrong listings. Each docstring says what the driver would do."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from hvlib_sim.lab.objects import KINDS
from msgspec.structs import replace
from seeds.delegating import DelegatingAdapter, DelegatingListing

from hvlib.driver import Listing, Page, PageToken, ServerPage, SessionLost, TokenListing
from hvlib.errors import ConnectionFailed
from hvlib.model.query import Query
from hvlib.model.ref import Ref


class MarkerGone(DelegatingAdapter):
    """End the listing if the object that a token names is gone."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        page = super().page(query, after)
        last: dict[PageToken, Ref] = self.session.__dict__.setdefault("last", {})
        if after in last and not self._exists(last[after]):
            return Page([])
        if page.next is not None and page.items:
            last[page.next] = page.items[-1].ref
        return page

    def _exists(self, ref: Ref) -> bool:
        with self.session.native.reading() as store:
            return store.find(KINDS[ref.kind], ref.id) is not None


class TokensGoodOnce(DelegatingAdapter):
    """Accept a token only once, although the driver declares that tokens can be used by anybody."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        unused: dict[PageToken, PageToken] = self.session.__dict__.setdefault("unused", {})
        page = super().page(query, None if after is None else unused.pop(after, after))
        if page.next is None:
            return page
        token = PageToken(f"{page.next} {uuid4()}")
        unused[token] = page.next
        return replace(page, next=token)


class RememberedListing(DelegatingAdapter):
    """Answer a repeated listing from memory."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        known: dict[Any, Page[Any]] = self.session.__dict__.setdefault("known", {})
        key = (query.record_type, repr(query), after)
        if key not in known:
            known[key] = super().page(query, after)
        return known[key]


class SkipsAfterError(DelegatingListing):
    """Skip a page after a broken connection, because the page was counted before it arrived."""

    skip = False

    def fetch(self) -> ServerPage[Any]:
        try:
            page = super().fetch()
        except ConnectionFailed:
            self.skip = True
            raise
        if page.last or not self.skip:
            return page
        self.skip = False
        return super().fetch()


class EndsWithAnError(DelegatingListing):
    """End the listing with the first error, like a generator."""

    over = False

    def fetch(self) -> ServerPage[Any]:
        if self.over:
            return ServerPage([])
        try:
            return super().fetch()
        except ConnectionFailed:
            self.over = True
            raise


class BeginsAgainInANewSession(DelegatingListing):
    """Start the listing again when the session is lost, because the server's cursor ended with it."""

    def fetch(self) -> ServerPage[Any]:
        try:
            return super().fetch()
        except SessionLost:
            self.wrapped = self.adapter.wrapped.open(self.query, None)
            raise


class TokenTooFar(DelegatingListing):
    """Return right pages, but a token that names the first object of the next page instead of the last of this page."""

    def fetch(self) -> ServerPage[Any]:
        page = super().fetch()
        if self.token is not None:
            kind, _, number = self.token.rpartition("-")
            self.token = PageToken(f"{kind}-{int(number) + 1:08d}")
        return page


class OneForAll(DelegatingListing):
    """Keep one position for all listings of a kind: a listing that begins moves the others to its position."""

    begun = False

    def fetch(self) -> ServerPage[Any]:
        listings: dict[Any, Listing[Any]] = self.adapter.session.__dict__.setdefault("listings", {})
        if not self.begun:
            self.begun, listings[self.query.kind] = True, self.wrapped
        self.wrapped = listings[self.query.kind]
        return super().fetch()


class CloseRaises(DelegatingListing):
    """Raise the SDK's error at close, because the server no longer has the cursor to free."""

    def close(self) -> None:
        raise LookupError("no such cursor")


class TokenBringsItsQuery(DelegatingAdapter):
    """Use the fields and filters with which a token's listing was opened, and ignore the request's."""

    def open(self, query: Query[Any], after: PageToken | None) -> Listing[Any]:
        queries: dict[PageToken | None, Query[Any]] = self.session.__dict__.setdefault("queries", {})
        opened = queries.get(after, query)

        def read(token: PageToken | None) -> Page[Any]:
            page = self.page(opened, token)
            if page.next is not None:
                queries.setdefault(page.next, opened)
            return page

        return TokenListing(read, after)
