"""XenAPI under faults: a proxy in front of a simulated pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from faults.over_http import HttpTarget
from servers.faulty_fault import Fault, Replace
from servers.faulty_proxy import FaultyProxy, json_method
from servers.xapi import Xapi

import hvlib

__all__ = ["XenAPITarget"]

POWER = ("Async.VM.start", "Async.VM.hard_shutdown")
SESSION_INVALID = b'{"jsonrpc":"2.0","error":{"code":1,"message":"SESSION_INVALID","data":["OpaqueRef:x"]},"id":1}'


class XenAPITarget(HttpTarget):
    """A simulated pool, called in JSON-RPC."""

    name: ClassVar[str] = "xenapi"
    decisive: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "login": ("session.login_with_password",),
        "list": ("VM.get_all_records_where",),
        "pages": ("VM.get_all_records_where",),
        "by uuid": ("VM.get_all_records_where",),
        "by name": ("VM.get_all_records_where",),
        "snapshot": ("event.from",),
        "watch": ("event.from",),
        "task": ("event.from",),
        "action": POWER,
        "create": ("Async.VM.start",),
    }

    def __init__(self) -> None:
        self._server = Xapi(vms=20, hosts=4)
        self._server.start()
        self.proxy = FaultyProxy(("127.0.0.1", self._server.port), named_by=json_method)

    def connect(self) -> hvlib.Provider:
        return self.connect_through(self._server.port)

    def connect_through(self, port: int, **options: Any) -> hvlib.Provider:
        url = f"xenapi+http://{self._server.user}@127.0.0.1:{port}"
        return hvlib.connect(url, password=self._server.password, **options)

    def session_rejected(self) -> Fault:
        return Replace(200, "OK", SESSION_INVALID, {"content-type": "application/json"})

    def requests(self) -> Mapping[str, int]:
        return self._server.calls()

    def close(self) -> None:
        self.proxy.close()
        self._server.close()
