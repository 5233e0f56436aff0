"""Addresses: from a URL to an endpoint."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from hvlib.model.arguments import FOREVER, can_be_sent
from hvlib.model.endpoint import DEFAULT_TIMEOUT, Endpoint, Secret
from hvlib.model.errors import ConfigError

__all__ = ["check_text", "parse_endpoint"]

FORM = "an address reads DRIVER://USER@HOST:PORT; in a user or password write / # ? @ as %2F %23 %3F %40"


def parse_endpoint(url: str, **given: Any) -> Endpoint:
    """Parse a URL. ``given`` are fields of `Endpoint`, which override the URL's unless they are None.

    Raises `ConfigError` for text that is no URL. The message never repeats a password.

    >>> parse_endpoint("vsphere://admin@vc.example.org:8443").port
    8443
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # Its message would repeat the URL, which may have a password in it.
        raise ConfigError("not an address", hint=FORM) from None
    if not parts.scheme or "://" not in url:
        raise ConfigError("not an address: it has no driver://", hint=FORM)
    if "@" in parts.path + parts.fragment:
        raise ConfigError("not an address: an @ after the host", hint=FORM)
    fields: dict[str, Any] = {
        "scheme": parts.scheme,
        "host": unquote(parts.hostname or ""),  # The zone of an IPv6 address is quoted: fe80::1%25eth0.
        "port": port,
        "path": unquote(parts.path),
        "username": unquote(parts.username) if parts.username else None,
        "password": Secret(unquote(parts.password)) if parts.password else None,
    }
    options = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **given.pop("options", {})}
    fields.update({name: value for name, value in given.items() if value is not None})
    for name, value in fields.items():
        check_text(name, value.reveal() if isinstance(value, Secret) else value)
    if not 0 < fields.get("timeout", DEFAULT_TIMEOUT) <= FOREVER:
        raise ConfigError(f"timeout must be a number of seconds above 0, not {fields['timeout']}")
    return Endpoint(options=options, **fields)


def check_text(name: str, value: object) -> None:
    """Raise `ConfigError` for text that can't be sent. The message does not repeat the text: it may be a password.

    No system takes a NUL in a path, and no server takes one in a name. A value that is not text passes.
    """
    if isinstance(value, str) and not can_be_sent(value):
        raise ConfigError(f"{name} can't be sent: UTF-8 can't encode it")
    if isinstance(value, str) and "\0" in value:
        raise ConfigError(f"{name} has a NUL in it")
