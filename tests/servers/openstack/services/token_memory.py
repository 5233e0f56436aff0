"""The services' cache of tokens, which some tests must clear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from keystonemiddleware.auth_token import _cache

__all__ = ["install"]

EXPIRED = Path("tokens-expired")


def install() -> None:
    """Have keystone's middleware clear its cache when the file EXPIRED is written, and not only after a second."""
    client = _cache._FakeClient
    get = client.get

    def get_cached(self: Any, key: str) -> Any:
        expired = EXPIRED.stat().st_mtime_ns if EXPIRED.exists() else 0
        if getattr(self, "expired", 0) != expired:
            self.cache.clear()
            self.expired = expired
        return get(self, key)

    client.get = get_cached
