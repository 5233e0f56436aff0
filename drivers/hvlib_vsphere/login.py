"""Login: one login as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from hvlib.driver import Secret
from hvlib.model.errors import ProtocolError
from hvlib_vsphere.data_objects import MoRef

__all__ = ["PATH", "Login"]

PATH = "/sdk"
"""Where the API is, unless the address says otherwise."""

NO_COOKIE = Secret("")


class Login(msgspec.Struct, eq=False):
    """One login: the version of the API, the server's cookie, its service objects, and the views made in the login.

    | name: identifies the login in cursors; it is no secret
    | path: where the server's API is
    | content: the ServiceContent
    | server_uuid: AboutInfo.instanceUuid, or a uuid derived from the server's address
    """

    version: str
    name: str = ""
    cookie: Secret = NO_COOKIE
    path: str = PATH
    content: Mapping[str, Any] = {}
    server_uuid: str = ""
    views: dict[str, MoRef] = {}

    def service(self, name: str) -> MoRef:
        """One of the service's own objects: ``propertyCollector``, ``searchIndex``, ``taskManager`` ...

        Raises `ProtocolError` if the server has not named it.
        """
        ref = self.content.get(name)
        if not isinstance(ref, MoRef):
            raise ProtocolError(f"the server's ServiceContent has no {name}")
        return ref
