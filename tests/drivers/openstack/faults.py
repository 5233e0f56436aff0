"""OpenStack under faults: a proxy in front of a replayed region, whose services are all at one port."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from faults.over_http import HttpTarget
from servers.faulty_fault import Fault, Replace
from servers.faulty_message import Request
from servers.faulty_proxy import FaultyProxy, method_and_path
from servers.openstack_replay.replay import OpenStackReplay

import hvlib

__all__ = ["OpenStackTarget"]

COMPUTE = "/compute/v2.1/servers"
DETAIL = f"GET {COMPUTE}/detail"
SERVER = f"GET {COMPUTE}/{{id}}"
POWER = f"POST {COMPUTE}/{{id}}/action"
IDENTIFIER = re.compile(r"(?<=/)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=/|$)")

UNAUTHORIZED = b"""{"error": {"code": 401, "title": "Unauthorized",
 "message": "The request you have made requires authentication."}}"""


def request_name(request: Request) -> str:
    """The name of a request, which is the same for every server."""
    return IDENTIFIER.sub("{id}", method_and_path(request))


class OpenStackTarget(HttpTarget):
    """A region of 20 servers."""

    name: ClassVar[str] = "openstack"
    decisive: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "login": ("POST /identity/v3/auth/tokens",),
        "list": (DETAIL,),
        "pages": (DETAIL,),
        "by uuid": (SERVER,),
        "by name": (DETAIL,),
        "snapshot": (DETAIL,),
        "watch": (DETAIL,),
        "task": (SERVER,),
        "action": (POWER,),
        "create": (POWER,),
    }
    creation: ClassVar[Mapping[str, Any]] = {"start": False}
    skipped: ClassVar[Mapping[str, int]] = {"list": 1, "pages": 1}

    def __init__(self) -> None:
        self._server = OpenStackReplay(servers=20)
        self._server.start()
        self.proxy = FaultyProxy(("127.0.0.1", self._server.port), named_by=request_name)

    def connect(self) -> hvlib.Provider:
        return self.connect_through(self._server.port)

    def connect_through(self, port: int, **options: Any) -> hvlib.Provider:
        known = self._server.credentials
        return hvlib.connect(
            "openstack://",
            auth_url=f"http://127.0.0.1:{port}/identity/v3",
            username=known["user"],
            password=known["password"],
            project_name=known["project"],
            user_domain_name="Default",
            project_domain_name="Default",
            region_name=known["region"],
            poll_interval=0.1,
            **options,
        )

    def session_rejected(self) -> Fault:
        return Replace(401, "Unauthorized", UNAUTHORIZED, {"content-type": "application/json"})

    def requests(self) -> Mapping[str, int]:
        return self._server.requests()

    def close(self) -> None:
        self.proxy.close()
        self._server.close()
