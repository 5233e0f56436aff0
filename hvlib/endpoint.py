"""Endpoint: where a provider is and how to reach it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import msgspec

from hvlib.errors import ConfigError

__all__ = ["Endpoint", "Secret", "parse_endpoint"]

DEFAULT_TIMEOUT = 30.0
FORM = "an address reads DRIVER://USER@HOST:PORT; in a user or password write / # ? @ as %2F %23 %3F %40"


class Secret:
    """A password or token that no repr, log or traceback shows; ``reveal()`` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself."""
        return self._value

    def __repr__(self) -> str:
        return "<secret>"

    def __reduce__(self) -> Any:
        raise TypeError("a secret is not to be written anywhere")


class Endpoint(msgspec.Struct, frozen=True):
    """An address, taken apart, with what is needed to log in.

    | scheme: names the driver; after a ``+`` it may name a transport (``xenapi+http``)
    | host, port, path, username: from the URL; "" or None where it has none
    | password: None where there is none
    | options: the URL's query and the keyword options of ``connect``, for the driver
    | verify: whether TLS certificates are verified; None: nobody said, so they are
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
        """Without the options' values: they may be secrets too, and drivers alone know which."""
        return f"<Endpoint {self.url} {' '.join(sorted(self.options))}".rstrip() + ">"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("url", self.url)]

    @property
    def driver(self) -> str:
        """The driver's name: the scheme up to a ``+``."""
        return self.scheme.partition("+")[0]

    @property
    def url(self) -> str:
        """The address without the password, for people."""
        user = f"{quote(self.username, safe='')}@" if self.username else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}://{user}{host}{port}{self.path}"


def parse_endpoint(url: str, **given: Any) -> Endpoint:
    """Take a URL apart. ``given`` are fields of `Endpoint` that override the URL's; None leaves them.

    Raises `ConfigError` for what is no URL, without repeating a password in it.

    >>> parse_endpoint("vsphere://admin@vc.example.org:8443").port
    8443
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # Its words would repeat the URL, and a password in it.
        raise ConfigError("not an address", hint=FORM) from None
    if not parts.scheme or "://" not in url:
        raise ConfigError("not an address: it has no driver://", hint=FORM)
    if "@" in parts.path + parts.fragment:
        raise ConfigError("not an address: an @ after the host", hint=FORM)
    fields: dict[str, Any] = {
        "scheme": parts.scheme,
        "host": parts.hostname or "",
        "port": port,
        "path": unquote(parts.path),
        "username": unquote(parts.username) if parts.username else None,
        "password": Secret(unquote(parts.password)) if parts.password else None,
    }
    options = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **given.pop("options", {})}
    fields.update({name: value for name, value in given.items() if value is not None})
    if fields.get("timeout", DEFAULT_TIMEOUT) <= 0:
        raise ConfigError(f"timeout is a number of seconds above 0, not {fields['timeout']}")
    return Endpoint(options=options, **fields)
