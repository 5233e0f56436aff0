"""Sessions: who is logged in, with the collectors, filters and views of each session."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from servers.vcenter.collector import Collector
from servers.vcenter.inventory import Inventory
from servers.vcenter.sdk import vim, vmodl
from servers.vcenter.views import Views

__all__ = ["Session", "Sessions", "not_authenticated"]

DEFAULT = vmodl.query.PropertyCollector("propertyCollector")
"""The reference by which each session has a collector of its own."""


def not_authenticated(ref: Any) -> Any:
    """The fault of a request without a session."""
    return vim.fault.NotAuthenticated(object=ref, privilegeId="System.View", msg="The session is not authenticated.")


class Session:
    """One login, with what was made in it.

    | key: the session's identifier, which is no secret
    | cookie: the secret that each request brings
    """

    def __init__(self, make: Callable[[Any], Collector], inventory: Inventory) -> None:
        self.key = secrets.token_hex(8)
        self.cookie = secrets.token_hex(20)
        self.views: set[str] = set()
        self.collectors: dict[str, Collector] = {DEFAULT._moId: make(DEFAULT)}
        self._make = make
        self._inventory = inventory

    def new_id(self, what: str) -> str:
        """An identifier for an object of the session."""
        return self._inventory.new_id(f"session[{self.key}]{what}")

    def create_collector(self) -> Any:
        """PropertyCollector.CreatePropertyCollector."""
        ref = vmodl.query.PropertyCollector(self.new_id("collector"))
        self.collectors[ref._moId] = self._make(ref)
        return ref

    def collector(self, ref: Any) -> Collector:
        """The collector of a reference. Raises ManagedObjectNotFound."""
        if ref._moId not in self.collectors:
            self._inventory.find(ref)
        return self.collectors[ref._moId]

    def destroy_collector(self, ref: Any) -> None:
        """PropertyCollector.DestroyPropertyCollector: a wait that goes on ends with RequestCanceled."""
        collector = self.collector(ref)
        del self.collectors[ref._moId]
        collector.end(vmodl.fault.RequestCanceled(msg="the collector was destroyed"))

    def destroy_filter(self, ref: Any) -> None:
        """PropertyFilter.DestroyPropertyFilter. Raises ManagedObjectNotFound."""
        for collector in self.collectors.values():
            if collector.filters.pop(ref._moId, None) is not None:
                return
        self._inventory.find(ref)


class Sessions:
    """All sessions by their cookies. The inventory's lock is held in each call."""

    def __init__(self, inventory: Inventory, views: Views, page: int, updates: int) -> None:
        self.all: dict[str, Session] = {}
        self._inventory = inventory
        self._views = views
        self._make = lambda ref: Collector(inventory, ref, page, updates)

    def begin(self) -> Session:
        """Log in."""
        session = Session(self._make, self._inventory)
        self.all[session.cookie] = session
        return session

    def end(self, session: Session) -> None:
        """Log out: the session's waits end with NotAuthenticated, and what was made in it is freed."""
        self.all.pop(session.cookie, None)
        for id in session.views & self._views.all.keys():
            self._views.destroy(id)
        for collector in session.collectors.values():
            collector.end(not_authenticated(collector.ref))

    def end_all(self) -> None:
        """End all sessions."""
        for session in list(self.all.values()):
            self.end(session)
