"""Page: one server page of a listing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, NewType, TypeVar

import msgspec

__all__ = ["Page", "PageToken"]

R = TypeVar("R", bound=Any)

PageToken = NewType("PageToken", str)
"""The place where a listing goes on: text that can be kept where the server's tokens outlive a session."""


class Page(msgspec.Struct, Generic[R], frozen=True):
    """One server page. ``next`` is None on the last; ``total`` the number of all objects where the server counts."""

    items: Sequence[R]
    next: PageToken | None = None
    total: int | None = None
