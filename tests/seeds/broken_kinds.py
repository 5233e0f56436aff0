"""Drivers that know VMs, and little of what else there is: each docstring says what its driver would do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace
from seeds.delegating import DelegatingAdapter, DelegatingFeed, DelegatingSession

from hvlib.driver import Batch, Change, Feed, Gone, Upsert, WatchCursor
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import VM


class OtherLookups(DelegatingAdapter):
    """Only VMs are found by uuid and name."""

    def lookup(self, field: str, value: str, query: Query[Any]) -> Sequence[Any]:
        return super().lookup(field, value, query) if self.kind is VM else []


class OtherLostDelete(DelegatingFeed):
    """It tells the deletions of VMs alone."""

    def next(self, timeout: float) -> Batch:
        batch = super().next(timeout)
        return replace(batch, changes=[each for each in batch.changes if not isinstance(each, Gone) or _is_vm(each)])


class Selective(DelegatingFeed):
    """Tells an object again only where something of it has changed that it looks at."""

    def __init__(self, session: DelegatingSession, wrapped: Feed, since: WatchCursor | None) -> None:
        super().__init__(session, wrapped, since)
        self.told: dict[Ref, object] = {}

    def looked_at(self, record: Any) -> object:
        """What is looked at."""
        raise NotImplementedError

    def next(self, timeout: float) -> Batch:
        batch = super().next(timeout)
        return replace(batch, changes=[change for change in batch.changes if self._is_told(change)])

    def _is_told(self, change: Change) -> bool:
        if isinstance(change, Gone):
            self.told.pop(change.ref, None)
            return True
        looked_at, known = self.looked_at(change.record), change.record.ref in self.told
        before, self.told[change.record.ref] = self.told.get(change.record.ref), looked_at
        return not known or before != looked_at


class OtherNeverChange(Selective):
    """What is no VM or task is told once."""

    def looked_at(self, record: Any) -> object:
        return record if record.ref.kind in ("VM", "Task") else None


class OnlyNameAndPower(Selective):
    """Of a VM it looks at the name and the power state."""

    def looked_at(self, record: Any) -> object:
        names = {"name_label", "power_state"} & record.loaded
        return {name: getattr(record, name) for name in names} if names and record.ref.kind == "VM" else record


def _is_vm(change: Change) -> bool:
    return (change.record.ref if isinstance(change, Upsert) else change.ref).kind == "VM"
