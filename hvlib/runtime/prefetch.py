"""Prefetch: the page after the one that is consumed, fetched meanwhile."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import TypeVar

from hvlib.driver import Page, PageToken
from hvlib.model.errors import HvlibError
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib.runtime.page_chain import PageChain
from hvlib.runtime.session_manager import SessionManager

__all__ = ["Prefetch"]

R = TypeVar("R", bound=Resource)


class Prefetch(Future[Page[R]]):
    """Fetches the page at a token in a thread of its own, as any read: logged in, repeated, its errors translated.

    The thread ends with the page, or, once nobody waits for it, with the call that is under way.
    """

    def __init__(self, query: Query[R], token: PageToken, chain: PageChain) -> None:
        super().__init__()
        self._query = query
        self._token = token
        self._chain = chain
        self._held = [token]  # The token that the server may hold something for. Whoever pops it frees that.
        self._over = self._unwanted = False
        self._waking: SimpleQueue[None] = SimpleQueue()  # No event: a finalizer may put into it at any moment.

    def start(self, manager: SessionManager) -> None:
        """Begin. Raises `RuntimeError` where no thread can be started, as when the interpreter exits."""
        threading.Thread(target=self._run, args=(manager,), daemon=True, name="hvlib-prefetch").start()

    def abandon(self, manager: SessionManager) -> None:
        """Nobody will ask for this page: what the server holds is freed once it is there. Safe in a finalizer."""
        self.abort()
        if self._over:
            self._leave(manager)

    def abort(self) -> None:
        """Begin no further call."""
        self._unwanted = True
        self._waking.put(None)

    def _run(self, manager: SessionManager) -> None:
        manager.add_waiter(self)
        self._fetch(manager)
        manager.remove_waiter(self)
        if self._unwanted:
            self._leave(manager)
            manager.release_deferred()

    def _fetch(self, manager: SessionManager) -> None:
        try:
            page = self._page(manager)
        except BaseException as error:
            self._over = True
            self.set_exception(error)
        else:
            self._held[:] = [] if page.next is None else [page.next]
            self._over = True
            self.set_result(page)

    def _page(self, manager: SessionManager) -> Page[R]:
        page = manager.page(self._query, self._token, sleep=self._pause, check=self._check_wanted)
        return self._chain.check(page, self._query, self._token)

    def _pause(self, seconds: float) -> None:
        with suppress(Empty):
            self._waking.get(timeout=seconds)
        self._check_wanted()

    def _check_wanted(self) -> None:
        if self._unwanted:
            raise HvlibError("the listing was given up")

    def _leave(self, manager: SessionManager) -> None:
        # The token alone, not the page: its records lead to the provider, which would never be forgotten.
        with suppress(IndexError):
            manager.defer_release(self._query.kind, self._held.pop())
