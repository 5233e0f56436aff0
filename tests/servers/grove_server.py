"""The Grove server's process: an estate behind JSON over HTTP. `servers.grove` starts it.

::

    POST   /sessions            {"user", "password"}: {"token"}, to be sent as Authorization: Bearer TOKEN
    DELETE /sessions/current
    GET    /about               {"product", "version", "api", "uuid"}
    GET    /hosts /vms /tasks   limit= after= fields=; repeatable: id= uuid= name= state= host= template=
    POST   /vms                 {"name", "template", ...}: 202 {"task"}
    PATCH  /vms/ID              {"name"}
    DELETE /vms/ID              202 {"task"}
    POST   /vms/ID/power        {"do": "boot" or "cut" or "save" or "restore"}: 202 {"task"}
    POST   /tasks/ID/cancel

What it refuses is ``{"error": {"code", "message"}}``. Below ``/admin`` tests do as they please.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, cast
from urllib.parse import parse_qs, unquote, urlsplit

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
"""The HTTP status of each code; of the others 400."""

Reply = tuple[int, Any]


class Service:
    """What the requests mean."""

    def __init__(self, user: str, password: str, uuid: str, estate: Estate) -> None:
        self.estate = estate
        self._credentials = (user, password)
        self._about = {"product": "Grove", "version": "4.2", "api": "2", "uuid": uuid}
        self._tokens: set[str] = set()
        self._requests: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._admin: dict[str, Callable[..., Any]] = {
            "add_vm": estate.add_vm,
            "fail_next": estate.fail_next,
            "objects": estate.objects,
            "remove": estate.remove,
            "rename": estate.rename,
            "set_state": estate.set_state,
            "set_template": estate.set_template,
            "set_task_time": lambda seconds: setattr(estate, "task_time", seconds),
            "expire_sessions": self._tokens.clear,
            "sessions": lambda: len(self._tokens),
            "requests": lambda: dict(self._requests),
        }

    def answer(
        self, method: str, path: Sequence[str], asked: Mapping[str, Sequence[str]], body: Any, token: str
    ) -> Reply:
        """The status and the reply. Raises `Refused`."""
        match [method, *path]:
            case ["POST", "admin", name]:
                return 200, self._admin[name](**body)
            case ["POST", "sessions"]:
                self._count(method, path)
                return 201, {"token": self._login(body)}
        self._count(method, path)
        if token not in self._tokens:
            raise Refused("no_session", "log in first")
        match [method, *path]:
            case ["DELETE", "sessions", "current"]:
                self._tokens.discard(token)
                return 200, {}
            case ["GET", "about"]:
                return 200, self._about
            case ["GET", "hosts" | "vms" | "tasks" as collection]:
                return 200, self.estate.listing(collection, asked)
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
        raise Refused("not_found", f"{method} /{'/'.join(path)} is nothing")

    def _login(self, body: Any) -> str:
        if (body.get("user"), body.get("password")) != self._credentials:
            raise Refused("bad_credentials", "wrong user or password")
        token = secrets.token_urlsafe(16)
        self._tokens.add(token)
        return token

    def _count(self, method: str, path: Sequence[str]) -> None:
        with self._lock:
            self._requests[f"{method} /{'/'.join(path)}"] += 1


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # A reply leaves in one piece: in two, the second waits for the client's delayed acknowledgement.
    numbers = count(1)

    def answer(self) -> None:
        """One request."""
        try:
            status, reply = self._reply()
        except Refused as refused:
            status = STATUSES.get(refused.code, 400)
            reply = {"error": {"code": refused.code, "message": str(refused)}}
        data = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("X-Request-Id", f"grove-{next(self.numbers)}")
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815 -- the names that http.server looks for

    def _reply(self) -> Reply:
        url = urlsplit(self.path)
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            body = json.loads(data or b"{}")
        except ValueError as error:
            raise Refused("bad_request", f"no JSON: {error}") from error
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        path = [unquote(part) for part in url.path.strip("/").split("/")]
        service = cast(GroveHTTPServer, self.server).service
        return service.answer(self.command, path, parse_qs(url.query, keep_blank_values=True), body, token)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: `requests` tells."""


class GroveHTTPServer(ThreadingHTTPServer):
    """A thread for each connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, service: Service) -> None:
        self.service = service
        super().__init__(("127.0.0.1", port), Handler)


def main(options: Mapping[str, Any]) -> None:
    """Serve until standard input closes."""
    estate = Estate(options["uuid"], options["vms"], options["hosts"], options["task_time"])
    service = Service(options["user"], options["password"], options["uuid"], estate)
    server = GroveHTTPServer(options["port"], service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": str(server.server_address[1])}), flush=True)
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
