"""A driver that hands everything on to another one: what a breakage starts from.

Nothing here knows which driver is wrapped. Records pass `DelegatingSession.record`, whichever way they come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any, ClassVar

from msgspec.structs import replace

from hvlib.actions import Action
from hvlib.driver import (
    About,
    Adapter,
    Batch,
    Change,
    Context,
    Driver,
    Endpoint,
    Feed,
    Listing,
    Outcome,
    Page,
    PageToken,
    ServerPage,
    Session,
    Steps,
    TokenListing,
    Upsert,
    WatchCursor,
)
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource

__all__ = ["DelegatingAdapter", "DelegatingDriver", "DelegatingFeed", "DelegatingSession"]


class DelegatingAdapter(Adapter[Any]):
    """One kind, as the wrapped adapter has it."""

    def __init__(self, session: DelegatingSession, wrapped: Adapter[Any]) -> None:
        self.session = session
        self.wrapped = wrapped
        self.fields = wrapped.fields
        self.performers = wrapped.performers

    @property
    def kind(self) -> type[Resource]:  # type: ignore[override]
        return self.wrapped.kind

    @property
    def actions(self) -> frozenset[type[Action]]:
        return self.wrapped.actions

    def open(self, query: Query[Any], after: PageToken | None) -> Listing[Any]:
        return TokenListing(partial(self.page, query), after)

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        """One page, and the token for the next one."""
        listing = self.wrapped.open(query, after)
        page = listing.fetch()
        return Page(self.records(page.items), listing.token, page.total)

    def lookup(self, field: str, value: str, query: Query[Any]) -> Sequence[Any]:
        return self.records(self.wrapped.lookup(field, value, query))

    def get(self, refs: Sequence[Ref], query: Query[Any]) -> Sequence[Any]:
        return self.records(self.wrapped.get(refs, query))

    def submit(self, ref: Ref | None, action: Action) -> Outcome:
        return self.wrapped.submit(ref, action)

    def take_steps(self, ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
        return self.wrapped.take_steps(ref, action, steps)

    def records(self, records: Sequence[Any]) -> list[Any]:
        """Records of the wrapped driver, as this one gives them."""
        return [self.session.record(record) for record in records]


class DelegatingListing(Listing[Any]):
    """A listing under way, as the wrapped one has it."""

    def __init__(self, adapter: ListingAdapter, query: Query[Any], after: PageToken | None) -> None:
        self.adapter = adapter
        self.query = query
        self.token = after
        self.wrapped = adapter.wrapped.open(query, after)

    def fetch(self) -> ServerPage[Any]:
        page = self.wrapped.fetch()
        self.token = self.wrapped.token
        return replace(page, items=self.adapter.records(page.items))

    def close(self) -> None:
        self.wrapped.close()


class ListingAdapter(DelegatingAdapter):
    """An adapter whose listings are broken, rather than its pages."""

    listing_type: ClassVar[type[DelegatingListing]] = DelegatingListing

    def open(self, query: Query[Any], after: PageToken | None) -> Listing[Any]:
        return self.listing_type(self, query, after)


class DelegatingFeed(Feed):
    """A subscription, as the wrapped feed has it."""

    def __init__(self, session: DelegatingSession, wrapped: Feed, since: WatchCursor | None) -> None:
        self.session = session
        self.wrapped = wrapped
        self.since = since

    def next(self, timeout: float) -> Batch:
        batch = self.wrapped.next(timeout)
        return replace(batch, changes=[self._change(change) for change in batch.changes])

    def interrupt(self) -> None:
        self.wrapped.interrupt()

    def close(self) -> None:
        self.wrapped.close()

    def _change(self, change: Change) -> Change:
        return replace(change, record=self.session.record(change.record)) if isinstance(change, Upsert) else change


class DelegatingSession(Session):
    """One login, as the wrapped session has it."""

    adapter_type: ClassVar[type[DelegatingAdapter]] = DelegatingAdapter
    feed_type: ClassVar[type[DelegatingFeed]] = DelegatingFeed

    def __init__(self, wrapped: Session, endpoint: Endpoint) -> None:
        self.wrapped = wrapped
        self.endpoint = endpoint
        self.poll_interval = wrapped.poll_interval
        self.forget = wrapped.forget  # type: ignore[method-assign]

    @cached_property
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        return {kind: self.adapter_type(self, wrapped) for kind, wrapped in self.wrapped.adapters.items()}

    @property
    def native(self) -> Any:
        return self.wrapped.native

    def record(self, record: Any) -> Any:
        """What a record of the wrapped driver becomes."""
        return record

    def login(self) -> None:
        self.wrapped.login()

    def about(self) -> About:
        return self.wrapped.about()

    def close(self) -> None:
        self.wrapped.close()

    def feed(self, queries: Sequence[Query[Any]], since: WatchCursor | None) -> Feed:
        return self.feed_type(self, self.wrapped.feed(queries, since), since)


class DelegatingDriver(Driver):
    """A driver whose sessions are delegating ones, of the given types."""

    def __init__(
        self,
        wrapped: Driver,
        session_type: type[DelegatingSession] = DelegatingSession,
    ) -> None:
        self.wrapped = wrapped
        self._session_type = session_type

    def check(self, endpoint: Endpoint) -> None:
        self.wrapped.check(endpoint)

    def open(self, endpoint: Endpoint, context: Context) -> Session:
        return self._session_type(self.wrapped.open(endpoint, context), endpoint)
