"""Framing: where a reply ends. For http.client, headers that the connection broke off in are whole."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ends_in_headers"]

BODILESS = frozenset({204, 304})
"""The statuses of replies that have no body, and need not say so."""


def ends_in_headers(status: int, headers: Mapping[str, str]) -> bool:
    """Whether a reply of which no body came is whole: its headers say so, or say how a body would end."""
    chunked = headers.get("Transfer-Encoding", "").lower() == "chunked"
    return status in BODILESS or chunked or bool(headers.get("Content-Length"))
