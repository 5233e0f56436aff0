"""The source of a feed's events: event.from, one call at a time, over connections of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from hvlib_xenapi.wire.client import Client
from hvlib_xenapi.wire.events import Reply, parse_events, reply_type

__all__ = ["EventSource"]

INTERRUPT_TIMEOUT = 0.6
"""Seconds in which an interrupted wait must be over."""

MARGIN = 2.0
"""Seconds beyond its wait that the server has to answer, at least."""


class EventSource:
    """Asks for events in the login that stood when the feed was opened. The server holds nothing between two calls.

    | classes: the fields that are needed of each class; Any: all of them
    """

    def __init__(self, client: Client, classes: Mapping[str, Any]) -> None:
        self._client = client
        self.login = client.login
        self._caller = client.apart(self.login)
        self._reply = reply_type(classes)
        self._slowest = 0.0

    def ask(self, subscriptions: list[str], token: str, seconds: float, *, impatient: bool) -> Reply:
        """event.from: one round trip, in which the server may wait this many seconds for the first event.

        ``impatient``: don't give it the whole time-out besides, but as long again as the caller waits, and three times
        as long as it ever took. So a frozen server is found out.
        """
        start = time.monotonic()
        limit = self._client.context.timeout()
        if impatient:
            limit = min(limit, max(MARGIN, seconds, 3 * self._slowest))
        parameters = [subscriptions, token, float(seconds)]
        with self._client.reaching(self.login):
            found = self._caller.call("event.from", parameters, result=self._reply, wait=seconds, limit=limit)
        reply = parse_events(found)
        self._slowest = max(self._slowest, time.monotonic() - start - seconds)
        return reply

    def refs(self, cls: str) -> set[str]:
        """get_all: the references of all objects of a class."""
        with self._client.reaching(self.login):
            return set(self._caller.call(f"{cls}.get_all", [], result=list[str]))

    def cut_until(self, idle: threading.Event) -> None:
        """Cut the connections until nobody waits on them any more, or it takes too long."""
        until = time.monotonic() + INTERRUPT_TIMEOUT
        while not idle.wait(INTERRUPT_TIMEOUT / 16) and time.monotonic() < until:
            self._caller.transport.cut()

    def close(self) -> None:
        """End the connections."""
        self._caller.transport.close()
