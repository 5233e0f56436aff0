"""The log of requests."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

__all__ = ["RequestLog"]


HELD = Path("held")
POLL_SECONDS = 0.01


class RequestLog:
    """A WSGI application that logs each request at one port, one a line, before it is answered.

    While the file HELD exists, requests at that port wait.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]], path: Path, public: socket.socket) -> None:
        self._application = application
        self._port = str(public.getsockname()[1])
        self._log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["SERVER_PORT"] == self._port:
            path = environ["SCRIPT_NAME"] + environ["PATH_INFO"]
            while HELD.exists():
                time.sleep(POLL_SECONDS)
            os.write(self._log, f"{environ['REQUEST_METHOD']} {path}\n".encode())
        return self._application(environ, start_response)
