"""Opening: a feed that is being opened while somebody waits for it, or does not any more."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any

from hvlib.connection import Connection, Login
from hvlib.driver import Feed, WatchCursor
from hvlib.query import Query
from hvlib.retry import RetryPolicy

__all__ = ["Opening"]


class Opening(Future[tuple[Feed, Login]]):
    """Opens a feed in a thread of its own, so that a server that does not answer keeps nobody waiting.

    Cancelled, it closes the feed as soon as it is open.
    """

    def start(
        self, connection: Connection, queries: Sequence[Query[Any]], since: WatchCursor | None, retry: RetryPolicy
    ) -> None:
        """Begin."""
        open_feed = (connection, queries, since, retry)
        threading.Thread(target=self._open, args=open_feed, daemon=True, name="hvlib-opening").start()

    def _open(
        self, connection: Connection, queries: Sequence[Query[Any]], since: WatchCursor | None, retry: RetryPolicy
    ) -> None:
        try:
            opened = connection.open_feed(queries, since, retry)
        except BaseException as error:
            with suppress(InvalidStateError):
                self.set_exception(error)
            return
        try:
            self.set_result(opened)
        except InvalidStateError:
            opened[0].close()
