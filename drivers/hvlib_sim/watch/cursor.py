"""Cursors: which lab's change log, and the last change of it that was delivered."""

from __future__ import annotations

import msgspec

from hvlib.driver import WatchCursor
from hvlib.driver.cursor import decode_cursor, encode_cursor
from hvlib.model.errors import CursorLost
from hvlib_sim.lab.store import Store

__all__ = ["Cursor"]


class Cursor(msgspec.Struct, frozen=True):
    """The place where a watch goes on. Its text can be kept, and goes on in any session.

    | lab, log: the lab's uuid, and the name of its log: of one that was lost, no cursor goes on
    | revision: the number of the last change that was delivered
    """

    lab: str
    log: str
    revision: int

    @classmethod
    def at(cls, store: Store, revision: int) -> Cursor:
        """The place in a lab's log behind a change."""
        return cls(store.uuid, str(store.generation), revision)

    def encode(self) -> WatchCursor:
        """The text that `decode` reads."""
        return encode_cursor(self)

    @classmethod
    def decode(cls, text: str, store: Store) -> Cursor:
        """Raises `CursorLost` for text that is no cursor, and for a cursor of another lab or log."""
        cursor = decode_cursor(text, cls)
        if cursor != cls.at(store, cursor.revision) or cursor.revision < 0:
            raise CursorLost("the cursor is of another lab", hint="use known= with your last records")
        return cursor
