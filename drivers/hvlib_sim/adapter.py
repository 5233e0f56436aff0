"""TableAdapter: what all kinds of a lab have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any, Generic, TypeVar

from hvlib.driver import Adapter, Done, Listing, Page, PageToken, Started, TokenListing, action
from hvlib.model.actions import Action, Rename, SetTags
from hvlib.model.errors import CursorLost, InvalidQuery, NotFound
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource, TaskRecord
from hvlib_sim.client import Client
from hvlib_sim.lab import hardware
from hvlib_sim.lab.engine import Engine, Operation
from hvlib_sim.lab.objects import KINDS, Object
from hvlib_sim.table import Table

__all__ = ["LabelledAdapter", "TableAdapter", "required"]

R = TypeVar("R", bound=Resource)

PAGE_SIZE = 500


class TableAdapter(Adapter[R], Generic[R]):
    """A kind that is shown by a table."""

    table: Table[R]

    def __init__(self, client: Client) -> None:
        self.client = client
        self.fields = self.table.fields

    def open(self, query: Query[R], after: PageToken | None) -> Listing[R]:
        """Page: the objects behind the token's id, in the order of ids. Tokens outlive the session."""
        return TokenListing(partial(self._page, query), after)

    def _page(self, query: Query[R], after: PageToken | None) -> Page[R]:
        self.table.check_native(query)
        table, lab = self.table, self.client.lab
        start = "" if after is None else self._last_id(after)
        test = table.test(query)
        with self.client.call("Page"), lab.reading() as store:
            size, total, rest = query.page_size or PAGE_SIZE, None, None
            if test is None:
                found, more = store.page(table.source, start, size)
                total, rest = store.count(table.source), found[-1].id if more else None
            else:
                found, rest = store.search(table.source, start, size, test)
        following = None if rest is None else PageToken(f"{lab.uuid}:{rest}")
        return Page(self._records(query, found), following, total)

    def lookup(self, field: str, value: str, query: Query[R]) -> Sequence[R]:
        """Lookup in the lab's index of uuids or names."""
        self.table.check_native(query)
        if field not in ("uuid", "name_label"):
            raise InvalidQuery(f"no lookup by {field!r}", hint="uuid or name_label")
        with self.client.call("Lookup"), self.client.lab.reading() as store:
            find = store.by_uuid if field == "uuid" else store.by_name
            found = find(self.table.source, value)
        return self._records(query, found)

    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """Get: any number of objects at once, in the order of ``refs``."""
        self.table.check_native(query)
        with self.client.call("Get"), self.client.lab.reading() as store:
            objects = [store.find(self.table.source, ref.id) for ref in refs if self._is_mine(ref)]
        return self._records(query, [one for one in objects if one is not None])

    def run(self, operation: Operation, ref: Ref | None, action: Action) -> Started:
        """Submit an operation as a task. `NotFound` if its object, or one that the action names, is not there."""
        with self.client.call("Submit"), self.client.lab.at_work() as engine:
            task = engine.begin(operation, self._target(engine, ref, action), action)
        return Started(self.client.context.ref(TaskRecord, task))

    def perform(self, operation: Operation, ref: Ref | None, action: Action) -> Done:
        """Submit an operation that is over at once. Raises what it refuses, and `NotFound` as `run`."""
        with self.client.call("Submit"), self.client.lab.at_work() as engine:
            engine.perform(operation, self._target(engine, ref, action), action)
        return Done(ref)

    def _target(self, engine: Engine, ref: Ref | None, action: Action) -> Object | None:
        for other in action.refs():
            self._find(engine, other)
        return None if ref is None else self._find(engine, ref)

    def _find(self, engine: Engine, ref: Ref) -> Object:
        if ref.provider_uuid != self.client.lab.uuid or ref.kind not in KINDS:
            raise NotFound(f"{ref} is of another provider")
        return engine.store.get(KINDS[ref.kind], ref.id)

    def _is_mine(self, ref: Ref) -> bool:
        return ref.kind == self.kind.kind and ref.provider_uuid == self.client.lab.uuid

    def _last_id(self, token: PageToken) -> str:
        own = re.escape(f"{self.client.lab.uuid}:") + rf"({self.table.source.prefix}-\d{{8,}})"
        found = re.fullmatch(own, token, re.ASCII)
        if found is None:
            raise CursorLost(f"this lab did not give out {token!r} for a listing of {self.kind.kind}")
        return found[1]

    def _records(self, query: Query[R], objects: Sequence[Any]) -> list[R]:
        return self.table.records(query, objects, self.client.context)


class LabelledAdapter(TableAdapter[R]):
    """A kind whose objects can be given names and tags."""

    @action(Rename)
    def rename(self, ref: Ref | None, action: Rename) -> Done:
        """At once. `InvalidQuery` for an empty name."""
        required(bool(action.name_label), "a name can't be empty")
        return self.perform(hardware.rename, ref, action)

    @action(SetTags)
    def set_tags(self, ref: Ref | None, action: SetTags) -> Done:
        """At once."""
        return self.perform(hardware.set_tags, ref, action)


def required(holds: bool, message: str) -> None:
    """Raise `InvalidQuery` with the message unless the condition holds."""
    if not holds:
        raise InvalidQuery(message)
