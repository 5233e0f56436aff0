"""Login: one login as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hvlib.driver import Secret
from hvlib_vsphere.data_objects import MoRef

__all__ = ["Login"]

NO_COOKIE = Secret("")


class Login(msgspec.Struct, eq=False):
    """One login: the version of the API, the server's cookie, its service objects, and the views made in the login.

    | name: identifies the login in cursors; it is no secret
    | content: the ServiceContent
    | server_uuid: AboutInfo.instanceUuid, or a uuid derived from the server's address
    """

    version: str
    name: str = ""
    cookie: Secret = NO_COOKIE
    content: Mapping[str, Any] = {}
    server_uuid: str = ""
    views: dict[str, MoRef] = {}

    def service(self, name: str) -> MoRef:
        """One of the service's own objects: ``propertyCollector``, ``searchIndex``, ``taskManager`` ..."""
        ref = self.content[name]
        assert isinstance(ref, MoRef)
        return ref
