"""Store: a lab's objects, and the log of what happened to them.

It has two forms: in memory (`memory_store`), and in a file that processes share (`file_store`). A store does not lock:
its lab does.
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
"""An event in the log: what happened, the class of the object, and its id."""

LOG_LENGTH = 100_000
SCAN_SIZE = 1000
SEARCH_SIZE = 20_000


class Changes(msgspec.Struct, frozen=True):
    """The changes of some classes' objects in a stretch of the log, each object once.

    | created: those that came to be and still are
    | changed: those that were there before and still are
    | removed: class and id of those that were there before and are no more
    """

    created: Sequence[Object] = ()
    changed: Sequence[Object] = ()
    removed: Sequence[tuple[type[Object], str]] = ()

    def __bool__(self) -> bool:
        return bool(self.created or self.changed or self.removed)


class Store(ABC):
    """Objects by class and id. Each change has a number.

    | settings: what the lab was made of; uuid: its identity
    | generation: tells this log from that of another lab with its uuid
    | agenda: what its engine has to do; sessions: when each was last used, in seconds, by token
    """

    settings: Settings
    uuid: str
    generation: str
    agenda: Agenda
    sessions: MutableMapping[str, float]

    patience: ClassVar[float] = threading.TIMEOUT_MAX
    """Seconds after which who waits for a change has to look whether another process has made one."""

    @property
    def version(self) -> int:
        """Another number whenever another process has changed something."""
        return 0

    @abstractmethod
    def writing(self) -> AbstractContextManager[None]:
        """A block that changes things. In a file it takes place all at once, or not at all if it raises."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[None]:
        """A block that sees the lab as it is at one moment."""

    @property
    @abstractmethod
    def revision(self) -> int:
        """The number of the last change."""

    @abstractmethod
    def new_id(self, kind: type[Object]) -> str:
        """An id that no object had before, and greater than those of its class."""

    @abstractmethod
    def put(self, new: Object) -> None:
        """Add an object whose id is new, or put it in the place of the one with its id."""

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
        """The first ``size`` objects behind an id, and whether there are more."""

    @abstractmethod
    def by_uuid(self, kind: type[O], uuid: str) -> list[O]:
        """The object with this uuid, if there is one."""

    @abstractmethod
    def by_name(self, kind: type[O], name: str) -> list[O]:
        """The objects with this name, in the order of their ids."""

    @abstractmethod
    def forget_changes(self) -> None:
        """Empty the log: nothing can go on from a revision up to now."""

    @abstractmethod
    def oldest(self) -> int:
        """The first revision that the log goes on from."""

    @abstractmethod
    def log(self, since: int) -> Iterable[Logged]:
        """The events after a revision, the latest first."""

    @abstractmethod
    def close(self) -> None:
        """Use it no more."""

    def get(self, kind: type[O], id: str | None) -> O:
        """The object with this id. Raises `NotFound`."""
        found = self.find(kind, id)
        if found is None:
            raise NotFound(f"there is no {kind.prefix} {id}")
        return found

    def scan(self, kind: type[O], after: str = "") -> Iterator[O]:
        """The objects of a class behind an id, in the order of their ids: never all of them at once."""
        more = True
        while more:
            found, more = self.page(kind, after, SCAN_SIZE)
            yield from found
            after = found[-1].id if found else ""

    def search(self, kind: type[O], after: str, size: int, fits: Callable[[O], bool]) -> tuple[list[O], str | None]:
        """The first ``size`` objects behind an id that fit, and the id behind which there may be more; None: nowhere.

        It looks at `SEARCH_SIZE` objects, not more: whoever else uses the lab waits meanwhile.
        """
        found: list[O] = []
        last = after
        for one in islice(self.scan(kind, after), SEARCH_SIZE):
            if fits(one):
                if len(found) == size:
                    return found, last
                found.append(one)
            last = one.id
        return found, last if self.page(kind, last, 1)[0] else None

    def all(self, kind: type[O]) -> list[O]:
        """All objects of a class, in the order of their ids."""
        return list(self.scan(kind))

    def changes(self, since: int, kinds: Iterable[type[Object]]) -> Changes:
        """The changes of some classes' objects since a revision. Raises `CursorLost` if the log begins later."""
        revision = self.revision
        if since == revision:
            return Changes()
        if not self.oldest() <= since < revision:
            raise CursorLost(f"the lab's log does not hold what followed change {since}")
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
