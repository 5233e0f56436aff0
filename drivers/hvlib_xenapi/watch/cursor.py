"""Cursors of watches: of which pool and database, the server's token, and how many objects there were then."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hvlib.driver import WatchCursor
from hvlib.model.errors import CursorLost

__all__ = ["Counts", "Cursor"]

Counts = Mapping[str, int]
"""The number of objects, by class in lower case."""


class Cursor(msgspec.Struct, frozen=True):
    """The place where a watch goes on. Its text can be kept: the server's tokens outlive sessions.

    | database: which one the token is of. A master that begins, be it another one or the same again, may begin with a
      copy that is minutes old. What is changed in it then may have a number that a token from before has passed already
    """

    pool: str
    database: str
    token: str
    counts: Counts

    @property
    def text(self) -> WatchCursor:
        """The text that `parse` reads."""
        counts = ",".join(f"{cls}={count}" for cls, count in sorted(self.counts.items()))
        return WatchCursor(f"{self.pool}/{self.database}/{self.token}/{counts}")

    @classmethod
    def parse(cls, text: str, pool: str, database: str) -> Cursor:
        """Raises `CursorLost` for what is none, or of another pool or database."""
        try:
            of_pool, of_database, token, pairs = text.split("/")
            counts = {name: int(count) for name, count in (pair.split("=") for pair in pairs.split(",") if pair)}
        except ValueError as error:
            raise CursorLost("this is no cursor of a XenAPI watch") from error
        if of_pool != pool:
            raise CursorLost("this cursor is of another pool")
        if of_database != database:
            raise CursorLost("this cursor is from before the pool's master began: its database may be an older one")
        return cls(pool, database, token, counts)
