"""Cursors: a position in the change log of a lab."""

from __future__ import annotations

import msgspec

from hvlib.driver import WatchCursor
from hvlib.driver.cursor import decode_cursor, encode_cursor
from hvlib.model.errors import CursorLost
from hvlib_sim.lab.store import Store

__all__ = ["Cursor"]


class Cursor(msgspec.Struct, frozen=True):
    """The position from which a watch continues. Its text can be kept, and used in any session.

    | lab, log: the lab's uuid, and the name of its log; a cursor of a log that was lost can't be continued
    | revision: the number of the last change that was delivered
    """

    lab: str
    log: str
    revision: int

    @classmethod
    def at(cls, store: Store, revision: int) -> Cursor:
        """The position in a lab's log after a change."""
        return cls(store.uuid, str(store.generation), revision)

    def encode(self) -> WatchCursor:
        """The text that `decode` reads."""
        return encode_cursor(self)

    @classmethod
    def decode(cls, text: str, store: Store) -> Cursor:
        """The cursor of a text. Raises `CursorLost` if it is no cursor, or a cursor of another lab or log."""
        cursor = decode_cursor(text, cls)
        if cursor != cls.at(store, cursor.revision) or cursor.revision < 0:
            raise CursorLost("the cursor belongs to another lab", hint="use known= with your last records")
        return cursor
