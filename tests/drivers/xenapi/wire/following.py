"""Helpers that read a watch until an expected event."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import hvlib

__all__ = ["SOON", "events_until", "has", "synced"]

SOON = 10.0

R = TypeVar("R", bound=hvlib.Resource)


def synced(watch: hvlib.Watch[R]) -> list[hvlib.Event[R]]:
    """The events before the watch is up to date."""
    found: list[hvlib.Event[R]] = []
    while (event := watch.next(timeout=SOON)) is not None and event.type != "SYNCED":
        found.append(event)
    assert event is not None, "never up to date"
    return found


def events_until(watch: hvlib.Watch[R], meant: Callable[[hvlib.Event[R]], bool]) -> list[hvlib.Event[R]]:
    """The events up to and including the first one that is meant."""
    found: list[hvlib.Event[R]] = []
    until = time.monotonic() + SOON
    while not found or not meant(found[-1]):
        event = watch.next(timeout=until - time.monotonic())
        assert event is not None, f"the event did not come; {found}"
        found.append(event)
    return found


def has(ref: hvlib.Ref, **values: object) -> Callable[[hvlib.Event[R]], bool]:
    return lambda event: (
        event.ref == ref and all(getattr(event.resource, name) == value for name, value in values.items())
    )
