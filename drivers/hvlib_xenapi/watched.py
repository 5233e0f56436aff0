"""What one query follows: its objects among the rows of a feed, and what to tell of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set
from typing import TYPE_CHECKING, Any

from hvlib.driver import Change, Gone, Upsert
from hvlib.model.query import Query
from hvlib_xenapi.joins import Join
from hvlib_xenapi.rows import Inventory
from hvlib_xenapi.table import Records

if TYPE_CHECKING:
    from hvlib_xenapi.session import XenAPISession

__all__ = ["Watched"]


class Watched:
    """One query's part of a feed."""

    def __init__(self, session: XenAPISession, query: Query[Any], inventory: Inventory) -> None:
        table = session.adapter(query.kind).table
        self.cls = table.cls
        self.joins = table.joins(query.fields)
        self._records = Records(table, query, session, inventory)
        self._rows = inventory.rows[table.cls]
        self._chosen = None if query.refs is None else {ref.id for ref in query.refs}

    @property
    def chosen(self) -> bool:
        """Whether only some objects are followed."""
        return self._chosen is not None

    def subscriptions(self) -> list[str]:
        """What event.from is asked for."""
        own = [self.cls] if self._chosen is None else [f"{self.cls}/{ref}" for ref in self._chosen]
        return [*own, *(join.cls for join in self.joins)]

    def joins_of(self, cls: str) -> list[Join]:
        """How the rows of a class are joined."""
        return [join for join in self.joins if join.cls == cls]

    def everything(self) -> Iterator[Change]:
        """All objects; of those chosen, also which there are not."""
        if self._chosen is None:
            yield from self.changes(self._rows, frozenset(), absent=False)
        else:
            yield from self.changes(self._chosen, frozenset())

    def changes(self, refs: Iterable[str], created: Set[str], *, absent: bool = True) -> Iterator[Change]:
        """What these objects are now."""
        for ref in refs:
            if self._chosen is not None and ref not in self._chosen:
                continue
            row = self._rows.get(ref)
            if row is not None and self._records.fits(ref, row):
                yield Upsert(self._records.record(ref, row), created=ref in created)
            elif absent and ref not in created:
                yield Gone(self._records.ref(ref))
