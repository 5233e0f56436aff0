"""Deferred frees: the server's resources of abandoned listings and feeds, freed during a later call."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress

from hvlib.model.errors import HvlibError

__all__ = ["DeferredFrees"]


class DeferredFrees:
    """The calls that are still to be made to free resources of the server.

    Finalizers only `add` to them: a finalizer may run at any moment, even while its thread holds a lock.
    """

    def __init__(self) -> None:
        self._frees: deque[Callable[[], None]] = deque()

    def add(self, free: Callable[[], None]) -> None:
        """Queue a call that frees something. Sends nothing, so a finalizer may call this."""
        self._frees.append(free)

    def clear(self) -> None:
        """Forget the calls: the session is closed, and the server has freed everything with it."""
        self._frees.clear()

    def release(self, *, until: Callable[[], bool]) -> None:
        """Make the calls, without login or retry, as long as ``until`` (the session is closed) is false.

        A call that fails is dropped.
        """
        while self._frees and not until():
            try:
                free = self._frees.popleft()
            except IndexError:  # Another thread took the last one.
                return
            with suppress(HvlibError):
                free()
