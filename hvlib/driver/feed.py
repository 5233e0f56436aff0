"""Feed: a live subscription, and the changes that it returns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import msgspec

from hvlib.model.event import WatchCursor
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource

__all__ = ["Batch", "Change", "Feed", "Gone", "Upsert"]


class Upsert(msgspec.Struct, frozen=True):
    """An object exists, with these values for all fields of the query.

    ``created``: whether the object was created after the cursor that the feed was opened with.
    """

    record: Resource
    created: bool = False


class Gone(msgspec.Struct, frozen=True):
    """An object is gone, or is not of this kind any more."""

    ref: Ref


Change = Upsert | Gone


class Batch(msgspec.Struct, frozen=True):
    """The changes that one `Feed.next` returns.

    | changes: in the order in which to apply them
    | cursor: where another feed can continue once these changes are delivered; None: it can't continue from here. An
      empty batch has a cursor too, so that the cursor of an idle watch stays within the server's memory
    | synced: the snapshot is complete with this batch; in a feed opened with ``since``: all changes since then are read
    | more: the next batch is already available
    | pending: the server has not answered yet
    | poll_after: seconds until core should call `Feed.next` again (a polling feed); core's wait can be interrupted
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
        """The next batch; an empty one after ``timeout`` seconds without changes, or after `interrupt`.

        Raises `CursorLost` where the feed can't continue (core opens a new feed and emits the difference),
        `SessionLost`, `ConnectionFailed`, and `Closed` after `close`. After any error core closes the feed and opens
        another from the last cursor, or with a snapshot, so that a change which could not be read is not lost.
        """

    @abstractmethod
    def interrupt(self) -> None:
        """End the waiting call of `next` within a second; if no call waits, end the following one. Never raises.

        After it, core only calls `close`.
        """

    @abstractmethod
    def close(self) -> None:
        """Free what the feed holds on the server. Never raises."""
