"""Logins: one login as data, and the slot that holds the login that stands."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hvlib.driver import About, Secret, SessionLost
from hvlib.model.errors import Closed
from hvlib_openstack.version import Version

__all__ = ["Login", "LoginSlot"]


class Login(msgspec.Struct, frozen=True):
    """The result of one login.

    | token: proves the login to every service
    | project: the project's identifier
    | administrator: whether the user has the role that OpenStack's policies call so
    | addresses: the base address of each service that there is, by its type
    | missing: the reason why a service is not there, by its type
    | compute: the microversion that nova is asked for
    """

    token: Secret
    project: str
    administrator: bool
    addresses: Mapping[str, str]
    missing: Mapping[str, str]
    compute: Version
    about: About


class LoginSlot:
    """Holds the login that stands. Any thread may read it."""

    def __init__(self) -> None:
        self.closed = False
        self._login: Login | None = None

    @property
    def login(self) -> Login:
        """The login that stands. Raises `SessionLost` if there is none, `Closed` after `close`."""
        login = self._login
        self.check_open()
        if login is None:
            raise SessionLost("not logged in")
        return login

    @property
    def empty(self) -> bool:
        """Whether no login stands."""
        return self._login is None

    def put(self, login: Login) -> None:
        """Make this the login that stands."""
        self._login = login

    def take(self) -> Login | None:
        """Remove and return the login that stands, if one does."""
        login, self._login = self._login, None
        return login

    def check_open(self) -> None:
        """Raise `Closed` after `close`."""
        if self.closed:
            raise Closed("the session was closed")

    def close(self) -> None:
        """Give out no login from now on."""
        self.closed = True
