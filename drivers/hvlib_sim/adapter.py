"""TableAdapter: the base adapter of all kinds of a lab."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from operator import attrgetter
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from hvlib.driver import Adapter, Done, Listing, Page, PageToken, Started, TokenListing, action
from hvlib.driver.table import Table, attribute
from hvlib.model.actions import Action, Rename, SetTags
from hvlib.model.errors import CursorLost, InvalidQuery, NotFound
from hvlib.model.query import Filter, Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource, TaskRecord
from hvlib_sim.client import Client
from hvlib_sim.lab import hardware
from hvlib_sim.lab.engine import Engine, Operation
from hvlib_sim.lab.objects import KINDS, Object

__all__ = ["LabelledAdapter", "TableAdapter", "required"]

R = TypeVar("R", bound=Resource)

Maker = Callable[[Iterable[Object]], list[R]]
Test = Callable[[Object], bool]

PAGE_SIZE = 500

NATIVE = "sim."
"""The prefix of native property names. The rest of the name is an attribute of the lab's objects."""


class TableAdapter(Adapter[R], Generic[R]):
    """Reads one kind of a lab's objects by its table."""

    source: ClassVar[type[Object]]
    """The class of the lab's objects that the kind's records are made of."""
    table: ClassVar[Table[Any]]

    def __init__(self, client: Client) -> None:
        self.client = client
        self.fields = frozenset(self.table.fields)

    def open(self, query: Query[R], after: PageToken | None) -> Listing[R]:
        """Page: the objects after the token's id, in the order of ids. Tokens outlive the session."""
        return TokenListing(partial(self._page, query, self.maker(query), self._test(query)), after)

    def _page(self, query: Query[R], make: Maker[R], test: Test | None, after: PageToken | None) -> Page[R]:
        source, lab = self.source, self.client.lab
        start = "" if after is None else self._last_id(after)
        with self.client.call("Page"), lab.reading() as store:
            size, total, last_id = query.page_size or PAGE_SIZE, None, None
            if test is None:
                objects, more = store.page(source, start, size)
                total, last_id = store.count(source), objects[-1].id if more else None
            else:
                objects, last_id = store.search(source, start, size, test)
        next_token = None if last_id is None else PageToken(f"{lab.uuid}:{last_id}")
        return Page(make(objects), next_token, total)

    def lookup(self, field: str, value: str, query: Query[R]) -> Sequence[R]:
        """Lookup in the lab's index of uuids or names."""
        make = self.maker(query)
        if field not in ("uuid", "name_label"):
            raise InvalidQuery(f"a lab has no lookup by {field!r}", hint="look up by uuid or name_label")
        with self.client.call("Lookup"), self.client.lab.reading() as store:
            find = store.by_uuid if field == "uuid" else store.by_name
            objects = find(self.source, value)
        return make(objects)

    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """Get: the objects that exist, in the order of ``refs``. One round trip for any number of refs."""
        make = self.maker(query)
        with self.client.call("Get"), self.client.lab.reading() as store:
            objects = [store.find(self.source, ref.id) for ref in refs if self._is_mine(ref)]
        return make(each for each in objects if each is not None)

    def run(self, operation: Operation, ref: Ref | None, action: Action) -> Started:
        """Submit an operation as a task. `NotFound` if its object, or one that the action names, does not exist."""
        with self.client.call("Submit"), self.client.lab.at_work() as engine:
            task = engine.begin(operation, self._target(engine, ref, action), action)
        return Started(self.client.context.ref(TaskRecord, task))

    def perform(self, operation: Operation, ref: Ref | None, action: Action) -> Done:
        """Submit an operation that ends at once. Raises the operation's refusals, and `NotFound` as `run` does."""
        with self.client.call("Submit"), self.client.lab.at_work() as engine:
            engine.perform(operation, self._target(engine, ref, action), action)
        return Done(ref)

    def _target(self, engine: Engine, ref: Ref | None, action: Action) -> Object | None:
        for other in action.refs():
            self._find(engine, other)
        return None if ref is None else self._find(engine, ref)

    def _find(self, engine: Engine, ref: Ref) -> Object:
        if ref.provider_uuid != self.client.lab.uuid or ref.kind not in KINDS:
            raise NotFound(f"{ref} belongs to another provider")
        return engine.store.get(KINDS[ref.kind], ref.id)

    def _is_mine(self, ref: Ref) -> bool:
        return ref.kind == self.kind.kind and ref.provider_uuid == self.client.lab.uuid

    def _last_id(self, token: PageToken) -> str:
        pattern = re.escape(f"{self.client.lab.uuid}:") + rf"({self.source.prefix}-\d{{8,}})"
        match = re.fullmatch(pattern, token, re.ASCII)
        if match is None:
            raise CursorLost(f"{token!r} is not a page token of this lab for a listing of {self.kind.kind}")
        return match[1]

    def maker(self, query: Query[R]) -> Maker[R]:
        """The function that makes records from objects. Raises `InvalidQuery` for an unknown native property."""
        records = self.table.records(query, attribute, self.client.context, native=native_properties)
        return lambda objects: records.all((each.id, each) for each in objects)

    def _test(self, query: Query[R]) -> Test | None:
        """The function that tells whether an object matches the filters; None if there are no filters."""
        tests = [
            (attrgetter(each.stored), Filter(each.stored, each.values).matches) for each in self.table.filters(query)
        ]
        if not tests:
            return None
        return lambda candidate: all(matches(get(candidate)) for get, matches in tests)


class LabelledAdapter(TableAdapter[R]):
    """A kind whose objects can be renamed and tagged."""

    @action(Rename)
    def rename(self, ref: Ref | None, action: Rename) -> Done:
        """Rename at once, without a task. `InvalidQuery` for an empty name."""
        required(bool(action.name_label), "a name can't be empty")
        return self.perform(hardware.rename, ref, action)

    @action(SetTags)
    def set_tags(self, ref: Ref | None, action: SetTags) -> Done:
        """Set the tags at once, without a task."""
        return self.perform(hardware.set_tags, ref, action)


def required(holds: bool, message: str) -> None:
    """Raise `InvalidQuery` with the message unless the condition holds."""
    if not holds:
        raise InvalidQuery(message)


def native_properties(source: Object) -> dict[str, Any]:
    """An object's attributes as plain values."""
    return {f"{NATIVE}{name}": msgspec.to_builtins(value) for name, value in msgspec.structs.asdict(source).items()}
