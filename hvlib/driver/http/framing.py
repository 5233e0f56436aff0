"""Framing: finds replies that broke off within their headers, which http.client takes for whole replies."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["ends_in_headers"]

BODILESS = frozenset({204, 304})
"""The statuses whose replies have no body, and need no header that says so."""


def ends_in_headers(status: int, headers: Mapping[str, str]) -> bool:
    """Whether a reply without a body is whole: its status has no body, or its headers say how long a body is."""
    chunked = headers.get("Transfer-Encoding", "").lower() == "chunked"
    return status in BODILESS or chunked or bool(headers.get("Content-Length"))
