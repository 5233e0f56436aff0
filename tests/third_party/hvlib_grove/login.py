"""Login: one login as data."""

from __future__ import annotations

from dataclasses import dataclass

from hvlib.driver import About, Secret

__all__ = ["Login"]


@dataclass(frozen=True)
class Login:
    """One login: the server's token for it, and the server's description of itself."""

    token: Secret
    about: About
