"""Deferred frees: what the server holds for abandoned listings and feeds, freed with a later call."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress

from hvlib.model.errors import HvlibError

__all__ = ["DeferredFrees"]


class DeferredFrees:
    """Frees that are still to be made. Finalizers only `add`: they may run at any moment, even inside of a lock."""

    def __init__(self) -> None:
        self._frees: deque[Callable[[], None]] = deque()

    def add(self, free: Callable[[], None]) -> None:
        """Leave a free to be made. It sends nothing itself, so a finalizer may call it."""
        self._frees.append(free)

    def clear(self) -> None:
        """Forget the frees: the session is closed, and with it goes what the server holds."""
        self._frees.clear()

    def release(self, *, until: Callable[[], bool]) -> None:
        """Make the frees, ``until`` the session is closed, without login or retry. One that fails is dropped."""
        while self._frees and not until():
            try:
                free = self._frees.popleft()
            except IndexError:  # Another thread was faster.
                return
            with suppress(HvlibError):
                free()
