"""Faults: errors that a session's calls raise on request (``fail=``)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import msgspec

from hvlib.driver import NotSent, SessionLost, Unavailable
from hvlib.model.errors import (
    ConfigError,
    ConnectionFailed,
    ConnectionTimeout,
    HvlibError,
    PermissionDenied,
    ProtocolError,
    RateLimited,
)

__all__ = ["CALLS", "ERRORS", "Faults"]

CALLS = ("login", "page", "lookup", "get", "submit", "subscribe", "changes")

ERRORS: dict[str, Callable[[], HvlibError]] = {
    "session-lost": lambda: SessionLost("fail=: the lab does not know the session"),
    "connection": lambda: ConnectionFailed("fail=: the connection broke"),
    "not-sent": lambda: NotSent("fail=: the connection was refused"),
    "rate-limited": lambda: RateLimited("fail=: too many requests", retry_after=0.05),
    "unavailable": lambda: Unavailable("fail=: 503 Service Unavailable"),
    "protocol": lambda: ProtocolError("fail=: the reply is cut off"),
    "timeout": lambda: ConnectionTimeout("fail=: no answer in time"),
    "permission": lambda: PermissionDenied("fail=: not allowed"),
    "reply-lost": lambda: ConnectionFailed("fail=: the connection broke before the reply"),
}

HINT = f"fail=CALL:ERROR[:TIMES[:SKIP]],...; calls: {' '.join(CALLS)}; errors: {' '.join(ERRORS)}"


class Fault(msgspec.Struct):
    """An error that ``times`` calls raise, after ``skip`` calls that do not."""

    call: str
    error: str
    times: int = 1
    skip: int = 0


class Faults:
    """The faults of one session, read from ``CALL:ERROR[:TIMES[:SKIP]]`` separated by commas.

    TIMES calls (1) raise the error, after SKIP calls (0) that succeed: with ``page:session-lost:1:2``, the third page
    raises it. Raises `ConfigError` for text that can't be read.
    """

    def __init__(self, text: str) -> None:
        self._lock = threading.Lock()
        self._faults = [_parse(part) for part in text.split(",") if part]

    @contextmanager
    def met_by(self, call: str) -> Iterator[None]:
        """Run a call with its fault: the error is raised before the call reaches the lab, or in place of the reply."""
        error = self._next(call)
        if error is None:
            yield
            return
        if error == "reply-lost":
            with suppress(HvlibError):  # An error is a reply too.
                yield
        raise ERRORS[error]()

    def _next(self, call: str) -> str | None:
        """The name of the error that this call has to raise; None if it has no fault."""
        with self._lock:
            fault = next((fault for fault in self._faults if fault.call == call and fault.times), None)
            if fault is None:
                return None
            if fault.skip:
                fault.skip -= 1
                return None
            fault.times -= 1
            return fault.error


def _parse(text: str) -> Fault:
    call, _, rest = text.partition(":")
    error, *numbers = rest.split(":")
    if call not in CALLS or error not in ERRORS or len(numbers) > 2 or not all(n.isdecimal() for n in numbers):
        raise ConfigError(f"fail= can't be {text!r}", hint=HINT)
    return Fault(call, error, *[int(number) for number in numbers])
