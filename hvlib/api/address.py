"""Addresses: from a URL to an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from hvlib.model.arguments import FOREVER
from hvlib.model.endpoint import DEFAULT_TIMEOUT, Endpoint, Secret
from hvlib.model.errors import ConfigError

__all__ = ["parse_endpoint"]

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
    _refuse_nul(fields)
    if not 0 < fields.get("timeout", DEFAULT_TIMEOUT) <= FOREVER:
        raise ConfigError(f"timeout is a number of seconds above 0, not {fields['timeout']}")
    return Endpoint(options=options, **fields)


def _refuse_nul(fields: Mapping[str, Any]) -> None:
    """Raise `ConfigError` for a NUL: no system takes it in a path, and no server in a name."""
    for name, value in fields.items():
        told = value.reveal() if isinstance(value, Secret) else value
        if isinstance(told, str) and "\0" in told:
            raise ConfigError(f"{name} has a NUL in it")
