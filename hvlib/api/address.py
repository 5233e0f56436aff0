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
    for name, value in fields.items():
        check_text(name, value.reveal() if isinstance(value, Secret) else value)
    if not 0 < fields.get("timeout", DEFAULT_TIMEOUT) <= FOREVER:
        raise ConfigError(f"timeout is a number of seconds above 0, not {fields['timeout']}")
    return Endpoint(options=options, **fields)


def check_text(name: str, value: object) -> None:
    """Raise `ConfigError` for text that can't be sent, without repeating it: it may be a password.

    No system takes a NUL in a path, and no server in a name. What is no text passes.
    """
    if isinstance(value, str) and not can_be_sent(value):
        raise ConfigError(f"{name} is no text that can be sent")
    if isinstance(value, str) and "\0" in value:
        raise ConfigError(f"{name} has a NUL in it")
