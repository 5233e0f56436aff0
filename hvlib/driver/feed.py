"""Feed: a live subscription, and the changes that it brings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import msgspec

from hvlib.model.event import WatchCursor
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource

__all__ = ["Batch", "Change", "Feed", "Gone", "Upsert"]


class Upsert(msgspec.Struct, frozen=True):
    """An object exists, with these values: all fields of the query.

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
        last cursor, or with a snapshot, so that a change which could not be read is not lost.
        """

    @abstractmethod
    def interrupt(self) -> None:
        """End the `next` that waits, within a second; if none does, the one that comes next. Never raises.

        Core only closes the feed after that.
        """

    @abstractmethod
    def close(self) -> None:
        """Free what the feed holds on the server. Never raises."""
