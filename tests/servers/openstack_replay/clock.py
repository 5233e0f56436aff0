"""The clock of the OpenStack replay, which tests can set wrong."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["Clock"]


class Clock:
    """This machine's clock, ``skew`` seconds ahead."""

    def __init__(self) -> None:
        self.skew = 0.0

    def now(self) -> datetime:
        """Return the time of this clock."""
        return datetime.now(UTC) + timedelta(seconds=self.skew)
