"""Cursors of watches: of which pool and database, the server's token, and how many objects there were then."""

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
    """The place where a watch goes on. Its text can be kept: the server's tokens outlive sessions.

    | database: which one the token is of. A master that begins, be it another one or the same again, may begin with a
      copy that is minutes old. What is changed in it then may have a number that a token from before has passed already
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
        """Raises `CursorLost` for text that is no cursor, and for one of another pool or database."""
        cursor = decode_cursor(text, cls)
        if cursor.pool != pool:
            raise CursorLost("this cursor is of another pool")
        if cursor.database != database:
            raise CursorLost("this cursor is from before the pool's master began: its database may be an older one")
        return cursor
