"""Values of the services, in hvlib's units and types."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["GIB", "MIB", "gibibytes", "label", "mebibytes", "moment", "ordered", "text"]

MIB = 1 << 20
GIB = 1 << 30


def mebibytes(value: int | None) -> int | None:
    """Bytes."""
    return None if value is None else value * MIB


def gibibytes(value: int | None) -> int | None:
    """Bytes."""
    return None if value is None else value * GIB


def moment(value: datetime | None) -> datetime | None:
    """A moment in UTC: some services leave the zone out."""
    if value is None or value.tzinfo is UTC:
        return value
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def text(value: str | None) -> str | None:
    """Text; None if there is none."""
    return value or None


def label(value: str | None) -> str:
    """A name; objects without one have an empty one."""
    return value or ""


def ordered(values: list[str]) -> tuple[str, ...]:
    """Labels, sorted."""
    return tuple(sorted(values)) if values else ()
