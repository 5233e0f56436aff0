"""A plain HTTP client of the OpenStack replay, for tests."""

from __future__ import annotations

import http.client
import json
from email.message import Message
from typing import Any
from urllib.parse import urlsplit

from servers.openstack_replay.replay import OpenStackReplay

__all__ = ["Client", "next_of"]

TOKENS = "/identity/v3/auth/tokens"


class Client:
    """A user with one connection and, after `log_in`, a token."""

    def __init__(self, server: OpenStackReplay, port: int = 0) -> None:
        self._server = server
        self._connection = http.client.HTTPConnection("127.0.0.1", port or server.port, timeout=20)
        self.token = ""
        self.headers = Message()

    def send(self, method: str, address: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        content = None if body is None else json.dumps(body)
        self._connection.request(method, address, content, {"X-Auth-Token": self.token, **extra})
        response = self._connection.getresponse()
        self.headers = response.headers
        return response.status, response.read()

    def get(self, address: str, **headers: str) -> Any:
        status, body = self.send("GET", address, **headers)
        assert status == 200, body
        return json.loads(body)

    def refused(self, address: str, **headers: str) -> int:
        status, body = self.send("GET", address, **headers)
        assert isinstance(json.loads(body), dict)
        return status

    def log_in(self, identity: Any = None, scope: Any = None) -> tuple[int, Any]:
        status, body = self.send("POST", TOKENS, {"auth": {"identity": identity or self.password(), "scope": scope}})
        self.token = self.headers.get("X-Subject-Token", "")
        return status, json.loads(body)

    def password(self, **changed: str) -> Any:
        known = self._server.credentials
        user = {"name": known["user"], "domain": {"name": "Default"}, "password": known["password"], **changed}
        return {"methods": ["password"], "password": {"user": user}}

    def pages(self, key: str, address: str) -> list[list[Any]]:
        """Return the records of all pages, page by page, following the links."""
        pages = []
        following: str | None = address
        while following:
            page = self.get(following)
            pages.append(page[key])
            following = next_of(key, page)
        return pages

    def close(self) -> None:
        self._connection.close()


def next_of(key: str, page: Any) -> str | None:
    """Return the path and query of the next page."""
    if "next" in page:
        return f"/image{page['next']}"
    link = next((each["href"] for each in page.get(f"{key}_links", []) if each["rel"] == "next"), "")
    return urlsplit(link)._replace(scheme="", netloc="").geturl() or None
