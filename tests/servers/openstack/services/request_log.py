"""The logs of a service's requests."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

__all__ = ["RequestLog"]


HELD = Path("held")
POLL_SECONDS = 0.01

FIRST_ERROR = 400
"""The lowest HTTP status of a request that is not carried out."""


class RequestLog:
    """A WSGI application that logs each request at one port, one a line: in ``requests`` before it is answered.

    Requests other than GET that are carried out are logged in ``changes`` too, each with a digest of its body.
    While the file HELD exists, requests at that port wait.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]], project: str, public: socket.socket) -> None:
        self._application = application
        self._port = str(public.getsockname()[1])
        self._requests, self._changes = _log(Path("requests", project)), _log(Path("changes", project))

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["SERVER_PORT"] != self._port:
            return self._application(environ, start_response)
        while HELD.exists():
            time.sleep(POLL_SECONDS)
        request = f"{environ['REQUEST_METHOD']} {environ['SCRIPT_NAME']}{environ['PATH_INFO']}"
        os.write(self._requests, f"{request}\n".encode())
        if environ["REQUEST_METHOD"] == "GET":
            return self._application(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)

        def start_and_log(status: str, *details: Any) -> Any:
            if int(status[:3]) < FIRST_ERROR:
                os.write(self._changes, f"{request} {hashlib.sha256(body).hexdigest()}\n".encode())
            return start_response(status, *details)

        return self._application(environ, start_and_log)


def _log(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
