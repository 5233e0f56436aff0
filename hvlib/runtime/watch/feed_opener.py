"""FeedOpener: opens a feed in a thread of its own, so that the caller can stop waiting for it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any

from hvlib.driver import Feed, WatchCursor
from hvlib.model.query import Query
from hvlib.runtime.login import LoginAttempt
from hvlib.runtime.session_manager import SessionManager

__all__ = ["FeedOpener"]


class FeedOpener(Future[tuple[Feed, LoginAttempt]]):
    """Opens a feed in a thread of its own, so that the caller can stop waiting for a server that does not answer.

    If it was cancelled, it closes the feed as soon as this is open.
    """

    def start(
        self, manager: SessionManager, queries: Sequence[Query[Any]], since: WatchCursor | None, *, repeat: bool
    ) -> None:
        """Start the thread."""
        arguments = (manager, queries, since, repeat)
        threading.Thread(target=self._open, args=arguments, daemon=True, name="hvlib-feed-opener").start()

    def _open(
        self, manager: SessionManager, queries: Sequence[Query[Any]], since: WatchCursor | None, repeat: bool
    ) -> None:
        try:
            opened = manager.open_feed(queries, since, repeat=repeat)
        except BaseException as error:
            with suppress(InvalidStateError):
                self.set_exception(error)
            return
        try:
            self.set_result(opened)
        except InvalidStateError:
            opened[0].close()
