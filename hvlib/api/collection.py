"""Collection: the methods on all objects of one kind, the same for every kind and driver."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

from hvlib.api.naming import canonical_uuid, is_uuid, only_one, only_one_of_uuid
from hvlib.driver import PageToken, WatchCursor, in_calls
from hvlib.model.action import Action, Create
from hvlib.model.arguments import one_of, seconds, text
from hvlib.model.binding import BoundProvider
from hvlib.model.errors import InvalidQuery, NotFound, Unsupported, WaitTimeout
from hvlib.model.event import EventType
from hvlib.model.query import Query, read_request
from hvlib.model.ref import Ref, as_ref, as_refs, must_be_ref
from hvlib.model.resources import Resource
from hvlib.model.task import DEFAULT_TIMEOUT, Task
from hvlib.runtime.operations import Operations
from hvlib.runtime.pager import Pager
from hvlib.runtime.shared_watch import first_match
from hvlib.runtime.translation import locate, locating
from hvlib.runtime.watch.store import check_start
from hvlib.runtime.watch.watch import Known, Watch

__all__ = ["Collection"]

R = TypeVar("R", bound=Resource)


class Collection(Generic[R]):
    """All resources of one kind in a provider.

    Every method logs in if the provider is not logged in yet. Every method may raise `ConnectionFailed`,
    `AuthenticationFailed`, `PermissionDenied`, `Closed`, and `Unsupported` where the driver does not have the kind.
    """

    def __init__(self, provider: BoundProvider, operations: Operations, kind: type[R]) -> None:
        self.provider: Any = provider
        self.kind = kind
        self._operations = operations
        self._manager = operations.manager

    @property
    def fields(self) -> frozenset[str]:
        """The names of the fields that this server fills."""
        return self._manager.adapter(self.kind).fields

    @property
    def actions(self) -> frozenset[type[Action]]:
        """The actions that this server takes."""
        return self._manager.adapter(self.kind).actions

    def get_all(
        self,
        *,
        fields: Iterable[str] | None = None,
        native: bool | Iterable[str] = (),
        page_size: int | None = None,
        after: PageToken | None = None,
        **filters: object,
    ) -> Pager[R]:
        """List the objects that match the filters, page by page: a `Pager`. Round trips: the pages and a constant.

        | fields: the names of the fields to load; None: all; []: refs alone
        | native: the names of native properties to load too; True: all
        | page_size: objects per page
        | after: the ``next`` of an earlier page, to continue from there
        | filters: by field, a value, a list of values, `hvlib.glob` or a ref

        Raises `InvalidQuery` for a field, value or option that does not exist.
        """
        with self._locating():
            _ = after is None or text("after", after)
        query = self.query(fields=fields, native=native, page_size=page_size, filters=filters)
        return Pager(self._manager, query, after)

    def get_all_records(self, **query: Any) -> dict[Ref, R]:
        """The records of `get_all`, as a dictionary by ref."""
        return {record.ref: record for record in self.get_all(**query).all()}

    def get_by_name_label(
        self, name_label: str, *, fields: Iterable[str] | None = None, native: bool | Iterable[str] = ()
    ) -> list[R]:
        """The objects with exactly this name, of which there may be several; [] if there is none.

        Round trips: the pages of a listing of names + 2 at most.
        """
        with self._locating():
            wanted = text("name_label", name_label)
        records = self._lookup("name_label", wanted, fields, native)
        return [record for record in records if record.name_label == wanted]

    def get_by_uuid(
        self, uuid: str | UUID, *, fields: Iterable[str] | None = None, native: bool | Iterable[str] = ()
    ) -> R:
        """The object with this uuid: two round trips at most.

        Raises `NotFound`, or `AmbiguousName` with the ``candidates``: on some servers copies have the original's uuid.
        """
        records = self._by_uuid(uuid, fields, native)
        if not records:
            raise self._not_found(f"uuid {uuid}")
        with self._locating():
            return only_one_of_uuid(self.kind, str(uuid), records)

    def get(self, ref: Ref | R, *, fields: Iterable[str] | None = None, native: bool | Iterable[str] = ()) -> R:
        """The object of a ref: one round trip. Raises `NotFound` if it is gone."""
        with self._locating():
            wanted = must_be_ref(ref)
        records = self.get_many([wanted], fields=fields, native=native)
        if wanted not in records:
            raise self._not_found(wanted.id)
        return records[wanted]

    def get_many(
        self, refs: Iterable[Ref | R], *, fields: Iterable[str] | None = None, native: bool | Iterable[str] = ()
    ) -> dict[Ref, R]:
        """The objects of ``refs`` that exist, by ref: one round trip for up to 500 where the server takes so many."""
        with self._locating():
            wanted = self._of_kind(refs)
        query = self.query(fields=fields, native=native)
        self.check_provider(wanted)
        return self.read(query, wanted)

    def read(self, query: Query[R], refs: Sequence[Ref]) -> dict[Ref, R]:
        """Read the objects of ``refs`` that exist. All refs must be of this collection."""
        return {record.ref: record for part in in_calls(refs) for record in self._manager.get(query, part)}

    def find(self, name_or_uuid: str | UUID) -> R:
        """The object with this uuid or name. Raises `NotFound`, or `AmbiguousName` with the ``candidates``."""
        with self._locating():
            wanted = text("name_or_uuid", name_or_uuid)
        if is_uuid(wanted):
            by_uuid = self._by_uuid(wanted, None, ())
            if by_uuid:
                with self._locating():
                    return only_one_of_uuid(self.kind, wanted, by_uuid)
        candidates = self.get_by_name_label(wanted)
        if not candidates:
            raise self._not_found(repr(wanted), hint="names are exact, and case matters")
        with self._locating():
            return only_one(self.kind, wanted, candidates)

    def watch(
        self,
        *,
        fields: Iterable[str] | None = None,
        native: bool | Iterable[str] = (),
        since: WatchCursor | None = None,
        known: Known | None = None,
        **filters: object,
    ) -> Watch[R]:
        """Watch the objects that match the filters: a `Watch`, the live stream of their changes.

        An object that ceases to match is DELETED. ``since`` continues from the cursor of an earlier watch, or raises
        `CursorLost` where the server can't. ``known`` continues from your own last records, on any server.
        """
        with self._locating():
            records = check_start(since, known)
        query = self.query(fields=fields, native=native, filters=filters)
        with self._locating():
            return Watch(self._manager, [query], since=since, known=records)

    def wait_for(self, ref: Ref | R, *, timeout: float = DEFAULT_TIMEOUT, **fields: object) -> R:
        """`Resource.wait_for`."""
        with self._locating():
            watched, patience = must_be_ref(ref), seconds("timeout", timeout)
        wanted = self.query(filters=fields)
        with self._locating():
            self._of_kind([watched])
        self.check_provider([watched])
        event = first_match(self._operations.shared, self.query(refs=[watched]), wanted.matches, patience)
        if event is None:
            state = " ".join(f"{name}={value}" for name, value in fields.items())
            late = WaitTimeout(f"{self.kind.kind} {watched.id} is not {state} after {patience:g} s")
            raise locate(late, self.provider)
        if event.type is EventType.DELETED:
            raise self._not_found(watched.id)
        return cast(R, event.resource)

    def watch_refs(self, refs: Sequence[Ref]) -> Watch[R]:
        """A watch of these objects alone."""
        self._manager.adapter(self.kind)
        with self._locating():
            watched = self._of_kind(refs)
        self.check_provider(watched)
        return Watch(self._manager, [self.query(refs=watched)])

    def do(self, ref: Ref | R | None, action: Action, *, dry_run: bool = False, label: str = "") -> Task[Any]:
        """Submit an action on one object, or, to create one, on the collection (``ref`` None). See `Resource.do`."""
        with self._locating():
            target = as_ref(ref)
            action = one_of("action", action, Action)
            if isinstance(action, Create) != (target is None):
                raise InvalidQuery(f"{action.name!r} is an action on {'a collection' if target else 'a resource'}")
            action = action.checked()
            self._of_kind([] if target is None else [target])
            self._check_action(target, action)
        operation = f"{action} {label or (target.id if target else self.kind.kind)}"
        with self._locating():
            return Task(self._operations.begin(self.kind, target, action, operation, dry_run=dry_run))

    def _check_action(self, ref: Ref | None, action: Action) -> None:
        """Raise `Unsupported` for an action that this server lacks, `InvalidQuery` for another provider's objects."""
        actions = self.actions
        if type(action) not in actions:
            known = " ".join(sorted(action.name for action in actions)) or "none"
            raise Unsupported(f"{self.kind.kind} has no action {action.name!r} here", hint=f"actions: {known}")
        for named in (*action.refs(), *([] if ref is None else [ref])):
            self._check_provider(named)

    def query(
        self,
        *,
        fields: Iterable[str] | None = None,
        native: bool | Iterable[str] = (),
        page_size: int | None = None,
        refs: Iterable[Ref] | None = None,
        filters: Mapping[str, object] | None = None,
        also: str | None = None,
    ) -> Query[R]:
        """The query for the driver. ``also``: one more field to load. Raises `InvalidQuery`."""
        with self._locating():
            request = read_request(
                self.kind, fields=fields, native=native, page_size=page_size, refs=refs, filters=filters
            )
        declared = self._manager.adapter(self.kind).fields
        with self._locating():
            query = request.query(declared, also)
            for ref in query.filter_refs():
                self._check_provider(ref)
        return query

    def _by_uuid(self, uuid: str | UUID, fields: Iterable[str] | None, native: bool | Iterable[str]) -> list[R]:
        with self._locating():
            wanted = canonical_uuid(text("uuid", uuid))
        return [
            record for record in self._lookup("uuid", wanted, fields, native) if canonical_uuid(record.uuid) == wanted
        ]

    def _lookup(
        self, field: str, value: str, fields: Iterable[str] | None, native: bool | Iterable[str]
    ) -> Sequence[R]:
        query = self.query(fields=fields, native=native, also=field)
        return self._manager.lookup(query, field, value)

    def check_provider(self, refs: Iterable[Ref]) -> None:
        """Raise `InvalidQuery` for another provider's ref. Needs a login first, which gives the provider's uuid."""
        with self._locating():
            for ref in refs:
                self._check_provider(ref)

    def _of_kind(self, refs: Iterable[Ref | R]) -> list[Ref]:
        """The refs, each once. Raises `InvalidQuery` for a ref of another kind."""
        own = list(dict.fromkeys(as_refs(refs)))
        for ref in own:
            if ref.kind != self.kind.kind:
                raise InvalidQuery(f"{ref} is not a {self.kind.kind}")
        return own

    def _check_provider(self, ref: Ref) -> None:
        """Raise `InvalidQuery` for another provider's ref: an object here may have the same identifier."""
        if ref.provider_uuid != self._manager.context.provider_uuid:
            raise InvalidQuery(f"{ref} belongs to another provider, not to {self.provider}")

    def _not_found(self, wanted: str, hint: str | None = None) -> NotFound:
        return locate(NotFound(f"no {self.kind.kind} {wanted}", hint=hint), self.provider)

    def _locating(self) -> AbstractContextManager[None]:
        return locating(self.provider)

    def __repr__(self) -> str:
        return f"<{self.kind.kind}s of {self.provider.name}>"
