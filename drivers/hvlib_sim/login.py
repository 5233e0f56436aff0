"""Login: one login to a lab, as data."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Login"]


@dataclass(frozen=True)
class Login:
    """One login. The lab knows it by its token."""

    token: str = field(repr=False)
