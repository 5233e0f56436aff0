"""Converters: native values to the units and types of hvlib's fields.

They take None, where the server says nothing, and text: inside of a whole property (``native=True``) numbers are not
told from it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from sys import intern

from hvlib_vsphere.wire.decoding import parse_bool, parse_datetime

__all__ = ["escape_name", "integer", "is_true", "mebibytes", "moment", "plain_text", "unescape_name"]

ESCAPED = re.compile("%(2f|25|5c)", re.IGNORECASE)


def integer(value: int | str | None) -> int | None:
    """A number."""
    return None if value is None else int(value)


def mebibytes(value: int | str | None) -> int | None:
    """A number of mebibytes, in bytes."""
    return None if value is None else int(value) << 20


def is_true(value: object) -> bool:
    """A truth value; without one, False."""
    return parse_bool(value) if isinstance(value, str) else value is True


def plain_text(value: object) -> str | None:
    """A text that many objects share is kept once; an empty one says nothing."""
    return intern(value) if isinstance(value, str) and value else None


def moment(value: datetime | str | None) -> datetime | None:
    """A moment, in UTC. The server writes the beginning of 1970 where it does not know."""
    known = parse_datetime(value) if isinstance(value, str) else value
    if known is None or known.year <= 1970:
        return None
    return known.astimezone(UTC)


def unescape_name(name: str | None) -> str | None:
    r"""A name as people wrote it: the server keeps ``/``, ``%`` and ``\`` as ``%2f``, ``%25`` and ``%5c``."""
    if name is None or "%" not in name:
        return name
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), name)


def escape_name(name: str) -> str:
    """A name as the server keeps it."""
    return name.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")
