"""The feed: its own PropertyCollector, a filter for each query, and one call that waits for changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from typing import Any

from hvlib.driver import Batch, Change, Upsert, WatchCursor
from hvlib.driver.long_poll import LongPollFeed
from hvlib.model.errors import HvlibError
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib_vsphere.adapter import TableAdapter
from hvlib_vsphere.data_objects import MoRef
from hvlib_vsphere.property.methods import (
    DESTROY_TIMEOUT,
    create_collector,
    create_filter,
    destroy_collector,
    destroy_filter,
    wait_for_updates,
)
from hvlib_vsphere.property.spec import FilterSpec
from hvlib_vsphere.property.updates import UpdateSet, WaitOptions
from hvlib_vsphere.templates import templates_spec
from hvlib_vsphere.watch.kind_watcher import KindWatcher
from hvlib_vsphere.watch.template_watcher import TemplateWatcher
from hvlib_vsphere.wire.caller import Caller
from hvlib_vsphere.wire.client import Client

__all__ = ["PropertyFeed"]

POLL_SECONDS = 0.1
"""Seconds between two polls, for waits of less than a second: the server counts whole seconds."""


class PropertyFeed(LongPollFeed):
    """PropertyCollector.WaitForUpdatesEx, one call at a time, over a connection of its own.

    Opening it takes one round trip, one for each filter, and one for each view that the login does not have yet. `next`
    takes one; three more if records name VMs that no record has named before. Its cursors tell its position, but can't
    be continued: the server keeps a version only as long as the collector.
    """

    def __init__(
        self, client: Client, adapters: Mapping[type[Resource], TableAdapter[Any]], queries: Sequence[Query[Any]]
    ) -> None:
        super().__init__()
        self._context = client.context
        self._login = client.login
        self._transport = client.connections.apart(client.connections.address)
        self._poller = client.caller(self._login, self._transport)
        self._session_caller = client.caller(self._login)
        self._version = ""
        self._more = False
        self._synced = False
        self._lock = threading.Lock()
        self._collector: MoRef | None = None
        try:
            self._collector = create_collector(self._poller)
            self._watchers = [KindWatcher(adapters[query.kind], query) for query in queries]
            self._filters: dict[MoRef, Sequence[KindWatcher | TemplateWatcher]] = {
                self._filter(spec, self._poller): watchers for spec, watchers in filters(self._watchers)
            }
            self._named_filters: dict[KindWatcher, tuple[MoRef | None, AbstractSet[MoRef]]] = {}
        except BaseException:
            self.close()
            raise

    def poll(self, timeout: float) -> Batch:
        """PropertyCollector.WaitForUpdatesEx: one round trip. A set that the server splits is returned in parts."""
        seconds = int(timeout) if self._synced else 0
        poll_after = min(timeout, POLL_SECONDS) if seconds == 0 else 0.0
        # The snapshot may take the whole time-out.
        calls = self._poller.within(self.margin(seconds) if self._synced else self._context.timeout())
        self._take(self._updates(seconds, calls))
        for watcher in self._watchers:
            self._follow_named(watcher, calls)
            watcher.join(calls)
        changes = [change for watcher in self._watchers for change in watcher.changes()]
        # A VM that becomes a template goes as a VM before it comes as an image.
        return self._batch(sorted(changes, key=lambda change: isinstance(change, Upsert)), poll_after)

    def disconnect(self) -> None:
        """`LongPollFeed.disconnect`."""
        self._transport.close()

    def close(self) -> None:
        """PropertyCollector.DestroyPropertyCollector, and so its filters. Takes `DESTROY_TIMEOUT` seconds at most."""
        with self._lock:
            closed, self.closed = self.closed, True
        if closed:
            return
        self.disconnect()
        if self._collector is not None:
            with suppress(HvlibError):
                destroy_collector(self._session_caller.within(DESTROY_TIMEOUT), self._collector)

    def _own(self) -> MoRef:
        assert self._collector is not None
        return self._collector

    def _filter(self, spec: FilterSpec, calls: Caller) -> MoRef:
        return create_filter(calls, self._own(), spec)

    def _updates(self, seconds: int, calls: Caller) -> UpdateSet | None:
        """The next update set; None if nothing changes for ``seconds``."""
        with self.timed(seconds):
            return wait_for_updates(calls, self._own(), self._version, WaitOptions(max_wait_seconds=seconds))

    def _take(self, update: UpdateSet | None) -> None:
        """Pass the updates, if there are any, to the watchers."""
        self._more = update is not None and update.truncated
        if update is None:
            return
        self._version = update.version
        for each in update.filters:
            for watcher in self._filters.get(each.filter, ()):
                watcher.take(each)

    def _follow_named(self, watcher: KindWatcher, calls: Caller) -> None:
        """Replace the filter on the VMs that a query's rows name, if the rows name a VM that is not in the filter."""
        last, followed = self._named_filters.get(watcher, (None, frozenset()))
        if watcher.named_by_changes() <= followed:
            return
        named = watcher.named()
        new = self._filter(templates_spec(named), calls)
        self._filters[new], self._named_filters[watcher] = [TemplateWatcher(watcher)], (new, named)
        watcher.records.templates.forget_others(named)
        if last is not None:
            del self._filters[last]
            destroy_filter(calls, last)

    def _batch(self, changes: list[Change], poll_after: float) -> Batch:
        """A batch of these changes. The first set that is not truncated ends the snapshot."""
        more = self._more
        synced = not self._synced and not more
        if synced:
            self._synced = True
            changes.extend(change for watcher in self._watchers for change in watcher.absent())
        cursor = WatchCursor(f"{self._login.name}:{self._own().id}:{self._version}")
        pause = 0.0 if more or changes or synced else poll_after
        return Batch(changes, cursor=cursor, synced=synced, more=more, poll_after=pause)


def filters(watchers: Sequence[KindWatcher]) -> Iterator[tuple[FilterSpec, Sequence[KindWatcher]]]:
    """The specs of the filters, each with its watchers: queries for parts of the same objects share a filter.

    A query for all native properties has one of its own.
    """
    shared: dict[object, list[KindWatcher]] = {}
    for watcher in watchers:
        if watcher.subject is not None:
            shared.setdefault(watcher if watcher.records.paths is None else watcher.subject, []).append(watcher)
    for group in shared.values():
        subject = group[0].subject
        assert subject is not None
        paths = [each.records.paths for each in group]
        yield subject.spec(None if paths[0] is None else sorted({path for each in paths for path in each or ()})), group
