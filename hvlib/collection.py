"""Collection: the verbs on one kind, the same for every kind and driver."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from uuid import UUID

from hvlib.actions import Action, Create
from hvlib.connection import Connection
from hvlib.driver import REFS_PER_CALL, Adapter, Done, PageToken, Started, WatchCursor
from hvlib.errors import AmbiguousName, HvlibError, InvalidQuery, NotFound, Unsupported, WaitTimeout
from hvlib.mirror import EventType
from hvlib.pager import Pager
from hvlib.query import Query, make_query
from hvlib.ref import Ref
from hvlib.resources import Resource
from hvlib.task import Task
from hvlib.watch import Known, Watch

if TYPE_CHECKING:
    from hvlib.provider import Provider

__all__ = ["Collection", "canonical_uuid", "only_one"]

R = TypeVar("R", bound=Resource)
E = TypeVar("E", bound=HvlibError)

UUID_FORM = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


class Collection(Generic[R]):
    """All resources of one kind in a provider.

    Every verb logs in if nobody did. Every one may raise `ConnectionFailed`, `AuthenticationFailed`,
    `PermissionDenied`, `Closed`, and `Unsupported` where the driver does not have the kind.
    """

    def __init__(self, provider: Provider, connection: Connection, kind: type[R]) -> None:
        self.provider = provider
        self.kind = kind
        self._connection = connection

    @property
    def fields(self) -> frozenset[str]:
        """The fields that this server fills."""
        return self._adapter().fields

    @property
    def actions(self) -> frozenset[type[Action]]:
        """The actions that this server takes."""
        return self._adapter().actions

    def get_all(
        self,
        *,
        fields: Iterable[str] | None = None,
        native: bool | Iterable[str] = (),
        page_size: int | None = None,
        after: PageToken | None = None,
        **filters: object,
    ) -> Pager[R]:
        """All objects that fit the filters, page by page: a `Pager`. Round trips: the pages and a constant.

        ``fields`` to load (None: all; []: refs alone), ``native`` properties to bring along, ``page_size`` objects a
        page, ``after`` the ``next`` of an earlier page. Raises `InvalidQuery` for a field, value or option that does
        not exist.
        """
        query = self._query(fields=fields, native=native, page_size=page_size, filters=filters)
        return Pager(self._connection, query, after)

    def get_all_records(self, **query: Any) -> dict[Ref, R]:
        """The same as a dictionary by ref."""
        return {record.ref: record for record in self.get_all(**query).all()}

    def get_by_name_label(
        self, name_label: str, *, fields: Iterable[str] | None = None, native: bool | Iterable[str] = ()
    ) -> list[R]:
        """Those with exactly this name: names repeat; [] if there is none. Round trips: pages of names + 2 at most."""
        found = self._lookup("name_label", name_label, fields, native)
        return [record for record in found if record.name_label == name_label]

    def get_by_uuid(self, uuid: str, *, fields: Iterable[str] | None = None, native: bool | Iterable[str] = ()) -> R:
        """The one with this uuid: two round trips at most. Raises `NotFound`."""
        found = self._by_uuid(uuid, fields, native)
        if not found:
            raise self._not_found(f"uuid {uuid}")
        return found[0]

    def get(self, ref: Ref, *, fields: Iterable[str] | None = None, native: bool | Iterable[str] = ()) -> R:
        """The object of a ref: one round trip. Raises `NotFound` if it is gone."""
        found = self.get_many([ref], fields=fields, native=native)
        if ref not in found:
            raise self._not_found(ref.id)
        return found[ref]

    def get_many(
        self, refs: Iterable[Ref], *, fields: Iterable[str] | None = None, native: bool | Iterable[str] = ()
    ) -> dict[Ref, R]:
        """Those of ``refs`` that exist, by ref: one round trip for up to 500 where the server takes so many."""
        query = self._query(fields=fields, native=native)
        wanted = iter(self._own(refs))
        found: dict[Ref, R] = {}
        while chunk := list(islice(wanted, REFS_PER_CALL)):
            records = self._connection.read(lambda session: session.adapters[self.kind].get(chunk, query))
            found.update((record.ref, record) for record in records)
        return found

    def find(self, name_or_uuid: str) -> R:
        """The one with this uuid or name. Raises `NotFound`, or `AmbiguousName` carrying the ``candidates``."""
        if UUID_FORM.fullmatch(name_or_uuid):
            by_uuid = self._by_uuid(name_or_uuid, None, ())
            if by_uuid:
                return by_uuid[0]
        candidates = self.get_by_name_label(name_or_uuid)
        if not candidates:
            raise self._not_found(repr(name_or_uuid), hint="names are exact, and case matters")
        with self._connection.reported():
            return only_one(self.kind, name_or_uuid, candidates)

    def watch(
        self,
        *,
        fields: Iterable[str] | None = None,
        native: bool | Iterable[str] = (),
        since: WatchCursor | None = None,
        known: Known | None = None,
        **filters: object,
    ) -> Watch[R]:
        """The live stream of changes: a `Watch`. Ceasing to match the filters is a DELETED.

        ``since`` goes on from a watch's cursor, or raises `CursorLost` where the server can't. ``known``, your own last
        records, goes on from those on any server.
        """
        query = self._query(fields=fields, native=native, filters=filters)
        return Watch(self._connection, [query], since=since, known=known)

    def wait_for(self, ref: Ref, *, timeout: float = 300.0, **fields: object) -> R:
        """`Resource.wait_for`."""
        wanted = self._query(filters=fields)
        deadline = time.monotonic() + timeout
        record: R | None = None
        with self.watch_refs([ref], patience=timeout) as watch:
            while True:
                try:
                    event = watch.next(timeout=max(deadline - time.monotonic(), 0.0))
                except WaitTimeout as error:
                    state = " ".join(f"{name}={value}" for name, value in fields.items())
                    late = WaitTimeout(f"{self.kind.kind} {ref.id} is not {state} after {timeout:g} s")
                    raise self._located(late) from error
                if event is None or event.type is EventType.DELETED:
                    raise self._not_found(ref.id)
                record = event.resource or record
                if record is None:  # SYNCED, and the object was not there.
                    raise self._not_found(ref.id)
                if wanted.matches(record):
                    return record

    def watch_refs(self, refs: Sequence[Ref], *, patience: float | None = None) -> Watch[R]:
        """A watch of these objects alone, for a wait of ``patience`` seconds."""
        self._adapter()
        query = self._query(refs=self._own(refs))
        return Watch(self._connection, [query], patience=patience)

    def do(self, ref: Ref | None, action: Action, *, dry_run: bool = False, label: str = "") -> Task[Any]:
        """Submit an action on one object, or on the kind itself (create). `Resource.do`."""
        with self._connection.reported():
            self._check_action(ref, action)
        operation = f"{action} {label or (ref.id if ref else self.kind.kind)}"
        if dry_run:
            return Task(self.provider, operation, ref, action=action, planned=True)
        answer = self._connection.act(lambda session: session.adapters[self.kind].submit(ref, action))
        match answer:
            case Started():
                return Task(self.provider, operation, ref, ref=answer.task, action=action)
            case Done():
                return Task(self.provider, operation, ref, action=action, outcome=answer.result)

    def _check_action(self, ref: Ref | None, action: Action) -> None:
        """Raise `Unsupported` or `InvalidQuery` for what must not be sent."""
        actions = self.actions
        if type(action) not in actions:
            known = " ".join(sorted(action.name for action in actions)) or "none"
            raise Unsupported(f"{self.kind.kind} has no action {action.name!r} here", hint=f"actions: {known}")
        if isinstance(action, Create) != (ref is None):
            raise InvalidQuery(f"{action.name!r} is asked of {'a collection' if ref else 'a resource'}")
        if ref is not None:
            self._own([ref])
        action.check()
        for named in action.refs():
            self._check_provider(named)

    def _adapter(self) -> Adapter[R]:
        return self._connection.adapter(self.kind)

    def _query(
        self,
        *,
        fields: Iterable[str] | None = None,
        native: bool | Iterable[str] = (),
        page_size: int | None = None,
        refs: Iterable[Ref] | None = None,
        filters: Mapping[str, object] | None = None,
    ) -> Query[R]:
        with self._connection.reported():
            return make_query(
                self.kind,
                self._adapter().fields,
                fields=fields,
                native=native,
                page_size=page_size,
                refs=refs,
                filters=filters,
            )

    def _by_uuid(self, uuid: str, fields: Iterable[str] | None, native: bool | Iterable[str]) -> list[R]:
        wanted = canonical_uuid(uuid)
        return [
            record for record in self._lookup("uuid", wanted, fields, native) if canonical_uuid(record.uuid) == wanted
        ]

    def _lookup(
        self, field: str, value: str, fields: Iterable[str] | None, native: bool | Iterable[str]
    ) -> Sequence[R]:
        asked = None if fields is None else [*fields, field]
        query = self._query(fields=asked, native=native)
        return self._connection.read(lambda session: session.adapters[self.kind].lookup(field, value, query))

    def _own(self, refs: Iterable[Ref]) -> list[Ref]:
        """Each ref once, all of this kind and provider. Only after a login, which tells the provider's uuid."""
        own = list(dict.fromkeys(refs))
        with self._connection.reported():
            for ref in own:
                if ref.kind != self.kind.kind:
                    raise InvalidQuery(f"{ref} is no {self.kind.kind}")
                self._check_provider(ref)
        return own

    def _check_provider(self, ref: Ref) -> None:
        """Another provider's object may have the same identifier."""
        if ref.provider_uuid != self._connection.context.provider_uuid:
            raise InvalidQuery(f"{ref} is of another provider than {self.provider}")

    def _not_found(self, what: str, hint: str | None = None) -> NotFound:
        return self._located(NotFound(f"no {self.kind.kind} {what}", hint=hint))

    def _located(self, error: E) -> E:
        error.provider = self.provider
        return error

    def __repr__(self) -> str:
        return f"<{self.kind.kind}s of {self.provider.name}>"


def canonical_uuid(uuid: str) -> str:
    """A uuid as servers spell it; what is none stays as it is."""
    return str(UUID(uuid)) if UUID_FORM.fullmatch(uuid) else uuid


def only_one(kind: type[R], wanted: str, candidates: Sequence[R]) -> R:
    """The only candidate. Raises `NotFound` if there is none, `AmbiguousName` if there are more."""
    if not candidates:
        raise NotFound(f"no {kind.kind} {wanted!r}")
    if len(candidates) > 1:
        uuids = " ".join(record.uuid for record in candidates)
        raise AmbiguousName(
            f"{len(candidates)} {kind.kind}s are named {wanted!r}",
            candidates=candidates,
            hint=f"say which by uuid: {uuids}",
        )
    return candidates[0]
