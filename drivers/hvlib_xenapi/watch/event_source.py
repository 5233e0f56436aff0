"""The source of a feed's events: event.from, one call at a time, over connections of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hvlib_xenapi.wire.client import Client
from hvlib_xenapi.wire.events import Reply, reply_type

__all__ = ["EventSource"]


class EventSource:
    """Asks for events in the login in which the feed was opened. The server keeps nothing between two calls.

    | classes: the fields that are needed of each class; Any: whole records
    """

    def __init__(self, client: Client, classes: Mapping[str, Any]) -> None:
        self._client = client
        self.login = client.login
        self._caller = client.apart(self.login)
        self._reply = reply_type(classes)

    def ask(self, subscriptions: list[str], token: str, wait: float, margin: float) -> Reply:
        """event.from: one round trip, in which the server may wait ``wait`` seconds for the first event.

        ``margin``: seconds that the call may take besides, unless the context's time-out is shorter.
        """
        limit = min(margin, self._client.context.timeout())
        parameters = [subscriptions, token, float(wait)]
        with self._client.reaching(self.login):
            reply: Reply = self._caller.call("event.from", parameters, result=self._reply, wait=wait, limit=limit)
        return reply

    def refs(self, cls: str) -> set[str]:
        """get_all: the references of all objects of a class."""
        with self._client.reaching(self.login):
            return set(self._caller.call(f"{cls}.get_all", [], result=list[str]))

    def close(self) -> None:
        """End the connections, from any thread."""
        self._caller.transport.close()
