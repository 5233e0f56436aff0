"""The Grove server's process: an estate behind JSON over HTTP. `servers.grove` starts it.

::

    POST   /sessions            {"user", "password"}: {"token"}, to be sent as Authorization: Bearer TOKEN
    DELETE /sessions/current
    GET    /about               {"product", "version", "api", "uuid"}
    GET    /hosts /vms /tasks   limit= after= fields=; repeatable: id= uuid= name= state= host= template=
    GET    /changes             after=: the machines that changed since {"last"} of an earlier reply
    POST   /vms                 {"name", "template", ...}: 202 {"task"}
    PATCH  /vms/ID              {"name"}
    DELETE /vms/ID              202 {"task"}
    POST   /vms/ID/power        {"do": "boot" or "cut" or "save" or "restore"}: 202 {"task"}
    POST   /tasks/ID/cancel

A refused request is answered with ``{"error": {"code", "message"}}``. Administrators use `servers.door`.
"""

from __future__ import annotations

import json
import secrets
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any, NoReturn
from urllib.parse import SplitResult, parse_qs, unquote

from servers import http_service
from servers.grove_estate import Estate, Refused

__all__ = ["main"]

STATUSES = {
    "no_session": 401,
    "bad_credentials": 401,
    "forbidden": 403,
    "not_found": 404,
    "wrong_state": 409,
    "busy": 409,
}
"""The HTTP status of each code; 400 for the other codes."""

Reply = tuple[int, Any]


class Service(http_service.Service):
    """The requests and what each does."""

    def __init__(self, user: str, password: str, uuid: str, estate: Estate) -> None:
        self.estate = estate
        self._credentials = (user, password)
        self._about = {"product": "Grove", "version": "4.2", "api": "2", "uuid": uuid}
        self._tokens: set[str] = set()
        self._requests: Counter[str] = Counter()
        self._log: list[str] = []
        self._lock = threading.Lock()
        self._calls: dict[str, Callable[..., Any]] = {
            "add_vm": estate.add_vm,
            "fail_next": estate.fail_next,
            "forget_changes": estate.forget_changes,
            "objects": estate.objects,
            "remove": estate.remove,
            "rename": estate.rename,
            "set_state": estate.set_state,
            "set_template": estate.set_template,
            "set_task_time": lambda seconds: setattr(estate, "task_time", seconds),
            "expire_sessions": self._tokens.clear,
            "sessions": lambda: len(self._tokens),
            "requests": lambda: dict(self._requests),
            "log": lambda: list(self._log),
        }

    @property
    def calls(self) -> Mapping[str, Callable[..., Any]]:
        return self._calls

    def answer(
        self, method: str, path: Sequence[str], query: Mapping[str, Sequence[str]], body: Any, token: str
    ) -> Reply:
        """Return the status and the reply. Raises `Refused`."""
        self._count(method, path)
        if [method, *path] == ["POST", "sessions"]:
            return 201, {"token": self._login(body)}
        if token not in self._tokens:
            raise Refused("no_session", "log in first")
        match [method, *path]:
            case ["DELETE", "sessions", "current"]:
                self._tokens.discard(token)
                return 200, {}
            case ["GET", "about"]:
                return 200, self._about
            case ["GET", "hosts" | "vms" | "tasks" as collection]:
                return 200, self.estate.listing(collection, query)
            case ["GET", "changes"]:
                return 200, self.estate.changes(query)
        reply = self._change(method, path, body)
        self._log.append(f"{method} /{'/'.join(path)} {json.dumps(body, sort_keys=True)}")
        return reply

    def _change(self, method: str, path: Sequence[str], body: Any) -> Reply:
        match [method, *path]:
            case ["PATCH", "vms", id]:
                return 200, self.estate.rename(id, body.get("name"))
            case ["POST", "tasks", id, "cancel"]:
                return 200, self.estate.cancel(id)
        return 202, {"task": self._begin(method, path, body)["id"]}

    def _begin(self, method: str, path: Sequence[str], body: Any) -> dict[str, Any]:
        match [method, *path]:
            case ["POST", "vms"]:
                return self.estate.create(body)
            case ["DELETE", "vms", id]:
                return self.estate.delete(id)
            case ["POST", "vms", id, "power"]:
                return self.estate.power(id, str(body.get("do")))
        raise Refused("not_found", f"there is no {method} /{'/'.join(path)}")

    def _login(self, body: Any) -> str:
        if (body.get("user"), body.get("password")) != self._credentials:
            raise Refused("bad_credentials", "wrong user or password")
        token = secrets.token_urlsafe(16)
        self._tokens.add(token)
        return token

    def _count(self, method: str, path: Sequence[str]) -> None:
        with self._lock:
            self._requests[f"{method} /{'/'.join(path)}"] += 1


class Handler(http_service.Handler[Service]):
    """One connection."""

    numbers = count(1)

    def answer(self, url: SplitResult, body: bytes) -> None:
        try:
            status, reply = self._reply(url, body)
        except Refused as refused:
            status = STATUSES.get(refused.code, 400)
            reply = {"error": {"code": refused.code, "message": str(refused)}}
        headers = {"Content-Type": "application/json", "X-Request-Id": f"grove-{next(self.numbers)}"}
        self.send(status, json.dumps(reply).encode(), headers)

    def _reply(self, url: SplitResult, body: bytes) -> Reply:
        try:
            content = json.loads(body or b"{}")
        except ValueError as error:
            raise Refused("bad_request", f"the body is not JSON: {error}") from error
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        path = [unquote(part) for part in url.path.strip("/").split("/")]
        return self.service.answer(self.command, path, parse_qs(url.query, keep_blank_values=True), content, token)


def main(options: Mapping[str, Any]) -> NoReturn:
    """Serve until standard input closes."""
    estate = Estate(options["uuid"], options["vms"], options["hosts"], options["task_time"])
    service = Service(options["user"], options["password"], options["uuid"], estate)
    http_service.serve(options["port"], Handler, lambda port: service)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
