"""Collectors: read properties of any objects, and wait for their changes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Self

from msgspec.structs import replace

from hvlib.driver.http import Transport
from hvlib.model.errors import Closed, ConcurrentWatch, ConnectionFailed, HvlibError, TaskCancelled
from hvlib_vsphere.data_objects import MoRef, Row
from hvlib_vsphere.errors import check_session, fault_error
from hvlib_vsphere.property.match import Match
from hvlib_vsphere.property.methods import (
    DESTROY_TIMEOUT,
    create_collector,
    create_filter,
    destroy_collector,
    destroy_filter,
    wait_for_updates,
)
from hvlib_vsphere.property.retrieval import PAGE_SIZE, Retrieval
from hvlib_vsphere.property.service import PropertyService, lost_sessions
from hvlib_vsphere.property.spec import FilterSpec, ObjectSpec, PropertySpec
from hvlib_vsphere.property.temporary import Temporary
from hvlib_vsphere.property.updates import FilterUpdate, UpdateSet, WaitOptions
from hvlib_vsphere.property.wait_filter import WaitFilter
from hvlib_vsphere.wire.caller import Caller

__all__ = ["Collector", "Filter"]

HEARTBEAT_SECONDS = 60
"""Seconds after which a wait without a limit asks the server again."""


class Filter(Temporary):
    """A filter of a collector: what the collector's waits report. The end of a ``with`` destroys it."""

    def __init__(self, service: PropertyService, ref: MoRef) -> None:
        self.ref = ref
        self._service = service

    def destroy(self) -> None:
        """PropertyFilter.DestroyPropertyFilter: one round trip. A wait of the collector may be under way."""
        destroy_filter(self._service, self.ref)


class Collector(Temporary):
    """A property collector: the session's default one, or one of its own by `create`.

    Every method raises hvlib's errors. Objects are references (`MoRef`). In a row, `Row.values` has each property that
    was asked for by its path: None if it is not set; `Row.missing` has the faults of properties that can't be read.
    Any number of threads may retrieve. One at a time may wait; another one gets `ConcurrentWatch`.
    """

    def __init__(self, service: PropertyService, ref: MoRef | None = None) -> None:
        self.ref = ref or service.login.service("propertyCollector")
        self._service = service
        self._waiting = threading.Lock()
        self._cancelled = False
        self._transport: Transport | None = None

    @classmethod
    def create(cls, service: PropertyService) -> Self:
        """PropertyCollector.CreatePropertyCollector: one round trip. The end of a ``with`` destroys the collector."""
        return cls(service, create_collector(service))

    def destroy(self) -> None:
        """PropertyCollector.DestroyPropertyCollector, with its filters: one round trip. A wait for updates ends."""
        destroy_collector(self._service, self.ref)

    def __exit__(self, *_: object) -> None:
        with suppress(HvlibError):
            destroy_collector(self._service.within(DESTROY_TIMEOUT), self.ref)

    def create_filter(self, spec: FilterSpec, *, partial_updates: bool = False) -> Filter:
        """PropertyCollector.CreateFilter: one round trip. A wait of the collector that is under way reports it too.

        | partial_updates: report changes inside a property by the paths of the parts
        """
        return Filter(self._service, create_filter(self._service, self.ref, spec, partial_updates=partial_updates))

    def retrieve_properties(self, spec: FilterSpec, max_objects: int = PAGE_SIZE) -> Iterator[Row]:
        """PropertyCollector.RetrievePropertiesEx, ContinueRetrievePropertiesEx: one round trip for ``max_objects``.

        A page is asked for when its first object is. Ending the iteration earlier frees the retrieval on the server.
        """
        retrieval = Retrieval(self._service, lambda: spec)
        paths = {each.type: each.paths for each in spec.properties}
        try:
            while not retrieval.last:
                rows: list[Row] = []
                retrieval.fetch(rows.append, max_objects)
                yield from (_complete(row, paths.get(row.ref.type)) for row in rows)
        finally:
            retrieval.close()

    def retrieve(self, objects: Sequence[MoRef], paths: Sequence[str] | None = None) -> list[Row]:
        """Properties of several objects; None: all properties. One round trip a page. Raises `NotFound`."""
        if not objects:
            return []
        types = dict.fromkeys(each.type for each in objects)
        spec = FilterSpec([PropertySpec(type, paths) for type in types], [ObjectSpec(each) for each in objects])
        found = {row.ref: row for row in self.retrieve_properties(spec)}
        return [found[each] for each in objects]

    def retrieve_one(self, ref: MoRef, paths: Sequence[str] | None = None) -> Row:
        """Properties of one object; None: all properties. One round trip. Raises `NotFound`."""
        return self.retrieve([ref], paths)[0]

    def retrieve_with_filter(
        self, objects: Sequence[MoRef], match: Match, paths: Sequence[str] | None = None
    ) -> list[Row]:
        """Properties of those objects that have all values of ``match``: two round trips, one if there are none."""
        return self.retrieve(match.objects_with_all(self.retrieve(objects, match.keys)), paths)

    def wait(
        self,
        ref: MoRef,
        paths: Sequence[str],
        until: Callable[[Mapping[str, Any]], bool],
        options: WaitOptions = WaitOptions(),  # noqa: B008 -- frozen
    ) -> bool:
        """Call ``until`` with the values of an object's properties, now and at each change, until it returns True.

        Returns False after ``options.max_wait_seconds`` without a change. Waits with a collector of its own, which it
        destroys: three round trips, and one for each change. Raises `NotFound`.
        """
        wanted = WaitFilter().add(ref, ref.type, paths)
        with self.create(self._service) as own:
            own.create_filter(wanted.spec)
            for update in own.wait_for_updates(replace(options, propagate_missing=True)):
                if any(until(each.values) for each in update.objects):
                    return True
        return False

    def wait_for_updates(self, options: WaitOptions = WaitOptions()) -> Iterator[FilterUpdate]:  # noqa: B008 -- frozen
        """PropertyCollector.WaitForUpdatesEx: the updates of each filter, one round trip a set.

        The first ones have all objects. The iteration ends after ``options.max_wait_seconds`` without a change, and by
        `cancel_wait_for_updates`. Raises `ConcurrentWatch` while another thread waits.
        """
        if not self._waiting.acquire(blocking=False):
            raise ConcurrentWatch("another thread waits for updates of this collector")
        self._cancelled = False
        caller, self._transport = self._service.apart()
        try:
            with lost_sessions(), self._cancellable():
                yield from self._updates(caller, options)
        finally:
            self._transport.close()
            self._waiting.release()

    def cancel_wait_for_updates(self) -> None:
        """PropertyCollector.CancelWaitForUpdates: end the wait of another thread. One round trip."""
        self._cancelled = True
        self._service.call("CancelWaitForUpdates", self.ref)
        if self._transport is not None:
            self._transport.close()  # The server cancels only a wait that it has received.

    @contextmanager
    def _cancellable(self) -> Iterator[None]:
        """A block that ends without an error once it is cancelled."""
        try:
            yield
        except (TaskCancelled, ConnectionFailed, Closed):
            if not self._cancelled:
                raise

    def _updates(self, caller: Caller, options: WaitOptions) -> Iterator[FilterUpdate]:
        limit = options.max_wait_seconds
        beat = replace(options, max_wait_seconds=HEARTBEAT_SECONDS if limit is None else limit)
        version = ""
        while not self._cancelled:
            update = wait_for_updates(caller, self.ref, version, beat)
            if update is None and limit is not None:
                return
            if update is None:
                continue
            version = update.version
            if options.propagate_missing:
                _raise_missing(update)
            yield from update.filters


def _complete(row: Row, paths: Sequence[str] | None) -> Row:
    """The row, with None for properties that were asked for and are not set.

    Raises `ConnectionFailed` if the session is lost: the server then sends objects without values.
    """
    with lost_sessions():
        check_session(row)
    for path in paths or ():
        if path not in row.values and path not in row.missing:
            row.values[path] = None
    return row


def _raise_missing(update: UpdateSet) -> None:
    """Raise the error of an object or a property that can't be read, if there is one."""
    for each in update.filters:
        faults = [*each.missing.values(), *(fault for object in each.objects for fault in object.missing.values())]
        for fault in faults:
            raise fault_error(fault)
