"""Login: one login as data."""

from __future__ import annotations

import msgspec

from hvlib.driver import About, Secret

__all__ = ["Login"]


class Login(msgspec.Struct, frozen=True):
    """One login: the server's token for it, and the server's description of itself."""

    token: Secret
    about: About
