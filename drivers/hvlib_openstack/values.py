"""Values of the services, in hvlib's units and types."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["GIB", "MIB", "gibibytes", "label", "mebibytes", "moment", "ordered", "text"]

MIB = 1 << 20
GIB = 1 << 30


def mebibytes(value: int | None) -> int | None:
    """Convert MiB to bytes."""
    return None if value is None else value * MIB


def gibibytes(value: int | None) -> int | None:
    """Convert GiB to bytes."""
    return None if value is None else value * GIB


def moment(value: datetime | None) -> datetime | None:
    """Convert a time to UTC. A time without a zone is in UTC: some services leave the zone out."""
    if value is None or value.tzinfo is UTC:
        return value
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def text(value: str | None) -> str | None:
    """The text; None if it is empty."""
    return value or None


def label(value: str | None) -> str:
    """The name; an empty name if the object has none."""
    return value or ""


def ordered(values: list[str]) -> tuple[str, ...]:
    """The labels, sorted."""
    return tuple(sorted(values)) if values else ()
