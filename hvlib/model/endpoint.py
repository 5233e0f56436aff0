"""Endpoint: where a provider is and how to reach it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec

__all__ = ["DEFAULT_TIMEOUT", "Endpoint", "Secret"]

DEFAULT_TIMEOUT = 30.0


class Secret:
    """A password or token that no repr, log or traceback shows; ``reveal()`` returns it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself."""
        return self._value

    def __repr__(self) -> str:
        return "<secret>"

    def __reduce__(self) -> Any:
        raise TypeError("a secret can't be pickled or copied")


class Endpoint(msgspec.Struct, frozen=True):
    """A parsed address, with the settings to log in with.

    | scheme: names the driver; after a ``+`` it may name a transport (``xenapi+http``)
    | host, port, path, username: from the URL; "" or None where it has none
    | password: None where there is none
    | options: the URL's query and the keyword options of ``connect``, for the driver
    | verify: whether TLS certificates are verified; None: not set, so they are
    | cacert: a PEM file to verify them with
    | timeout: seconds that one request may take
    """

    scheme: str
    host: str = ""
    port: int | None = None
    path: str = ""
    username: str | None = None
    password: Secret | None = None
    options: Mapping[str, Any] = {}
    verify: bool | None = None
    cacert: str | None = None
    timeout: float = DEFAULT_TIMEOUT

    def __repr__(self) -> str:
        """The address and the names of the options. Only the driver knows which options' values are secrets."""
        return f"<Endpoint {self.url} {' '.join(sorted(self.options))}".rstrip() + ">"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("url", self.url)]

    @property
    def driver(self) -> str:
        """The driver's name: the scheme up to a ``+``."""
        return self.scheme.partition("+")[0]

    @property
    def transport(self) -> str | None:
        """The transport that the scheme names after a ``+``; None without one."""
        _, plus, name = self.scheme.partition("+")
        return name if plus else None

    @property
    def url(self) -> str:
        """The address without the password, for people."""
        user = f"{quote(self.username, safe='')}@" if self.username else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{user}{host}{port}{self.path}"
