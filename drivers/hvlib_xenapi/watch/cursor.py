"""Cursors of watches: the pool and its database, the server's token, and the number of objects at that time."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hvlib.driver import WatchCursor
from hvlib.driver.cursor import decode_cursor, encode_cursor
from hvlib.model.errors import CursorLost

__all__ = ["Counts", "Cursor"]

Counts = Mapping[str, int]
"""The number of objects, by class."""


class Cursor(msgspec.Struct, frozen=True):
    """The position from which a watch is resumed. Its text can be stored: the server's tokens outlive sessions.

    | database: identifies the database of the token. A master that starts, another host or the same one, may start with
      a copy that is minutes old. Later changes may then have a number that an earlier token has passed already
    """

    pool: str
    database: str
    token: str
    counts: Counts

    def encode(self) -> WatchCursor:
        """The text that `decode` reads."""
        return encode_cursor(self)

    @classmethod
    def decode(cls, text: str, pool: str, database: str) -> Cursor:
        """Read a cursor's text. Raises `CursorLost` if it is no cursor, or one of another pool or database."""
        cursor = decode_cursor(text, cls)
        if cursor.pool != pool:
            raise CursorLost("this cursor is from another pool")
        if cursor.database != database:
            raise CursorLost("this cursor is from before the master's start: its database may be older than the cursor")
        return cursor
