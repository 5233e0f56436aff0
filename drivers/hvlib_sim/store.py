"""Store: a lab's objects with their indexes, and the log of what happened to them.

All that a lab keeps is kept here, in memory. A store does not lock: its lab does.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, Literal, TypeVar

import msgspec

from hvlib.errors import CursorLost, NotFound
from hvlib_sim.objects import Object

__all__ = ["Changes", "Store"]

O = TypeVar("O", bound=Object)  # noqa: E741 -- an Object

Event = Literal["created", "changed", "removed"]

LOG_LENGTH = 100_000


class Changes(msgspec.Struct, frozen=True):
    """What became of some kinds' objects in a stretch of the log, each object once.

    | created: those that came to be and still are
    | changed: those that were there before and still are
    | removed: class and id of those that were there before and are no more
    """

    created: Sequence[Object]
    changed: Sequence[Object]
    removed: Sequence[tuple[type[Object], str]]

    def __bool__(self) -> bool:
        return bool(self.created or self.changed or self.removed)


class Shelf:
    """The objects of one class: by id in the order of ids (which are given out in that order), by uuid and by name."""

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}
        self.order: list[str] = []
        self.uuids: dict[str, str] = {}
        self.names: dict[str, set[str]] = {}

    def put(self, new: Object) -> Event:
        old = self.objects.get(new.id)
        self.objects[new.id] = new
        if old is None:
            self.order.append(new.id)
            self.uuids[new.uuid] = new.id
        elif old.name == new.name:
            return "changed"
        else:
            self._unname(old)
        self.names.setdefault(new.name, set()).add(new.id)
        return "created" if old is None else "changed"

    def remove(self, old: Object) -> None:
        del self.objects[old.id]
        del self.uuids[old.uuid]
        del self.order[bisect_left(self.order, old.id)]
        self._unname(old)

    def _unname(self, old: Object) -> None:
        ids = self.names[old.name]
        ids.remove(old.id)
        if not ids:
            del self.names[old.name]


class Store:
    """Objects by class and id. Each change has a number; ``revision`` is that of the last.

    The log holds the last ``log_length`` changes.
    """

    def __init__(self, log_length: int = LOG_LENGTH) -> None:
        self.revision = 0
        self._log: deque[tuple[Event, type[Object], str]] = deque(maxlen=log_length)
        kinds: list[type[Object]] = [Object, *Object.__subclasses__()]
        self._shelves = {kind: Shelf() for kind in kinds}
        self._numbers: dict[type[Object], int] = dict.fromkeys(self._shelves, 0)

    def new_id(self, kind: type[Object]) -> str:
        """An id that no object had before, and greater than those of its class."""
        self._numbers[kind] += 1
        return f"{kind.prefix}-{self._numbers[kind]:08d}"

    def put(self, new: Object) -> None:
        """Add an object whose id is new, or put it in the place of the one with its id."""
        event = self._shelves[type(new)].put(new)
        self._record(event, type(new), new.id)

    def remove(self, old: Object) -> None:
        """Remove an object."""
        self._shelves[type(old)].remove(old)
        self._record("removed", type(old), old.id)

    def find(self, kind: type[O], id: str | None) -> O | None:
        """The object with this id, if there is one."""
        found: O | None = self._shelves[kind].objects.get(id or "")
        return found

    def get(self, kind: type[O], id: str | None) -> O:
        """The object with this id. Raises `NotFound`."""
        found = self.find(kind, id)
        if found is None:
            raise NotFound(f"there is no {kind.prefix} {id}")
        return found

    def all(self, kind: type[O]) -> list[O]:
        """All objects of a class, in the order of their ids."""
        return list(self._shelves[kind].objects.values())

    def count(self, kind: type[Object]) -> int:
        """How many objects of a class there are."""
        return len(self._shelves[kind].objects)

    def page(self, kind: type[O], after: str, size: int, fits: Callable[[O], bool] | None) -> tuple[list[O], bool]:
        """The first ``size`` objects behind an id that fit, and whether there are more of them."""
        shelf = self._shelves[kind]
        start = bisect_right(shelf.order, after)
        if fits is None:
            found = [shelf.objects[each] for each in shelf.order[start : start + size]]
            return found, start + size < len(shelf.order)
        behind = (shelf.objects[each] for each in islice(shelf.order, start, None))
        found = list(islice(filter(fits, behind), size + 1))
        return found[:size], len(found) > size

    def by_uuid(self, kind: type[O], uuid: str) -> list[O]:
        """The object with this uuid, if there is one."""
        shelf = self._shelves[kind]
        return [shelf.objects[shelf.uuids[uuid]]] if uuid in shelf.uuids else []

    def by_name(self, kind: type[O], name: str) -> list[O]:
        """The objects with this name, in the order of their ids."""
        shelf = self._shelves[kind]
        return [shelf.objects[each] for each in sorted(shelf.names.get(name, ()))]

    def changes(self, since: int, kinds: Iterable[type[Object]]) -> Changes:
        """What became of the objects of some classes since a revision. Raises `CursorLost` if the log begins later."""
        behind = self.revision - since
        if behind < 0 or behind > len(self._log):
            raise CursorLost(f"the lab's log does not hold what followed change {since}")
        wanted = set(kinds)
        first: dict[tuple[type[Object], str], Event] = {}
        for event, kind, changed_id in islice(reversed(self._log), behind):
            if kind in wanted:
                first[kind, changed_id] = event
        created: list[Object] = []
        changed: list[Object] = []
        removed = []
        for (kind, changed_id), event in reversed(first.items()):
            current = self.find(kind, changed_id)
            if current is not None:
                (created if event == "created" else changed).append(current)
            elif event != "created":
                removed.append((kind, changed_id))
        return Changes(created, changed, removed)

    def forget_changes(self) -> None:
        """Empty the log: nothing can go on from a revision up to now."""
        self.revision += 1
        self._log.clear()

    def _record(self, event: Event, kind: type[Object], id: str) -> None:
        self.revision += 1
        self._log.append((event, kind, id))
