"""Login: one login to a lab, and the slot that holds the login that stands."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

__all__ = ["Login", "LoginSlot"]


@dataclass(frozen=True)
class Login:
    """One login. The lab knows it by its token."""

    token: str = field(repr=False)


class LoginSlot:
    """The login that stands; None while there is none. Shared by threads."""

    def __init__(self) -> None:
        self.login: Login | None = None
        self._lock = threading.Lock()

    def put(self, login: Login | None) -> Login | None:
        """Let a login stand, or none. Returns the login that stood before."""
        with self._lock:
            before, self.login = self.login, login
        return before
