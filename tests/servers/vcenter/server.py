"""The vCenter's process: SOAP over HTTP, and its administrator's calls. `servers.vcenter.vcenter` starts it."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
from urllib.parse import SplitResult

from servers import http_service
from servers.vcenter import messages
from servers.vcenter.inventory import Entity
from servers.vcenter.sdk import vim, vmodl
from servers.vcenter.service import WSDL, VCenter

__all__ = ["main"]

COOKIE = "vmware_soap_session"
PATH = "/sdk"
XML = {"Content-Type": "text/xml; charset=utf-8"}


class Service(http_service.Service):
    """The vCenter, and the calls of its administrator."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.vcenter = VCenter(options)
        self.compresses = options["gzip"]
        self.compressed = 0
        """The number of replies that were compressed."""
        calls: tuple[Callable[..., Any], ...] = (
            self.create_vm,
            self.remove,
            self.change,
            self.set_power,
            self.set_template,
            self.ask,
            self.deny,
            self.allow_all,
            self.expire_sessions,
            self.destroy_views,
            self.lose_versions,
            self.leftovers,
            self.count_calls,
            self.count_compressed,
        )
        self._calls = {call.__name__: self._locked(call) for call in calls}

    @property
    def calls(self) -> Mapping[str, Callable[..., Any]]:
        return self._calls

    def _locked(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def locked(**arguments: Any) -> Any:
            with self.vcenter.inventory.lock:
                return call(**arguments)

        return locked

    def _entity(self, id: str) -> Entity:
        return self.vcenter.inventory.entities[id]

    def create_vm(self, name: str) -> str:
        """`VCenter.create_vm`."""
        pool = vim.ResourcePool("resgroup-21")
        return str(self.vcenter.machines.add(self._entity("group-v3"), name, pool)._moId)

    def remove(self, id: str) -> None:
        """`VCenter.remove`."""
        self.vcenter.machines.remove(self._entity(id))

    def change(self, id: str, path: str, value: Any) -> None:
        """`VCenter.change`."""
        self.vcenter.inventory.change(self._entity(id), path, value)

    def set_power(self, id: str, state: str) -> None:
        """`VCenter.set_power`."""
        self.vcenter.machines.set_power(self._entity(id), state)

    def set_template(self, id: str, template: bool) -> None:
        """`VCenter.set_template`."""
        self.vcenter.machines.mark(self._entity(id), template)

    def ask(self, id: str, text: str, choices: Mapping[str, str]) -> None:
        """`VCenter.ask`."""
        self.vcenter.machines.ask(self._entity(id), text, choices)

    def deny(self, id: str, paths: list[str]) -> None:
        """`VCenter.deny`."""
        self.vcenter.inventory.deny(id, frozenset(paths))

    def allow_all(self) -> None:
        """`VCenter.allow_all`."""
        self.vcenter.inventory.allow_all()

    def expire_sessions(self) -> None:
        """`VCenter.expire_sessions`."""
        self.vcenter.sessions.end_all()

    def destroy_views(self) -> None:
        """`VCenter.destroy_views`."""
        for id in list(self.vcenter.views.all):
            self.vcenter.views.destroy(id)

    def lose_versions(self) -> None:
        """`VCenter.lose_versions`."""
        for session in self.vcenter.sessions.all.values():
            for collector in session.collectors.values():
                collector.lose_version()

    def leftovers(self) -> dict[str, int]:
        """`VCenter.leftovers`."""
        sessions = self.vcenter.sessions.all.values()
        collectors = [each for session in sessions for each in session.collectors.values()]
        return {
            "sessions": len(sessions),
            "views": len(self.vcenter.views.all),
            "collectors": len(collectors) - len(sessions),
            "filters": sum(len(each.filters) for each in collectors),
        }

    def count_calls(self) -> dict[str, int]:
        """`VCenter.calls`."""
        return dict(self.vcenter.calls)

    def count_compressed(self) -> int:
        """`VCenter.compressed`."""
        return self.compressed


class Handler(http_service.Handler[Service]):
    """One connection."""

    def answer(self, url: SplitResult, body: bytes) -> None:
        if self.command == "GET":
            known = url.path in (f"{PATH}/vimServiceVersions.xml", f"{PATH}/vim/vimServiceVersions.xml")
            self.send(200 if known else 404, WSDL.encode() if known else b"", XML)
            return
        status, reply, headers = self._reply(body)
        if self.service.compresses and "gzip" in self.headers.get("Accept-Encoding", ""):
            reply, headers = gzip.compress(reply, 1), {**headers, "Content-Encoding": "gzip"}
            self.service.compressed += 1
        self.send(status, reply, {**XML, **headers})

    def _reply(self, body: bytes) -> tuple[int, bytes, Mapping[str, str]]:
        try:
            request = messages.read_request(body)
            result, cookie = self.service.vcenter.answer(request, self._cookie())
            headers = {} if cookie is None else {"Set-Cookie": f'{COOKIE}="{cookie}"; Path=/; HttpOnly'}
            return 200, messages.reply(request, result), headers
        except vmodl.MethodFault as fault:
            return 500, messages.fault(fault), {}

    def _cookie(self) -> str:
        for each in self.headers.get("Cookie", "").split(";"):
            name, _, value = each.strip().partition("=")
            if name == COOKIE:
                return value.strip('"')
        return ""


def main(options: Mapping[str, Any]) -> NoReturn:
    """Serve until standard input closes."""
    service = Service(options)
    http_service.serve(options["port"], Handler, lambda port: service)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
