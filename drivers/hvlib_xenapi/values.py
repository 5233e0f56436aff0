"""Converters: native values to the units and types of hvlib's fields, and filters' values to the database's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from hvlib.driver.table import NOT_STORED
from hvlib.model.ref import Ref

__all__ = ["NULL", "is_null", "known_moment", "moment", "reference", "references", "stored_reference", "text"]

NULL = "OpaqueRef:NULL"


def text(value: str | None) -> str | None:
    """The text; None if it is empty."""
    return value or None


def is_null(ref: str | None) -> bool:
    """Whether a reference is null. Old servers write null references in other ways."""
    return not ref or ref == NULL or ref.startswith("Ref:")


def reference(ref: str | None) -> str | None:
    """The reference; None if it is null."""
    return None if is_null(ref) else ref


def stored_reference(ref: Ref | None) -> Any:
    """A filter's ref as the database stores it. `NOT_STORED` for None: null has several forms."""
    return NOT_STORED if ref is None else ref.id


def references(refs: Iterable[str]) -> list[str]:
    """The references without duplicates and without null references."""
    return [ref for ref in dict.fromkeys(refs) if not is_null(ref)]


def moment(text: str | datetime) -> datetime:
    """The moment in a text such as ``20240101T00:00:00Z``, with or without hyphens. Without a zone, it is in UTC.

    XML-RPC has a type of its own for moments, whose text is read the same way.
    """
    parsed = text if isinstance(text, datetime) else datetime.fromisoformat(str(text))
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def known_moment(text: str | datetime) -> datetime | None:
    """The moment; None for the epoch, which the server writes for an unknown moment."""
    found = moment(text)
    return found if found.timestamp() > 0 else None
