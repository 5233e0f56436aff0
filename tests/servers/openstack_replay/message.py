"""Requests and replies of the OpenStack replay, and the error format of each service."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Refused", "Reply", "Request", "json_reply", "refusal"]


@dataclass(frozen=True)
class Request:
    """A client's request. ``id`` is the request id that the services give it."""

    method: str
    path: str
    query: Sequence[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes
    id: str = ""

    @property
    def service(self) -> str:
        """The first part of the path: each service has its own."""
        return self.path.split("/")[1]

    @property
    def token(self) -> str:
        """The token that the client sent."""
        return self.headers.get("X-Auth-Token", "")

    @property
    def origin(self) -> str:
        """The address that the client sent the request to. With a proxy before us, it is the proxy's."""
        return f"http://{self.headers.get('Host', '')}"

    def parameter(self, name: str) -> str | None:
        """Return the first value of a parameter of the query."""
        return next((value for key, value in self.query if key == name), None)


@dataclass(frozen=True)
class Reply:
    """A reply of the server."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """A request is answered with an error."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}


def json_reply(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """Return a reply in JSON."""
    return Reply(status, json.dumps(content).encode(), {"Content-Type": "application/json", **(headers or {})})


COMPUTE_NAMES = {400: "badRequest", 404: "itemNotFound", 409: "conflictingRequest", 429: "overLimit"}


def refusal(service: str, refused: Refused) -> Reply:
    """Return an error in a service's format. For a bad token the format is the same in all: it is checked before."""
    status, message = refused.status, str(refused)
    body: dict[str, Any] = {"error": {"code": status, "message": message, "title": "Unauthorized"}}
    if status != 401:
        match service:
            case "compute" | "volume":
                body = {COMPUTE_NAMES.get(status, "computeFault"): {"code": status, "message": message}}
            case "network":
                body = {"NeutronError": {"type": "HTTPBadRequest", "message": message, "detail": ""}}
            case "image":
                body = {"message": message, "code": str(status), "title": message}
            case _:
                body = {"error": {"code": status, "message": message, "title": message}}
    return json_reply(status, body, refused.headers)
