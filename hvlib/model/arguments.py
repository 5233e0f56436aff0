"""Arguments: a caller's mistake is found before anything is sent."""

from __future__ import annotations

import math
from typing import Any, TypeVar
from uuid import UUID

from hvlib.model.errors import InvalidQuery

__all__ = ["can_be_sent", "one_of", "seconds", "text"]

T = TypeVar("T")


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
    if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value) or value < 0:
        raise InvalidQuery(f"{name} is a number of seconds from 0, not {value!r}")
    return float(value)


def one_of(name: str, value: Any, kind: type[T]) -> T:
    """An argument of a class of hvlib's. Raises `InvalidQuery` for anything else."""
    if not isinstance(value, kind):
        raise InvalidQuery(f"{name} is {kind.__name__}, not {value!r}")
    return value
