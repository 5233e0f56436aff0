"""Adapters that list what is not so: each docstring says what its driver would do."""

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
    """Where the object that a token names is gone, there is nothing behind it."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        page = super().page(query, after)
        last: dict[PageToken, Ref] = self.session.__dict__.setdefault("last", {})
        if after in last and not self._is_there(last[after]):
            return Page([])
        if page.next is not None and page.items:
            last[page.next] = page.items[-1].ref
        return page

    def _is_there(self, ref: Ref) -> bool:
        with self.session.native.reading() as store:
            return store.find(KINDS[ref.kind], ref.id) is not None


class TokensGoodOnce(DelegatingAdapter):
    """A token ends with its page, though the driver says that anybody can go on with it."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        given: dict[PageToken, PageToken] = self.session.__dict__.setdefault("given", {})
        page = super().page(query, None if after is None else given.pop(after, after))
        if page.next is None:
            return page
        token = PageToken(f"{page.next} {uuid4()}")
        given[token] = page.next
        return replace(page, next=token)


class RememberedListing(DelegatingAdapter):
    """A listing that was asked for before is answered from memory."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        known: dict[Any, Page[Any]] = self.session.__dict__.setdefault("known", {})
        asked = (query.record_type, repr(query), after)
        if asked not in known:
            known[asked] = super().page(query, after)
        return known[asked]


class SkipsAfterError(DelegatingListing):
    """A page is counted before it is there: after a broken connection the next one comes."""

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
    """A generator, which is over with the first error."""

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
    """The server's cursor ends with the session, and the listing begins again."""

    def fetch(self) -> ServerPage[Any]:
        try:
            return super().fetch()
        except SessionLost:
            self.wrapped = self.adapter.wrapped.open(self.query, None)
            raise


class TokenTooFar(DelegatingListing):
    """The pages are right; the token names the first object of the next page, in place of the last of this one."""

    def fetch(self) -> ServerPage[Any]:
        page = super().fetch()
        if self.token is not None:
            kind, _, number = self.token.rpartition("-")
            self.token = PageToken(f"{kind}-{int(number) + 1:08d}")
        return page


class OneForAll(DelegatingListing):
    """Where a listing is, is kept with the kind: one that begins moves the others to its own place."""

    begun = False

    def fetch(self) -> ServerPage[Any]:
        listings: dict[Any, Listing[Any]] = self.adapter.session.__dict__.setdefault("listings", {})
        if not self.begun:
            self.begun, listings[self.query.kind] = True, self.wrapped
        self.wrapped = listings[self.query.kind]
        return super().fetch()


class CloseRaises(DelegatingListing):
    """The server has forgotten what is to be freed: the SDK's error comes out."""

    def close(self) -> None:
        raise LookupError("no such cursor")


class TokenBringsItsQuery(DelegatingAdapter):
    """A token stands for a cursor, with the fields and filters that it was opened for."""

    def open(self, query: Query[Any], after: PageToken | None) -> Listing[Any]:
        queries: dict[PageToken | None, Query[Any]] = self.session.__dict__.setdefault("queries", {})
        opened = queries.get(after, query)

        def read(token: PageToken | None) -> Page[Any]:
            page = self.page(opened, token)
            if page.next is not None:
                queries.setdefault(page.next, opened)
            return page

        return TokenListing(read, after)
