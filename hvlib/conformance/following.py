"""Following: reads a watch until the expected events have come, within a time limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, TypeVar

import hvlib
from hvlib.conformance.replica import Objects, Replica, differing, truth
from hvlib.conformance.site import Site
from hvlib.model.event import EventType
from hvlib.model.ref import Ref

__all__ = ["InThread", "caught_up", "event_of", "follow", "follow_to", "follow_to_truth", "synced", "until_synced"]

PATIENCE = 20.0
"""The seconds within which a watch must deliver a change."""

QUIET_SECONDS = 0.1
"""Seconds without an event after which a watch counts as having no more events."""

LULL_SECONDS = 1.0
"""Seconds without an event after which the site's truth is read again: a task's progress may have changed."""

T = TypeVar("T")


def synced(watch: hvlib.Watch[Any]) -> Replica:
    """A replica of the objects that a new watch begins with."""
    replica = Replica()
    for event in until_synced(watch):
        replica.apply(event)
        assert event.type is EventType.ADDED, "all that exists comes as ADDED, then SYNCED"
    return replica


def event_of(watch: hvlib.Watch[Any], replica: Replica, id: str) -> hvlib.Event[Any]:
    """The next event of one object. It and all events before it are applied to the replica."""
    deadline = time.monotonic() + PATIENCE
    while True:
        event = watch.next(timeout=deadline - time.monotonic())
        assert event is not None
        replica.apply(event)
        if event.ref is not None and event.ref.id == id:
            return event


def follow_to(watch: hvlib.Watch[Any], replica: Replica, expected: Objects) -> list[hvlib.Event[Any]]:
    """The events, each applied, until the replica has the expected objects. AssertionError if it then changes again."""
    try:
        events = follow(watch, replica, lambda: not differing(replica.objects, expected))
    except AssertionError as error:
        raise AssertionError(f"{error}; still different: {differing(replica.objects, expected)}") from error
    with suppress(hvlib.WaitTimeout):
        while (event := watch.next(timeout=QUIET_SECONDS)) is not None:
            events.append(event)
            replica.apply(event)
    assert differing(replica.objects, expected) == set(), "a later event made the replica differ again"
    return events


def follow_to_truth(watch: hvlib.Watch[Any], replica: Replica, site: Site, *kinds: type[hvlib.Resource]) -> None:
    """Apply events until the replica equals the site's truth, which is read again whenever no more events come."""
    deadline = time.monotonic() + PATIENCE
    while different := differing(replica.objects, truth(site, *kinds)):
        assert time.monotonic() < deadline, f"no event within {PATIENCE:g} s of: {different}"
        timeout = LULL_SECONDS
        with suppress(hvlib.WaitTimeout):
            while (event := watch.next(timeout=timeout)) is not None:
                replica.apply(event)
                timeout = 0.0


def follow(
    watch: hvlib.Watch[Any], replica: Replica, until: Callable[[], bool], patience: float = PATIENCE
) -> list[hvlib.Event[Any]]:
    """The events, each applied, until a condition holds. AssertionError if it does not hold in time."""
    deadline = time.monotonic() + patience
    events: list[hvlib.Event[Any]] = []
    while not until():
        assert time.monotonic() < deadline, f"no such event within {patience:g} s; the last event: {events[-1:]}"
        try:
            event = watch.next(timeout=0.1)
        except hvlib.WaitTimeout:
            continue
        assert event is not None, "the watch ended"
        events.append(event)
        replica.apply(event)
    return events


def caught_up(watch: hvlib.Watch[Any], replica: Replica) -> list[hvlib.Event[Any]]:
    """The events up to SYNCED, each taken over unchecked: the watch did not begin with the replica's objects."""
    events = []
    for event in until_synced(watch):
        replica.take(event)
        events.append(event)
    return events


def until_synced(watch: hvlib.Watch[Any]) -> Iterator[hvlib.Event[Any]]:
    """The events before SYNCED. AssertionError if SYNCED does not come in time."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            event = watch.next(timeout=deadline - time.monotonic())
        except hvlib.WaitTimeout as error:
            raise AssertionError(f"not synced within {PATIENCE:g} s") from error
        assert event is not None, "the watch ended before SYNCED"
        if event.type is EventType.SYNCED:
            assert (event.ref, event.resource) == (None, None)
            return
        yield event


class InThread:
    """A call that runs in a thread of its own."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call = call
        self._outcome: Any = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="hvlib-conformance")
        self._thread.start()

    def result(self, seconds: float) -> Any:
        """Return the call's result, or raise its error. AssertionError if the call takes longer than ``seconds``."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"it did not end within {seconds:g} s"
        if self._error is not None:
            raise self._error
        return self._outcome

    def _run(self) -> None:
        try:
            self._outcome = self._call()
        except BaseException as error:
            self._error = error


def refs_of(provider: hvlib.Provider) -> dict[str, Ref]:
    """The refs of all VMs, by identifier."""
    return {ref.id: ref for ref in provider.compute.vms.get_all_records(fields=[])}


def power_of(site: Site, id: str) -> object:
    """A VM's power state, from the site."""
    return site.truth(hvlib.VM)[id]["power_state"]
