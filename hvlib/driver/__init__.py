"""The contract with drivers: all that a driver imports besides resources, actions, query and errors.

A driver is a class registered under the entry point group ``hvlib.drivers``; its entry point's name is the URL scheme.
Importing it must not import a vendor's SDK. `Driver.open` makes a `Session`, which has an `Adapter` for each kind.

Who does what: core logs in when needed and once for all threads, retries, waits and sleeps, merges and compares
changes, checks filters again, follows tasks. A driver owns the transport and its time-outs, turns native records into
hvlib's, makes tokens and cursors, and says what an error means. It never retries, sleeps or caches.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, NewType, Protocol, TypeVar, cast

import msgspec

from hvlib.actions import Action
from hvlib.endpoint import Endpoint, Secret
from hvlib.errors import ConnectionFailed, CursorLost, HvlibError, InvalidQuery, Unsupported
from hvlib.query import Query
from hvlib.ref import Ref
from hvlib.resources import Resource

__all__ = [
    "REFS_PER_CALL",
    "About",
    "Adapter",
    "Batch",
    "Change",
    "Context",
    "Done",
    "Driver",
    "Endpoint",
    "Feed",
    "Gone",
    "NotSent",
    "Page",
    "PageToken",
    "Ref",
    "Secret",
    "Session",
    "SessionLost",
    "Started",
    "Unavailable",
    "Upsert",
    "WatchCursor",
    "action",
]

REFS_PER_CALL = 500
"""The objects that an adapter is asked for at a time."""

R = TypeVar("R", bound=Resource)
A = TypeVar("A", bound=Action)

PageToken = NewType("PageToken", str)
"""Where a listing goes on: text that can be kept where the server's tokens outlive a session."""

WatchCursor = NewType("WatchCursor", str)
"""Where a watch goes on: text that can be kept where the server's cursors outlive a session."""


class About(msgspec.Struct, frozen=True):
    """What the server says of itself.

    | product, version, api_version: as the server spells them
    | uuid: the server's own identity, the same in every session
    """

    product: str
    version: str
    api_version: str
    uuid: str


class SessionLost(HvlibError):
    """The server did not act, because it does not know the session (any more). Core logs in and calls again."""


class NotSent(ConnectionFailed):
    """The request did not reach the server, so it can't have acted on it. Even an action may be sent again."""


class Unavailable(ConnectionFailed):
    """The server says that it can't answer now (503). ``retry_after``: the seconds that it asks for, if it said."""

    def __init__(self, message: str, *, retry_after: float | None = None, native: object = None) -> None:
        super().__init__(message, native=native)
        self.retry_after = retry_after


class Page(msgspec.Struct, Generic[R], frozen=True):
    """One server page. ``next`` is None on the last; ``total`` the number of all objects where the server says it."""

    items: Sequence[R]
    next: PageToken | None = None
    total: int | None = None


class Upsert(msgspec.Struct, frozen=True):
    """An object exists, with these values.

    ``record`` may hold only the fields that changed, of an object that this feed sent in full before: core merges.
    ``created`` says that the object came to be after the cursor that the feed was opened with.
    """

    record: Resource
    created: bool = False


class Gone(msgspec.Struct, frozen=True):
    """An object is gone, or is not of this kind any more."""

    ref: Ref


Change = Upsert | Gone


class Batch(msgspec.Struct, frozen=True):
    """What a feed brings at a time.

    | changes: in the order that they are to be applied
    | cursor: where to go on once these are delivered; None: not to be continued from here. An empty batch has one
      too, so that an idle watch does not fall behind what the server remembers
    | synced: the snapshot is complete with this batch; of a feed opened with ``since``: it has caught up
    | more: the next batch is there already
    | pending: the server has not answered yet
    | poll_after: seconds until asking again makes sense (a polling feed); core waits, interruptibly
    """

    changes: Sequence[Change] = ()
    cursor: WatchCursor | None = None
    synced: bool = False
    more: bool = False
    pending: bool = False
    poll_after: float = 0.0


class Feed(ABC):
    """A live subscription. One thread calls `next`; `interrupt` and `close` may come from another."""

    @abstractmethod
    def next(self, timeout: float) -> Batch:
        """The next batch; an empty one after ``timeout`` seconds without changes, or once interrupted.

        Raises `CursorLost` where it can't go on (core opens a new feed and emits the difference), `SessionLost`,
        `ConnectionFailed`, and `Closed` after `close`. After any error core closes the feed and opens another from the
        last cursor, or with a snapshot: what the server told and nobody could read is not lost.
        """

    @abstractmethod
    def interrupt(self) -> None:
        """End the `next` that waits, within a second; if none does, the one that comes next. Never raises."""

    @abstractmethod
    def close(self) -> None:
        """Free what the feed holds on the server. Never raises."""


class Started(msgspec.Struct, frozen=True):
    """The server runs the action as a task: core follows it as the kind Task."""

    task: Ref


class Done(msgspec.Struct, frozen=True):
    """The action is over. ``result``: the object to read for the caller; None if there is none."""

    result: Ref | None = None


class Context(Protocol):
    """What core lends a session."""

    def sent(self, call: str) -> None:
        """Count one round trip. To be called for every request, by the name of the server's call."""

    def timeout(self) -> float:
        """The seconds that the next request may take at most."""

    def ref(self, kind: type[Resource], id: str) -> Ref:
        """A ref of this provider. Only after `Session.login`."""


class Adapter(ABC, Generic[R]):
    """One kind of a session. Its calls block; they never retry, sleep or cache."""

    kind: ClassVar[type[Resource]]
    fields: frozenset[str]
    """The fields that this server's records are filled with, ``ref`` and ``native`` aside."""

    reusable_tokens: bool = False
    """Whether a page token stays good when its page was fetched. Core then runs ahead also of who is given tokens."""

    _performers: ClassVar[Mapping[type[Action], str]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        marked = {getattr(value, "performs", None): name for name, value in vars(cls).items()}
        marked.pop(None, None)
        cls._performers = {**cls._performers, **cast("dict[type[Action], str]", marked)}

    @property
    def actions(self) -> frozenset[type[Action]]:
        """The actions that `submit` takes: those that have a method marked with `action`."""
        return frozenset(self._performers)

    @abstractmethod
    def page(self, query: Query[R], after: PageToken | None) -> Page[R]:
        """One page of the kind. Raises `CursorLost` for a token that can't be continued.

        Objects that live through a listing appear in it once.
        """

    @abstractmethod
    def lookup(self, field: str, value: str, query: Query[R]) -> Sequence[R]:
        """The objects whose ``field`` (``uuid`` or ``name_label``) is exactly ``value``; [] if none."""

    @abstractmethod
    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """Those of ``refs`` that exist, in one round trip. There is at least one, and at most `REFS_PER_CALL`."""

    def submit(self, ref: Ref | None, action: Action) -> Started | Done:
        """Ask for an action on one object. ``ref`` is None for a `hvlib.actions.Create`, and for no other: core sees
        to it.
        """
        name = self._performers.get(type(action))
        if name is None:
            raise Unsupported(f"{self.kind.kind} has no action {action.name!r} here")
        perform: Callable[[Ref | None, Action], Started | Done] = getattr(self, name)
        return perform(ref, action)

    def release(self, token: PageToken) -> None:
        """Free what the server holds for a listing that won't go on."""


def action(requested: type[A]) -> Callable[[Callable[..., Started | Done]], Callable[..., Started | Done]]:
    """Mark an adapter's method as what carries out one action: ``method(self, ref, action)``."""

    def mark(method: Callable[..., Started | Done]) -> Callable[..., Started | Done]:
        method.performs = requested  # type: ignore[attr-defined]
        return method

    return mark


class Session(ABC):
    """One login to one server. Shared by threads, after `login`."""

    poll_interval: float = 10.0
    """Seconds between two listings of the default `feed`. A session may set its own, as an option of the address."""

    @property
    @abstractmethod
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        """The kinds that this server has. Asked for only after `login`."""

    @property
    @abstractmethod
    def native(self) -> Any:
        """The SDK's own connection, for ``provider.native``."""

    @abstractmethod
    def login(self) -> None:
        """Log in. Core calls it at first use, and again once for all threads after `SessionLost`."""

    @abstractmethod
    def about(self) -> About:
        """What the server says of itself. Asked for only after `login`."""

    @abstractmethod
    def close(self) -> None:
        """Log out and end the calls under way, from any thread. Bounded; never raises. Also after a failed `login`."""

    def feed(self, queries: Sequence[Query[Any]], since: WatchCursor | None) -> Feed:
        """A subscription to the kinds of ``queries``; their filters are core's to check.

        With ``since`` None it begins with all objects (as Upsert), the last of those batches with ``synced``. Raises
        `CursorLost` for a cursor that it can't continue. The default lists the kinds again and again and compares.
        """
        from hvlib.sweep import SweepFeed

        if since is not None:
            raise CursorLost("this server keeps no changes to go on from", hint="use known= with your last records")
        return SweepFeed(self.adapters, queries, self.poll_interval)


class Driver(ABC):
    """What an entry point of ``hvlib.drivers`` names."""

    description: ClassVar[str] = ""
    """One line for people."""

    options: ClassVar[frozenset[str]] = frozenset()
    """The names that ``Endpoint.options`` may have."""

    def check(self, endpoint: Endpoint) -> None:
        """Raise `InvalidQuery` for options that the driver does not have."""
        unknown = sorted(set(endpoint.options) - self.options)
        if unknown:
            known = " ".join(sorted(self.options)) or "none"
            raise InvalidQuery(f"{endpoint.scheme}:// has no option {unknown[0]!r}", hint=f"options: {known}")

    @abstractmethod
    def open(self, endpoint: Endpoint, context: Context) -> Session:
        """A session that is not logged in yet: no input or output here."""
