"""MemoryStore: a lab in the memory of one process."""

from __future__ import annotations

import secrets
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from itertools import islice
from typing import Any, TypeVar
from uuid import NAMESPACE_URL, uuid5

from hvlib_sim.lab.agenda import MemoryAgenda
from hvlib_sim.lab.generate import generate
from hvlib_sim.lab.objects import KINDS, Object
from hvlib_sim.lab.settings import Settings
from hvlib_sim.lab.store import LOG_LENGTH, Event, Logged, Store

__all__ = ["MemoryStore"]

O = TypeVar("O", bound=Object)  # noqa: E741 -- an Object


class Shelf:
    """The objects of one class, by id, by uuid and by name. ``order`` is sorted, because ids ascend."""

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}
        self.order: list[str] = []
        self.uuids: dict[str, str] = {}
        self.names: dict[str, set[str]] = {}
        self.number = 0

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


class MemoryStore(Store):
    """A lab generated from its settings. The same settings make the same objects in every process.

    ``uuid`` is derived from the lab's name and the seed. The log holds the last ``log_length`` changes.
    """

    def __init__(self, settings: Settings | None = None, *, name: str = "", log_length: int = LOG_LENGTH) -> None:
        self.settings = settings or Settings()
        self.uuid = str(uuid5(NAMESPACE_URL, f"sim://{name}?seed={self.settings.seed}"))
        self.generation = secrets.token_hex(4)
        self.agenda = MemoryAgenda()
        self.sessions = {}
        self._revision = 0
        self._log: deque[Logged] = deque(maxlen=log_length)
        self._shelves = {kind: Shelf() for kind in KINDS.values()}
        for new in generate(self.settings):
            shelf = self._shelves[type(new)]
            shelf.put(new)
            shelf.number += 1

    def writing(self) -> AbstractContextManager[None]:
        """`Store.writing`."""
        return nullcontext()

    def reading(self) -> AbstractContextManager[None]:
        """`Store.reading`."""
        return nullcontext()

    @property
    def revision(self) -> int:
        """`Store.revision`."""
        return self._revision

    def new_id(self, kind: type[Object]) -> str:
        """`Store.new_id`."""
        shelf = self._shelves[kind]
        shelf.number += 1
        return kind.numbered(shelf.number)

    def put(self, new: Object) -> None:
        """`Store.put`."""
        event = self._shelves[type(new)].put(new)
        self._record(event, type(new), new.id)

    def remove(self, old: Object) -> None:
        """`Store.remove`."""
        self._shelves[type(old)].remove(old)
        self._record("removed", type(old), old.id)

    def find(self, kind: type[O], id: str | None) -> O | None:
        """`Store.find`."""
        current: O | None = self._shelves[kind].objects.get(id or "")
        return current

    def count(self, kind: type[Object]) -> int:
        """`Store.count`."""
        return len(self._shelves[kind].objects)

    def page(self, kind: type[O], after: str, size: int) -> tuple[list[O], bool]:
        """`Store.page`."""
        shelf = self._shelves[kind]
        start = bisect_right(shelf.order, after)
        objects = [shelf.objects[id] for id in shelf.order[start : start + size]]
        return objects, start + size < len(shelf.order)

    def by_uuid(self, kind: type[O], uuid: str) -> list[O]:
        """`Store.by_uuid`."""
        shelf = self._shelves[kind]
        return [shelf.objects[shelf.uuids[uuid]]] if uuid in shelf.uuids else []

    def by_name(self, kind: type[O], name: str) -> list[O]:
        """`Store.by_name`."""
        shelf = self._shelves[kind]
        return [shelf.objects[id] for id in sorted(shelf.names.get(name, ()))]

    def forget_changes(self) -> None:
        """`Store.forget_changes`."""
        self._revision += 1
        self._log.clear()

    def oldest(self) -> int:
        """`Store.oldest`."""
        return self._revision - len(self._log)

    def log(self, since: int) -> Iterable[Logged]:
        """`Store.log`."""
        return islice(reversed(self._log), self._revision - since)

    def close(self) -> None:
        """`Store.close`."""

    def _record(self, event: Event, kind: type[Object], id: str) -> None:
        self._revision += 1
        self._log.append((event, kind, id))
