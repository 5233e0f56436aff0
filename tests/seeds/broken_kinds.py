"""Drivers that support VMs fully but other kinds only in part. Each docstring says what the driver would do."""

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
    """Find only VMs by uuid and name."""

    def lookup(self, field: str, value: str, query: Query[Any]) -> Sequence[Any]:
        return super().lookup(field, value, query) if self.kind is VM else []


class OtherLostDelete(DelegatingFeed):
    """Deliver the deletions of VMs only."""

    def next(self, timeout: float) -> Batch:
        batch = super().next(timeout)
        changes = [change for change in batch.changes if not isinstance(change, Gone) or _is_vm(change)]
        return replace(batch, changes=changes)


class Selective(DelegatingFeed):
    """Deliver an object again only if its compared values have changed."""

    def __init__(self, session: DelegatingSession, wrapped: Feed, since: WatchCursor | None) -> None:
        super().__init__(session, wrapped, since)
        self.delivered: dict[Ref, object] = {}

    def compared(self, record: Any) -> object:
        """Return the values of a record that are compared."""
        raise NotImplementedError

    def next(self, timeout: float) -> Batch:
        batch = super().next(timeout)
        return replace(batch, changes=[change for change in batch.changes if self._is_delivered(change)])

    def _is_delivered(self, change: Change) -> bool:
        if isinstance(change, Gone):
            self.delivered.pop(change.ref, None)
            return True
        compared, known = self.compared(change.record), change.record.ref in self.delivered
        before, self.delivered[change.record.ref] = self.delivered.get(change.record.ref), compared
        return not known or before != compared


class OtherNeverChange(Selective):
    """Deliver an object once and never its changes, unless it is a VM or a task."""

    def compared(self, record: Any) -> object:
        return record if record.ref.kind in ("VM", "Task") else None


class OnlyNameAndPower(Selective):
    """Deliver a VM again only if its name or power state has changed."""

    def compared(self, record: Any) -> object:
        names = {"name_label", "power_state"} & record.loaded
        return {name: getattr(record, name) for name in names} if names and record.ref.kind == "VM" else record


def _is_vm(change: Change) -> bool:
    return (change.record.ref if isinstance(change, Upsert) else change.ref).kind == "VM"
