"""A driver that passes every call to a wrapped driver: the base of the breakages.

Any driver can be wrapped. Every record passes through `DelegatingSession.record`.
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
    """An adapter that passes its calls to a wrapped adapter."""

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
        """Return a page, and the token for the next page."""
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
        """Return the records of the wrapped driver as this driver's records."""
        return [self.session.record(record) for record in records]


class DelegatingListing(Listing[Any]):
    """A listing that passes its calls to a wrapped listing."""

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
    """An adapter for breakages of listings, not of pages."""

    listing_type: ClassVar[type[DelegatingListing]] = DelegatingListing

    def open(self, query: Query[Any], after: PageToken | None) -> Listing[Any]:
        return self.listing_type(self, query, after)


class DelegatingFeed(Feed):
    """A feed that passes its calls to a wrapped feed."""

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
    """A session that passes its calls to a wrapped session."""

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
        """Return a record of the wrapped driver as this driver's record."""
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
    """A driver whose sessions have the type ``session_type``."""

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
