"""Sessions that log in and out, convert records, and share wrongly. Each docstring says what the driver would do."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any

from msgspec.structs import replace
from seeds.delegating import DelegatingAdapter, DelegatingFeed, DelegatingSession

from hvlib.driver import Adapter, Batch, Endpoint, Feed, Page, PageToken, Session, SessionLost, WatchCursor
from hvlib.errors import AuthenticationFailed, CursorLost, HvlibError
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Flavor, Resource


class WrongUnits(DelegatingSession):
    """Return memory in mebibytes, the server's unit."""

    def record(self, record: Any) -> Any:
        if "memory_bytes" not in record.loaded:
            return record
        return replace(record, memory_bytes=record.memory_bytes >> 20)


class LocalTime(DelegatingSession):
    """Return times without a time zone."""

    def record(self, record: Any) -> Any:
        if "created_at" not in record.loaded or record.created_at is None:
            return record
        return replace(record, created_at=record.created_at.replace(tzinfo=None))


class RefsOfTheWrongKind(DelegatingSession):
    """Return a VM's host as a ref of the kind Cluster."""

    def record(self, record: Any) -> Any:
        if "host" not in record.loaded or record.host is None:
            return record
        host = record.host
        return replace(record, host=Ref(host.provider_uuid, "Cluster", host.id, host.provider))


class RefsOfNoKind(DelegatingSession):
    """Return VMs with refs to flavors, but have no adapter for flavors."""

    @cached_property
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        wrapped = self.wrapped.adapters.items()
        return {kind: self.adapter_type(self, adapter) for kind, adapter in wrapped if kind is not Flavor}


class EscapedNames(DelegatingSession):
    """Return names as the server escapes them."""

    def record(self, record: Any) -> Any:
        if "name_label" not in record.loaded:
            return record
        return replace(record, name_label=record.name_label.replace("%", "%25").replace("/", "%2f"))


class AnyCursorGoes(DelegatingSession):
    """Begin a new snapshot at a cursor that the server has lost, without an error."""

    def feed(self, queries: Sequence[Query[Any]], since: WatchCursor | None) -> Feed:
        try:
            return super().feed(queries, since)
        except CursorLost:
            return super().feed(queries, None)


class NeverLogsOut(DelegatingSession):
    """Never log out."""

    def close(self) -> None:
        pass


class LeavesThreads(DelegatingSession):
    """Start a thread at each login, and never end it."""

    def login(self) -> None:
        super().login()
        threading.Thread(target=threading.Event().wait, daemon=True).start()


class LogsInWhenOpened(DelegatingSession):
    """Log in when the session is opened, before any call."""

    def __init__(self, wrapped: Session, endpoint: Endpoint) -> None:
        super().__init__(wrapped, endpoint)
        with suppress(HvlibError):
            wrapped.login()


class PasswordInError(DelegatingSession):
    """Put the password that was sent into the error's message."""

    def login(self) -> None:
        try:
            super().login()
        except AuthenticationFailed as error:
            sent = self.endpoint.password.reveal() if self.endpoint.password else ""
            raise AuthenticationFailed(f"login(password={sent!r}) was refused") from error


class RefusedLoginIsLostSession(DelegatingSession):
    """Take a wrong password for a lost session: the server answers both with the same status."""

    def login(self) -> None:
        try:
            super().login()
        except AuthenticationFailed as error:
            raise SessionLost(str(error)) from error


class LockedAdapter(DelegatingAdapter):
    """Hold the session's lock during a call, for `OneCallAtATime`."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        with self.session.__dict__["lock"]:
            return super().page(query, after)


class LockedFeed(DelegatingFeed):
    """Hold the session's lock during a call, for `OneCallAtATime`."""

    def next(self, timeout: float) -> Batch:
        with self.session.__dict__["lock"]:
            return super().next(timeout)


class OneCallAtATime(DelegatingSession):
    """Use one connection for all calls: while a watch waits, all other calls wait."""

    adapter_type = LockedAdapter
    feed_type = LockedFeed

    def __init__(self, wrapped: Session, endpoint: Endpoint) -> None:
        super().__init__(wrapped, endpoint)
        self.lock = threading.Lock()
