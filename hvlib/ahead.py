"""Ahead: the page after the one that is consumed, fetched meanwhile."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

from hvlib.connection import Connection
from hvlib.driver import Page, PageToken, Session
from hvlib.errors import HvlibError
from hvlib.paging import next_page
from hvlib.query import Query
from hvlib.resources import Resource

__all__ = ["Ahead"]

R = TypeVar("R", bound=Resource)


class Ahead(Future[Page[R]]):
    """Fetches the page at a token in a thread of its own, as any read: logged in, repeated, its errors reported.

    The thread ends with the page, or, once nobody waits for it, with the call that is under way.
    """

    def __init__(self, query: Query[R], token: PageToken, passed: set[PageToken]) -> None:
        super().__init__()
        self._query = query
        self._token = token
        self._passed = passed
        self._held = [token]  # What the server may hold something for. Who takes it out sees to it.
        self._over = self._unwanted = False
        self._waking: SimpleQueue[None] = SimpleQueue()  # No event: a finalizer may put into it at any moment.

    def start(self, connection: Connection) -> None:
        """Begin. Raises `RuntimeError` where no thread can be started, as when the interpreter exits."""
        threading.Thread(target=self._run, args=(connection,), daemon=True, name="hvlib-ahead").start()

    def abandon(self, connection: Connection) -> None:
        """Nobody will ask for this page: what the server holds is freed once it is there. Safe in a finalizer."""
        self.abort()
        if self._over:
            self._leave(connection)

    def abort(self) -> None:
        """Begin no further call."""
        self._unwanted = True
        self._waking.put(None)

    def _run(self, connection: Connection) -> None:
        connection.enlist(self)
        self._fetch(connection)
        connection.dismiss(self)
        if self._unwanted:
            self._leave(connection)
            connection.free_abandoned()

    def _fetch(self, connection: Connection) -> None:
        try:
            page = connection.read(self._page, sleep=self._pause)
        except BaseException as error:
            self._over = True
            self.set_exception(error)
        else:
            self._held[:] = [] if page.next is None else [page.next]
            self._over = True
            self.set_result(page)

    def _page(self, session: Session) -> Page[R]:
        self._check_wanted()
        return next_page(session.adapters[self._query.kind], self._query, self._token, self._passed)

    def _pause(self, seconds: float) -> None:
        with suppress(Empty):
            self._waking.get(timeout=seconds)
        self._check_wanted()

    def _check_wanted(self) -> None:
        if self._unwanted:
            raise HvlibError("the listing was given up")

    def _leave(self, connection: Connection) -> None:
        # The token alone, not the page: its records lead to the provider, which would never be forgotten.
        with suppress(IndexError):
            connection.abandon(self._query.kind, self._held.pop())
