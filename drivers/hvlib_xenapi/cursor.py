"""Cursors of watches: of which pool, the server's token, and how many objects there were then."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hvlib.driver import WatchCursor
from hvlib.errors import CursorLost

__all__ = ["Counts", "Cursor"]

Counts = Mapping[str, int]
"""How many objects there are, by class in lower case."""


class Cursor(msgspec.Struct, frozen=True):
    """Where a watch goes on. Its text can be kept: the server's tokens outlive sessions."""

    pool: str
    token: str
    counts: Counts

    @property
    def text(self) -> WatchCursor:
        """What `parse` reads."""
        counts = ",".join(f"{cls}={count}" for cls, count in sorted(self.counts.items()))
        return WatchCursor(f"{self.pool}/{self.token}/{counts}")

    @classmethod
    def parse(cls, text: str, pool: str) -> Cursor:
        """Raises `CursorLost` for what is none, or of another pool."""
        try:
            of_pool, token, pairs = text.split("/")
            counts = {name: int(count) for name, count in (pair.split("=") for pair in pairs.split(",") if pair)}
        except ValueError as error:
            raise CursorLost("this is no cursor of a XenAPI watch") from error
        if of_pool != pool:
            raise CursorLost("this cursor is of another pool")
        return cls(of_pool, token, counts)
