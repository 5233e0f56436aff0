"""Page: one server page of a listing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, NewType, TypeVar

import msgspec

__all__ = ["Page", "PageToken"]

R = TypeVar("R", bound=Any)

PageToken = NewType("PageToken", str)
"""A position in a listing, for ``get_all(after=...)``: text, which can be stored where the server's tokens outlive a
session."""


class Page(msgspec.Struct, Generic[R], frozen=True):
    """One server page.

    | items: the page's objects
    | next: the token for the next page; None on the last one
    | total: the number of all objects; None where the server does not count them
    """

    items: Sequence[R]
    next: PageToken | None = None
    total: int | None = None
