"""PropertyListing: a listing that the server's PropertyCollector cuts into pages."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic, TypeVar

from hvlib.driver import Listing, ServerPage
from hvlib.model.errors import CursorLost, HvlibError, InvalidQuery
from hvlib.model.resources import Resource
from hvlib_vsphere.data_objects import Row
from hvlib_vsphere.login import Login
from hvlib_vsphere.records import RecordMaker
from hvlib_vsphere.wire.client import Client
from hvlib_vsphere.wire.soap import element

__all__ = ["PropertyListing", "Retrieval"]

R = TypeVar("R", bound=Resource)

CANCEL_TIMEOUT = 2.0
"""Seconds that freeing a listing may take."""


class Retrieval:
    """PropertyCollector.RetrievePropertiesEx, then ContinueRetrievePropertiesEx: a round trip a page.

    | spec: gives the PropertyFilterSpec; asked for with the first page, as a view belongs to a login
    """

    def __init__(self, client: Client, spec: Callable[[], str]) -> None:
        self.last = False
        self._client = client
        self._spec = spec
        self._login: Login | None = None
        self._token = ""

    def fetch(self, take: Callable[[Row], object], size: int) -> None:
        """The next page's objects, one by one. Raises `CursorLost` once the session that it began in is gone."""
        result = self._begin(take, size) if self._login is None else self._go_on(take)
        token = result.get("token") if isinstance(result, dict) else None
        self._token, self.last = token or "", not token

    def close(self) -> None:
        """PropertyCollector.CancelRetrievePropertiesEx. A server that can't forgets the token with the session."""
        token, self._token = self._token, ""
        with suppress(HvlibError):
            if token and self._login is not None and self._client.login is self._login:
                collector = self._login.service("propertyCollector")
                caller = self._client.caller(self._login).within(CANCEL_TIMEOUT)
                caller.call("CancelRetrievePropertiesEx", collector, element("token", token))

    def _begin(self, take: Callable[[Row], object], size: int) -> Any:
        login = self._client.login
        arguments = f"<specSet>{self._spec()}</specSet><options>{element('maxObjects', size)}</options>"
        result = self._call("RetrievePropertiesEx", arguments, take)
        self._login = login
        return result

    def _go_on(self, take: Callable[[Row], object]) -> Any:
        if self._client.login is not self._login:
            raise CursorLost("the listing ended with the session that it began in")
        try:
            return self._call("ContinueRetrievePropertiesEx", element("token", self._token), take)
        except InvalidQuery as error:
            raise CursorLost("the server does not know this page token (any more)", native=error.native) from error

    def _call(self, method: str, arguments: str, take: Callable[[Row], object] | None = None) -> Any:
        collector = self._client.login.service("propertyCollector")
        return self._client.call(method, collector, arguments, take=take)


class PropertyListing(Listing[R], Generic[R]):
    """The pages of a kind. Nobody else can go on with it: the server's token ends with the session."""

    def __init__(self, retrieval: Retrieval, records: RecordMaker[R], size: int) -> None:
        self._retrieval = retrieval
        self._records = records
        self._size = size

    def fetch(self) -> ServerPage[R]:
        """One round trip; the first listing of a kind makes its view: one more."""
        items: list[R] = []
        self._retrieval.fetch(self._records.collect(items), self._size)
        return ServerPage(items, self._retrieval.last)

    def close(self) -> None:
        """`Retrieval.close`."""
        self._retrieval.close()
