"""Converters: native values to the units and types of hvlib's fields."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["mebibytes", "moment"]


def mebibytes(value: int) -> int:
    """A number of MiB, in bytes."""
    return value << 20


def moment(value: float) -> datetime:
    """Seconds since 1970, as a moment in UTC."""
    return datetime.fromtimestamp(value, UTC)
