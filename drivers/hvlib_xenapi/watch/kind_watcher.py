"""One kind's part of a feed: its objects among the feed's rows, and the changes of these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import Any

from hvlib.driver import Change, Gone, Upsert
from hvlib.model.query import Query
from hvlib_xenapi.joins import Join
from hvlib_xenapi.table import Records, Table
from hvlib_xenapi.wire.client import Client
from hvlib_xenapi.wire.rows import Inventory

__all__ = ["KindWatcher"]


class KindWatcher:
    """One query's part of a feed."""

    def __init__(self, client: Client, table: Table[Any], query: Query[Any], inventory: Inventory) -> None:
        self.cls = table.cls
        self.joins = table.joins(query.fields)
        self._records = Records(table, query, client, inventory)
        self._rows = inventory.rows[table.cls]
        self._chosen = None if query.refs is None else {ref.id for ref in query.refs}

    @property
    def chosen(self) -> bool:
        """True if only some objects are followed."""
        return self._chosen is not None

    def subscriptions(self) -> list[str]:
        """Return the subscriptions that event.from is sent."""
        own = [self.cls] if self._chosen is None else [f"{self.cls}/{ref}" for ref in self._chosen]
        return [*own, *(join.cls for join in self.joins)]

    def joins_of(self, cls: str) -> list[Join]:
        """Return the joins by which rows of a class belong to this kind's objects."""
        return [join for join in self.joins if join.cls == cls]

    def everything(self) -> Iterator[Change]:
        """Yield all objects; of chosen objects, also those that are not there."""
        if self._chosen is None:
            yield from self.changes(self._rows, frozenset(), absent=False)
        else:
            yield from self.changes(self._chosen, frozenset())

    def changes(self, refs: Iterable[str], created: Set[str], *, absent: bool = True) -> Iterator[Change]:
        """Yield these objects as they are now."""
        for ref in refs:
            if self._chosen is not None and ref not in self._chosen:
                continue
            row = self._rows.get(ref)
            if row is not None and self._records.fits(ref, row):
                yield Upsert(self._records.record(ref, row), created=ref in created)
            elif absent and ref not in created:
                yield Gone(self._records.ref(ref))
