"""The administrator's door of a test server: calls by which a test changes the server, without a session.

A call is ``POST /hvlib/NAME`` with its arguments as a JSON object. The reply is ``{"result"}`` or ``{"error"}``.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["PATH", "answer", "call"]

PATH = "/hvlib/"
TIMEOUT = 10.0


def call(port: int, name: str, arguments: Mapping[str, Any]) -> Any:
    """Make a call and return its result. Raises ValueError with the server's error message."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request("POST", PATH + name, json.dumps(arguments))
        reply = json.load(connection.getresponse())
    finally:
        connection.close()
    if "error" in reply:
        raise ValueError(f"{name}: {reply['error']}")
    return reply["result"]


def answer(calls: Mapping[str, Callable[..., Any]], name: str, arguments: bytes) -> bytes:
    """Carry out a call on the server's side and return the body of the reply, whose status is always 200."""
    try:
        reply = {"result": calls[name](**json.loads(arguments))}
    except Exception as error:
        reply = {"error": repr(error)}
    return json.dumps(reply).encode()
