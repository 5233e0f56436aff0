"""Prefetch: fetches the next page while one is consumed."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import TypeVar

from hvlib.model.errors import CursorLost
from hvlib.model.resources import Resource
from hvlib.runtime.clock import Clock
from hvlib.runtime.listing import Fetched, Place
from hvlib.runtime.session_manager import SessionManager

__all__ = ["Prefetch"]

R = TypeVar("R", bound=Resource)


class Prefetch(Future[Fetched[R]]):
    """Fetches the next page of a listing in its own thread, like any read: with login, retries and translated errors.

    The thread ends when it has the page; after `abort`, when the call that is under way returns.
    """

    def __init__(self, place: Place[R]) -> None:
        super().__init__()
        self._place = place
        self._unwanted = False
        self._waking: SimpleQueue[None] = SimpleQueue()  # Not an Event: a finalizer may put into it at any moment.

    def start(self, manager: SessionManager) -> None:
        """Start the thread. Raises `RuntimeError` where none can be started, for example when the interpreter exits."""
        threading.Thread(target=self._run, args=(manager,), daemon=True, name="hvlib-prefetch").start()

    def abort(self) -> None:
        """Make no further call to the server. Safe in a finalizer."""
        self._unwanted = True
        self._waking.put(None)

    def _run(self, manager: SessionManager) -> None:
        manager.add_waiter(self)
        self._fetch(manager)
        manager.remove_waiter(self)
        if self._unwanted:
            manager.release_deferred()

    def _fetch(self, manager: SessionManager) -> None:
        try:
            pause = partial(self._pause, manager.clock)
            fetched = manager.fetch(self._place, sleep=pause, check=self._check_wanted)
        except BaseException as error:
            self.set_exception(error)
        else:
            self.set_result(fetched)

    def _pause(self, clock: Clock, seconds: float) -> None:
        with suppress(Empty):
            clock.get(self._waking, seconds)
        self._check_wanted()

    def _check_wanted(self) -> None:
        if self._unwanted:
            raise CursorLost("this listing was closed")
