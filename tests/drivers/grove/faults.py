"""Grove, a third party's driver, under faults: a proxy in front of its server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from faults.over_http import HttpTarget
from servers.faulty_fault import Fault, Replace
from servers.faulty_message import Request
from servers.faulty_proxy import FaultyProxy, method_and_path
from servers.grove import Grove

import hvlib

__all__ = ["GroveTarget"]

POWER = "/power"
NO_SESSION = json.dumps({"error": {"code": "no_session", "message": "log in first"}}).encode()


def request_name(request: Request) -> str:
    """The name of a request. The power operations of all VMs have one name."""
    return POWER if request.path.endswith(POWER) else method_and_path(request)


class GroveTarget(HttpTarget):
    """A server that does not report changes: its watches list again and again."""

    name: ClassVar[str] = "grove"
    decisive: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "login": ("POST /sessions",),
        "list": ("GET /vms",),
        "pages": ("GET /vms",),
        "by uuid": ("GET /vms",),
        "by name": ("GET /vms",),
        "snapshot": ("GET /vms",),
        "watch": ("GET /vms",),
        "task": ("GET /tasks",),
        "action": (POWER,),
        "create": (POWER,),
    }
    skipped: ClassVar[Mapping[str, int]] = {"list": 1, "pages": 1}

    def __init__(self) -> None:
        self._server = Grove(vms=20, hosts=4, task_time=0.02)
        self._server.start()
        self.proxy = FaultyProxy(("127.0.0.1", self._server.port), named_by=request_name)

    def connect(self) -> hvlib.Provider:
        return self.connect_through(self._server.port)

    def connect_through(self, port: int, **options: Any) -> hvlib.Provider:
        url = self._server.url.rpartition(":")[0]
        return hvlib.connect(f"{url}:{port}", password=self._server.password, poll_interval=0.1, **options)

    def session_rejected(self) -> Fault:
        return Replace(401, "Unauthorized", NO_SESSION, {"content-type": "application/json"})

    def requests(self) -> Mapping[str, int]:
        return {POWER: sum(times for name, times in self._server.requests().items() if name.endswith(POWER))}

    def close(self) -> None:
        self.proxy.close()
        self._server.close()
