"""Filter: the changes of a FilterSpec's objects, until a wait reports them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from servers.vcenter.contents import missing_objects, object_update, reference
from servers.vcenter.inventory import Entity, Inventory
from servers.vcenter.selection import Selection

__all__ = ["Report", "UpdateFilter"]


class Report(NamedTuple):
    """The update of an object that a wait has to report: ``enter``, ``modify`` or ``leave``, and the paths."""

    kind: str
    entity: Entity
    paths: frozenset[str]

    def after(self, earlier: Report | None) -> Report | None:
        """The one report of both; None if the object has come and gone."""
        if earlier is None:
            return self
        if self.kind == "leave":
            return None if earlier.kind == "enter" else self
        if earlier.kind == "leave":
            return Report("modify", self.entity, self.paths) if self.kind == "enter" else earlier
        return Report(earlier.kind, self.entity, earlier.paths | self.paths)


class UpdateFilter:
    """A PropertyFilter. The inventory's lock is held in each call."""

    def __init__(self, inventory: Inventory, ref: Any, spec: Any) -> None:
        self.ref = ref
        self._inventory = inventory
        self._selection = Selection(inventory, spec)
        self._members: dict[str, Entity] = {}
        self.pending: dict[str, Report] = {}
        self._missing: list[Any] = []
        self._known_missing: set[str] = set()
        self._select()

    def check(self) -> None:
        """`Selection.check`."""
        self._selection.check()

    def observe(self, entity: Entity, path: str | None) -> None:
        """`servers.vcenter.inventory.Observer`."""
        came_or_went = path is None and (entity.id in self._members or self._selection.names(entity))
        if came_or_went or (path is not None and self._selection.depends_on(path)):
            self._select()
        elif path is not None and entity.id in self._members:
            paths = frozenset(self._selection.reads(entity, path))
            if paths:
                self._note(Report("modify", entity, paths))

    def begin_again(self) -> None:
        """Report everything anew."""
        self.pending.clear()
        self._members.clear()
        self._select()

    def has_news(self) -> bool:
        """Whether there is anything to report."""
        return bool(self.pending or self._missing)

    def take(self, most: int) -> list[Report]:
        """Take ``most`` reports."""
        return [self.pending.pop(id) for id in list(self.pending)[:most]]

    def put_back(self, reports: Iterable[Report]) -> None:
        """Put back reports whose reply was lost."""
        later, self.pending = self.pending, {}
        for each in (*reports, *later.values()):
            self._note(each)

    def element(self, reports: Iterable[Report]) -> str:
        """A ``filterSet`` element: a FilterUpdate."""
        objects = "".join(
            object_update(self._inventory, kind, entity, self._ordered(entity, paths))
            for kind, entity, paths in reports
        )
        missing, self._missing = "".join(missing_objects(self._missing)), []
        return f"<filterSet>{reference('filter', self.ref)}{objects}{missing}</filterSet>"

    def _select(self) -> None:
        """Select the objects anew, and note which have come and gone."""
        now = self._selection.entities()
        for id, entity in self._members.items():
            if id not in now:
                self._note(Report("leave", entity, frozenset()))
        for id, entity in now.items():
            if id not in self._members:
                self._note(Report("enter", entity, frozenset(self._selection.paths(entity))))
        self._members = now
        missing = {each._moId: each for each in self._selection.missing}
        self._missing += [each for id, each in missing.items() if id not in self._known_missing]
        self._known_missing = set(missing)

    def _note(self, report: Report) -> None:
        joined = report.after(self.pending.pop(report.entity.id, None))
        if joined is not None:
            self.pending[report.entity.id] = joined

    def _ordered(self, entity: Entity, paths: frozenset[str]) -> Iterator[str]:
        return (path for path in self._selection.paths(entity) if path in paths)
