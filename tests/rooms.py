"""Which test folders ("rooms") hold units, and the guard for them: a unit starts no server and opens no socket."""

from __future__ import annotations

from errno import EPERM
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

__all__ = ["GUARD", "UNIT_ROOMS", "SocketGuard", "is_unit"]

TESTS = Path(__file__).parent
UNIT_ROOMS = (
    "model",
    "driver",
    "runtime",
    "api",
    "cli",
    "conformance",
    "packaging",
    "examples/test_portable.py",
    "drivers/*/unit",
)
"""The same list as the Makefile's UNIT_TESTS."""

REFUSED = ("socket.bind", "socket.connect")


def is_unit(path: Path) -> bool:
    """Return whether a test file is in a room of units."""
    inside = path.relative_to(TESTS)
    return any(fnmatch(str(place), room) for place in (inside, *inside.parents) for room in UNIT_ROOMS)


class SocketGuard:
    """Refuses to bind and to connect sockets while a unit runs, and keeps a list of the refusals."""

    def __init__(self) -> None:
        self.on = False
        self._refused: list[str] = []

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Raise PermissionError where a unit uses a socket. An audit hook: the interpreter calls it, in any thread."""
        if self.on and event in REFUSED:
            message = f"{event} {arguments[1]!r}: a unit opens no socket. Where such a test belongs: CONTRIBUTING.md"
            self._refused.append(message)
            raise PermissionError(EPERM, message)  # an OSError: the code under test closes the socket after it

    def take_refused(self) -> list[str]:
        """Return the messages of the refusals since the last call: code under test may have caught the error."""
        refused, self._refused = self._refused, []
        return refused


GUARD = SocketGuard()
"""The guard that tests/conftest.py installs."""
