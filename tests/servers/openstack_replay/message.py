"""Requests and replies of the OpenStack replay, and how each service says no."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Refused", "Reply", "Request", "json_reply", "refusal"]


@dataclass(frozen=True)
class Request:
    """What a client asks. ``id``: what the services call it."""

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
        """What the client says that it is."""
        return self.headers.get("X-Auth-Token", "")

    @property
    def origin(self) -> str:
        """Where the client thinks that we are; so a proxy may stand between us."""
        return f"http://{self.headers.get('Host', '')}"

    def asked(self, name: str) -> str | None:
        """A parameter of the query."""
        return next((value for key, value in self.query if key == name), None)


@dataclass(frozen=True)
class Reply:
    """What the server answers."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """A request that gets an error as its reply."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}


def json_reply(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Reply:
    """A reply in JSON."""
    return Reply(status, json.dumps(content).encode(), {"Content-Type": "application/json", **(headers or {})})


COMPUTE_NAMES = {400: "badRequest", 404: "itemNotFound", 409: "conflictingRequest", 429: "overLimit"}


def refusal(service: str, refused: Refused) -> Reply:
    """An error in the words of a service. A bad token is the same everywhere: it is checked before the service."""
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
