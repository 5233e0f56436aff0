"""Logins: the data of one login, and the slot that holds the login that stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hvlib.driver import SessionLost
from hvlib.model.errors import Closed
from hvlib_vsphere.native import MoRef

__all__ = ["Login", "LoginSlot"]


class Login(msgspec.Struct, eq=False):
    """One login: the version of the API, the server's cookie, its service objects, the views made since.

    | name: stands for the login in page tokens and cursors; it is no secret
    | content: the ServiceContent
    | server_uuid: AboutInfo.instanceUuid, or one derived from the server's address
    """

    version: str
    name: str = ""
    cookie: str = ""
    content: Mapping[str, Any] = {}
    server_uuid: str = ""
    views: dict[str, MoRef] = {}

    def service(self, name: str) -> MoRef:
        """One of the service's own objects: ``propertyCollector``, ``searchIndex``, ``taskManager`` ..."""
        ref = self.content[name]
        assert isinstance(ref, MoRef)
        return ref


class LoginSlot:
    """Holds the login that stands, if there is one."""

    def __init__(self) -> None:
        self.closed = False
        self._login: Login | None = None

    @property
    def current(self) -> Login:
        """The login that stands. Raises `SessionLost` if there is none, `Closed` after `close`."""
        if self.closed:
            raise Closed("the session was closed")
        if self._login is None:
            raise SessionLost("not logged in")
        return self._login

    def put(self, login: Login) -> None:
        """Let a login stand."""
        self._login = login

    def take(self) -> Login | None:
        """Empty the slot and return the login that stood."""
        login, self._login = self._login, None
        return login

    def close(self) -> None:
        """Refuse every call from now on; the login stays until it is taken."""
        self.closed = True
