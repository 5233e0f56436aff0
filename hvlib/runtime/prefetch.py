"""Prefetch: the page after the one that is consumed, fetched meanwhile."""

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
    """Fetches the next page of a listing in a thread of its own, as any read: logged in, repeated, errors translated.

    The thread ends with the page, or, once nobody waits for it, with the call that is under way.
    """

    def __init__(self, place: Place[R]) -> None:
        super().__init__()
        self._place = place
        self._unwanted = False
        self._waking: SimpleQueue[None] = SimpleQueue()  # No event: a finalizer may put into it at any moment.

    def start(self, manager: SessionManager) -> None:
        """Begin. Raises `RuntimeError` where no thread can be started, as when the interpreter exits."""
        threading.Thread(target=self._run, args=(manager,), daemon=True, name="hvlib-prefetch").start()

    def abort(self) -> None:
        """Begin no further call. Safe in a finalizer."""
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
