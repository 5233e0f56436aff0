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
    """Text; None if there is none."""
    return value or None


def is_null(ref: str | None) -> bool:
    """Whether a reference is one to nothing. Old servers have other words for it."""
    return not ref or ref == NULL or ref.startswith("Ref:")


def reference(ref: str | None) -> str | None:
    """A reference; None for one to nothing."""
    return None if is_null(ref) else ref


def stored_reference(ref: Ref | None) -> Any:
    """A filter's ref as the database has it. For None it has several words."""
    return NOT_STORED if ref is None else ref.id


def references(refs: Iterable[str]) -> list[str]:
    """References, each once, without those to nothing."""
    return [ref for ref in dict.fromkeys(refs) if not is_null(ref)]


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
