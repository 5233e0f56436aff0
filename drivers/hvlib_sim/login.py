"""Login: one login as data."""

from __future__ import annotations

import msgspec

from hvlib.driver import Secret

__all__ = ["Login"]


class Login(msgspec.Struct, frozen=True):
    """One login to a lab, identified by its token."""

    token: Secret
