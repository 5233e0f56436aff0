"""One kind's part of a feed: the kind's objects among the feed's rows, and their changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Any

from hvlib.driver import Change, Gone, Upsert
from hvlib.driver.table import Table
from hvlib.model.query import Query
from hvlib_xenapi.joins import Every, Join, records
from hvlib_xenapi.values import is_null
from hvlib_xenapi.wire.client import Client
from hvlib_xenapi.wire.events import Event
from hvlib_xenapi.wire.rows import Inventory, Row

__all__ = ["KindWatcher", "Taken"]

Taken = tuple[Event, Sequence[Row]]
"""An event, and the rows of its object before and after it."""


class KindWatcher:
    """One query's part of a feed."""

    def __init__(self, client: Client, table: Table[Any], query: Query[Any], inventory: Inventory) -> None:
        self._cls = table.native_type
        self.joins: Sequence[Join] = table.joins(query.fields)
        self._records = records(table, query, client, inventory)
        self._inventory = inventory
        self._rows = inventory.rows[self._cls]
        self._chosen = None if query.refs is None else {ref.id for ref in query.refs}
        self._named = [join for join in self.joins if join.few or (self.chosen and not isinstance(join, Every))]
        """The joins whose objects are subscribed to one by one, as rows refer to them."""

    @property
    def chosen(self) -> bool:
        """True if only some objects are followed."""
        return self._chosen is not None

    def subscriptions(self) -> list[str]:
        """Return the subscriptions with which the feed starts."""
        own = [self._cls] if self._chosen is None else [f"{self._cls}/{ref}" for ref in self._chosen]
        return [*own, *(join.name for join in self.joins if join not in self._named)]

    def named(self) -> Iterator[str]:
        """Yield the subscriptions to the joined objects to which rows refer now."""
        refs = self._rows if self._chosen is None else self._chosen & self._rows.keys()
        for join in self._named:
            for ref in refs:
                found = join.named(self._inventory, ref, self._rows[ref])
                yield from (f"{join.name}/{each}" for each in found if not is_null(each))

    def everything(self) -> Iterator[Change]:
        """Yield all objects. Of chosen objects, the missing ones are yielded as `Gone`."""
        if self._chosen is None:
            return self._changes(self._rows, frozenset(), absent=False)
        return self._changes(self._chosen, frozenset())

    def meant(self, taken: Sequence[Taken]) -> Iterator[Change]:
        """Yield the current state of each object that events concern, itself or one of its joined rows."""
        touched: dict[str, None] = {}
        for event, rows in taken:
            if event.cls == self._cls:
                touched[event.ref] = None
            for join in self.joins:
                if join.name == event.cls:
                    owners = join.owners(self._cls, self._inventory, event.ref, rows)
                    touched.update((owner, None) for owner in owners if owner in self._rows)
        created = {event.ref for event, _ in taken if event.cls == self._cls and event.operation == "add"}
        return self._changes(touched, created)

    def _changes(self, refs: Iterable[str], created: Set[str], *, absent: bool = True) -> Iterator[Change]:
        """Yield these objects as they are now."""
        make = self._records.make
        for ref in refs:
            if self._chosen is not None and ref not in self._chosen:
                continue
            row = self._rows.get(ref)
            record = None if row is None else make(ref, row)
            if record is not None:
                yield Upsert(record, created=ref in created)
            elif absent and ref not in created:
                yield Gone(self._records.ref(ref))
