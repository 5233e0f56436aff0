"""Retrieval: the objects that a filter spec selects, page by page."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from hvlib.driver import Unavailable
from hvlib.model.errors import CursorLost, HvlibError, InvalidQuery, NotFound
from hvlib_vsphere.data_objects import Row
from hvlib_vsphere.login import Login
from hvlib_vsphere.property.spec import FilterSpec
from hvlib_vsphere.wire.caller import Calls
from hvlib_vsphere.wire.soap_messages import element

__all__ = ["PAGE_SIZE", "InventoryRetrieval", "Retrieval", "read_all"]

PAGE_SIZE = 1000
"""Objects in a page, unless the query has a page size."""

CANCEL_TIMEOUT = 2.0
"""Seconds within which a retrieval has to be freed."""


class Retrieval:
    """PropertyCollector.RetrievePropertiesEx, then ContinueRetrievePropertiesEx: one round trip a page.

    | spec: returns the spec; called for the first page, as the view in it belongs to the current login
    """

    def __init__(self, calls: Calls, spec: Callable[[], FilterSpec]) -> None:
        self.last = False
        self._calls = calls
        self._spec = spec
        self._login: Login | None = None
        self._token = ""

    def fetch(self, take: Callable[[Row], object], size: int) -> None:
        """Pass the next page's objects to ``take``, one by one. Raises `CursorLost` if the session has changed."""
        result = self._begin(take, size) if self._login is None else self._continue(take)
        token = result.get("token") if isinstance(result, dict) else None
        self._token, self.last = token or "", not token

    def close(self) -> None:
        """PropertyCollector.CancelRetrievePropertiesEx. If it fails, the server drops the token with the session."""
        token, self._token = self._token, ""
        with suppress(HvlibError):
            if token and self._login is not None and self._calls.login is self._login:
                collector = self._login.service("propertyCollector")
                caller = self._calls.within(CANCEL_TIMEOUT)
                caller.call("CancelRetrievePropertiesEx", collector, element("token", token))

    def _begin(self, take: Callable[[Row], object], size: int) -> Any:
        login = self._calls.login
        arguments = f"<specSet>{self._spec().xml}</specSet><options>{element('maxObjects', size)}</options>"
        result = self._call("RetrievePropertiesEx", arguments, take)
        self._login = login
        return result

    def _continue(self, take: Callable[[Row], object]) -> Any:
        if self._calls.login is not self._login:
            raise CursorLost("the listing ended with the session that it began in")
        try:
            return self._call("ContinueRetrievePropertiesEx", element("token", self._token), take)
        except InvalidQuery as error:
            raise CursorLost("the server does not know this page token", native=error.native) from error

    def _call(self, method: str, arguments: str, take: Callable[[Row], object]) -> Any:
        collector = self._calls.login.service("propertyCollector")
        return self._calls.call(method, collector, arguments, take=take)


class InventoryRetrieval(Retrieval):
    """A retrieval of all objects of a type. That one of them was deleted meanwhile is no error."""

    def _call(self, method: str, arguments: str, take: Callable[[Row], object]) -> Any:
        try:
            return super()._call(method, arguments, take)
        except NotFound as error:  # Core asks for the page again.
            raise Unavailable("an object was deleted while it was read", native=error.native) from error


def read_all(retrieval: Retrieval, take: Callable[[Row], object]) -> None:
    """Pass every object to ``take``: one round trip a page."""
    while not retrieval.last:
        retrieval.fetch(take, PAGE_SIZE)
