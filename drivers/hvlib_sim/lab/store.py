"""Store: a lab's objects, and the log of their changes.

A store has two forms: in memory (`memory_store`), and in a file that processes share (`file_store`). It has no lock:
its lab does the locking.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from contextlib import AbstractContextManager
from itertools import islice
from typing import ClassVar, Literal, TypeVar

import msgspec

from hvlib.model.errors import CursorLost, NotFound
from hvlib_sim.lab.agenda import Agenda
from hvlib_sim.lab.objects import Object
from hvlib_sim.lab.settings import Settings

__all__ = ["LOG_LENGTH", "Changes", "Event", "Logged", "Store"]

O = TypeVar("O", bound=Object)  # noqa: E741 -- an Object

Event = Literal["created", "changed", "removed"]

Logged = tuple[Event, type[Object], str]
"""An entry of the log: the event, the class of the object, and its id."""

LOG_LENGTH = 100_000
SCAN_SIZE = 1000
SEARCH_SIZE = 20_000


class Changes(msgspec.Struct, frozen=True):
    """The changes of some classes' objects in a part of the log, each object once.

    | created: the objects that are new and still exist
    | changed: the objects that existed before and still exist
    | removed: class and id of the objects that existed before and no longer exist
    """

    created: Sequence[Object] = ()
    changed: Sequence[Object] = ()
    removed: Sequence[tuple[type[Object], str]] = ()

    def __bool__(self) -> bool:
        return bool(self.created or self.changed or self.removed)


class Store(ABC):
    """Objects by class and id. Each change has a number.

    | settings: the settings that the lab was made with; uuid: the lab's identity
    | generation: distinguishes this log from the log of another lab with the same uuid
    | agenda: the pending work of the engine; sessions: the time of each session's last use, in seconds, by token
    """

    settings: Settings
    uuid: str
    generation: str
    agenda: Agenda
    sessions: MutableMapping[str, float]

    patience: ClassVar[float] = threading.TIMEOUT_MAX
    """Seconds after which a wait for a change has to check whether another process has made one."""

    transactional: ClassVar[bool] = False
    """Whether the changes of a `writing` block that raises are taken back."""

    @property
    def version(self) -> int:
        """A number that changes whenever another process changes the lab."""
        return 0

    @abstractmethod
    def writing(self) -> AbstractContextManager[None]:
        """A block that changes the lab. In a file, its changes take effect together, or not at all if it raises."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[None]:
        """A block that sees the lab as it is at one moment."""

    @property
    @abstractmethod
    def revision(self) -> int:
        """The number of the last change."""

    @abstractmethod
    def new_id(self, kind: type[Object]) -> str:
        """An id that no object had before. It is greater than all ids of its class."""

    @abstractmethod
    def put(self, new: Object) -> None:
        """Add an object, or replace the object that has its id."""

    @abstractmethod
    def remove(self, old: Object) -> None:
        """Remove an object."""

    @abstractmethod
    def find(self, kind: type[O], id: str | None) -> O | None:
        """The object with this id, if there is one."""

    @abstractmethod
    def count(self, kind: type[Object]) -> int:
        """How many objects of a class there are."""

    @abstractmethod
    def page(self, kind: type[O], after: str, size: int) -> tuple[list[O], bool]:
        """The first ``size`` objects after an id, and whether there are more."""

    @abstractmethod
    def by_uuid(self, kind: type[O], uuid: str) -> list[O]:
        """The object with this uuid, if there is one."""

    @abstractmethod
    def by_name(self, kind: type[O], name: str) -> list[O]:
        """The objects with this name, in the order of their ids."""

    @abstractmethod
    def forget_changes(self) -> None:
        """Empty the log: no earlier revision can be continued."""

    @abstractmethod
    def oldest(self) -> int:
        """The earliest revision that the log can be continued from."""

    @abstractmethod
    def log(self, since: int) -> Iterable[Logged]:
        """The events after a revision, the latest first."""

    @abstractmethod
    def close(self) -> None:
        """Close the store."""

    def get(self, kind: type[O], id: str | None) -> O:
        """The object with this id. Raises `NotFound` if there is none."""
        current = self.find(kind, id)
        if current is None:
            raise NotFound(f"there is no {kind.prefix} {id}")
        return current

    def scan(self, kind: type[O], after: str = "") -> Iterator[O]:
        """The objects of a class after an id, in the order of their ids. They are read in parts, never all at once."""
        more = True
        while more:
            objects, more = self.page(kind, after, SCAN_SIZE)
            yield from objects
            after = objects[-1].id if objects else ""

    def search(self, kind: type[O], after: str, size: int, fits: Callable[[O], bool]) -> tuple[list[O], str | None]:
        """The first ``size`` objects after an id that fit, and the id after which there may be more; None at the end.

        Reads `SEARCH_SIZE` objects at most, because the lab's other users wait meanwhile.
        """
        matches: list[O] = []
        last = after
        for candidate in islice(self.scan(kind, after), SEARCH_SIZE):
            if fits(candidate):
                if len(matches) == size:
                    return matches, last
                matches.append(candidate)
            last = candidate.id
        return matches, last if self.page(kind, last, 1)[0] else None

    def all(self, kind: type[O]) -> list[O]:
        """All objects of a class, in the order of their ids."""
        return list(self.scan(kind))

    def changes(self, since: int, kinds: Iterable[type[Object]]) -> Changes:
        """The changes of some classes' objects since a revision. Raises `CursorLost` if the log begins later."""
        revision = self.revision
        if since == revision:
            return Changes()
        if not self.oldest() <= since < revision:
            raise CursorLost(f"the lab's log does not hold the changes that follow change {since}")
        wanted = set(kinds)
        first: dict[tuple[type[Object], str], Event] = {}
        for event, kind, id in self.log(since):
            if kind in wanted:
                first[kind, id] = event
        created: list[Object] = []
        changed: list[Object] = []
        removed: list[tuple[type[Object], str]] = []
        for (kind, id), event in reversed(first.items()):
            current = self.find(kind, id)
            if current is not None:
                (created if event == "created" else changed).append(current)
            elif event != "created":
                removed.append((kind, id))
        return Changes(created, changed, removed)
