"""Sessions that log in and out, translate records, and share wrongly: each docstring says what its driver would do."""

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
    """Memory is in mebibytes, as the server has it."""

    def record(self, record: Any) -> Any:
        if "memory_bytes" not in record.loaded:
            return record
        return replace(record, memory_bytes=record.memory_bytes >> 20)


class LocalTime(DelegatingSession):
    """Dates have no time zone."""

    def record(self, record: Any) -> Any:
        if "created_at" not in record.loaded or record.created_at is None:
            return record
        return replace(record, created_at=record.created_at.replace(tzinfo=None))


class RefsOfTheWrongKind(DelegatingSession):
    """A VM's host is said to be a cluster."""

    def record(self, record: Any) -> Any:
        if "host" not in record.loaded or record.host is None:
            return record
        host = record.host
        return replace(record, host=Ref(host.provider_uuid, "Cluster", host.id, host.provider))


class RefsOfNoKind(DelegatingSession):
    """VMs refer to flavors, and there is no adapter that reads these."""

    @cached_property
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        wrapped = self.wrapped.adapters.items()
        return {kind: self.adapter_type(self, adapter) for kind, adapter in wrapped if kind is not Flavor}


class EscapedNames(DelegatingSession):
    """Names are told as the server escapes them."""

    def record(self, record: Any) -> Any:
        if "name_label" not in record.loaded:
            return record
        return replace(record, name_label=record.name_label.replace("%", "%25").replace("/", "%2f"))


class AnyCursorGoes(DelegatingSession):
    """A cursor that the server has lost begins a new snapshot, and nobody is told."""

    def feed(self, queries: Sequence[Query[Any]], since: WatchCursor | None) -> Feed:
        try:
            return super().feed(queries, since)
        except CursorLost:
            return super().feed(queries, None)


class NeverLogsOut(DelegatingSession):
    """Sessions are left for the server to end."""

    def close(self) -> None:
        pass


class LeavesThreads(DelegatingSession):
    """Each login starts a thread that nobody ends."""

    def login(self) -> None:
        super().login()
        threading.Thread(target=threading.Event().wait, daemon=True).start()


class LogsInWhenOpened(DelegatingSession):
    """It logs in before anybody asks for something."""

    def __init__(self, wrapped: Session, endpoint: Endpoint) -> None:
        super().__init__(wrapped, endpoint)
        with suppress(HvlibError):
            wrapped.login()


class PasswordInError(DelegatingSession):
    """What it sent is in the error's message."""

    def login(self) -> None:
        try:
            super().login()
        except AuthenticationFailed as error:
            sent = self.endpoint.password.reveal() if self.endpoint.password else ""
            raise AuthenticationFailed(f"login(password={sent!r}) was refused") from error


class RefusedLoginIsLostSession(DelegatingSession):
    """A wrong password is answered with the status of a lost session, and taken for one."""

    def login(self) -> None:
        try:
            super().login()
        except AuthenticationFailed as error:
            raise SessionLost(str(error)) from error


class LockedAdapter(DelegatingAdapter):
    """See `OneCallAtATime`."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        with self.session.__dict__["lock"]:
            return super().page(query, after)


class LockedFeed(DelegatingFeed):
    """See `OneCallAtATime`."""

    def next(self, timeout: float) -> Batch:
        with self.session.__dict__["lock"]:
            return super().next(timeout)


class OneCallAtATime(DelegatingSession):
    """All calls share one connection: while a watch waits, so does everybody."""

    adapter_type = LockedAdapter
    feed_type = LockedFeed

    def __init__(self, wrapped: Session, endpoint: Endpoint) -> None:
        super().__init__(wrapped, endpoint)
        self.lock = threading.Lock()
