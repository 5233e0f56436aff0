"""Checks of callers' arguments, so that a mistake is found before anything is sent."""

from __future__ import annotations

from typing import Any, TypeVar, cast
from uuid import UUID

from hvlib.model.errors import InvalidQuery

__all__ = ["FOREVER", "can_be_sent", "function", "one_of", "seconds", "text"]

T = TypeVar("T")

FOREVER = 1e9
"""Seconds, about thirty years: longer than any wait, and short enough for the system's timers."""


def text(name: str, value: object) -> str:
    """An argument as text; a `uuid.UUID` is converted.

    Raises `InvalidQuery` for another type, and for text that UTF-8 can't encode: no server can have it.
    """
    if isinstance(value, UUID):
        return str(value)
    if not isinstance(value, str):
        raise InvalidQuery(f"{name} must be text, not {value!r}")
    if not can_be_sent(value):
        raise InvalidQuery(f"{name} can't be sent, UTF-8 can't encode it: {value!r}")
    return value


def can_be_sent(value: str) -> bool:
    """Whether UTF-8 can encode a text. It can't encode half of a surrogate pair."""
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def seconds(name: str, value: object) -> float:
    """A time-out in seconds. Raises `InvalidQuery` for anything but a number from 0 to `FOREVER`."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 <= cast(float, value) < FOREVER:
        raise InvalidQuery(f"{name} must be a number of seconds from 0 to {FOREVER:g}, not {value!r}")
    return float(cast(float, value))


def function(name: str, value: object) -> None:
    """Raise `InvalidQuery` unless the value is None or can be called."""
    if value is not None and not callable(value):
        raise InvalidQuery(f"{name} must be a function, not {value!r}")


def one_of(name: str, value: Any, kind: type[T]) -> T:
    """The argument, if it is an instance of ``kind``. Raises `InvalidQuery` for anything else."""
    if not isinstance(value, kind):
        raise InvalidQuery(f"{name} must be of the class {kind.__name__}, not {value!r}")
    return value
