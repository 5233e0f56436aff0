"""Converters: native values to the units and types of hvlib's fields."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["NULL", "is_null", "known_moment", "moment", "reference"]

NULL = "OpaqueRef:NULL"


def is_null(ref: str) -> bool:
    """Whether a reference is one to nothing. Old servers have other words for it."""
    return ref in (NULL, "") or ref.startswith("Ref:")


def reference(ref: str) -> str | None:
    """A reference; None for one to nothing."""
    return None if is_null(ref) else ref


def moment(text: str | datetime) -> datetime:
    """A moment: ``20240101T00:00:00Z``, with hyphens or without; without a zone it is UTC too.

    XML-RPC has a type of its own for moments; as text it reads the same.
    """
    parsed = text if isinstance(text, datetime) else datetime.fromisoformat(str(text))
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def known_moment(text: str | datetime) -> datetime | None:
    """A moment; None for the epoch, which stands for one that nobody noted."""
    found = moment(text)
    return found if found.timestamp() > 0 else None
