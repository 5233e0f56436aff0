"""Adapters that list what is not so: each docstring says what its driver would do."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from hvlib_sim.lab.objects import KINDS
from msgspec.structs import replace
from seeds.delegating import DelegatingAdapter

from hvlib.driver import Page, PageToken
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
