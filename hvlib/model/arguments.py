"""Arguments: a caller's mistake is found before anything is sent."""

from __future__ import annotations

from typing import Any, TypeVar, cast
from uuid import UUID

from hvlib.model.errors import InvalidQuery

__all__ = ["FOREVER", "can_be_sent", "function", "one_of", "seconds", "text"]

T = TypeVar("T")

FOREVER = 1e9
"""Seconds that are longer than any wait, and that the system can still count: thirty years."""


def text(name: str, value: object) -> str:
    """The text of an argument; a `uuid.UUID` is taken as its text.

    Raises `InvalidQuery` for another type, and for text that UTF-8 can't hold: no server can have it.
    """
    if isinstance(value, UUID):
        return str(value)
    if not isinstance(value, str):
        raise InvalidQuery(f"{name} is text, not {value!r}")
    if not can_be_sent(value):
        raise InvalidQuery(f"{name} is no text that can be sent: {value!r}")
    return value


def can_be_sent(value: str) -> bool:
    """Whether UTF-8 can hold a text: not if it has half of a surrogate pair."""
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def seconds(name: str, value: object) -> float:
    """A time-out. Raises `InvalidQuery` for what is no number of seconds from 0."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 <= cast(float, value) < FOREVER:
        raise InvalidQuery(f"{name} is a number of seconds from 0 to {FOREVER:g}, not {value!r}")
    return float(cast(float, value))


def function(name: str, value: object) -> None:
    """Raise `InvalidQuery` for what can't be called; None is no function, and fine."""
    if value is not None and not callable(value):
        raise InvalidQuery(f"{name} is a function, not {value!r}")


def one_of(name: str, value: Any, kind: type[T]) -> T:
    """An argument of a class of hvlib's. Raises `InvalidQuery` for anything else."""
    if not isinstance(value, kind):
        raise InvalidQuery(f"{name} is {kind.__name__}, not {value!r}")
    return value
