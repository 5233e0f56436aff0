"""One step of a listing, whoever takes it."""

from __future__ import annotations

from typing import TypeVar

from hvlib.driver import Adapter, Page, PageToken
from hvlib.errors import ProtocolError
from hvlib.query import Query
from hvlib.resources import Resource

__all__ = ["next_page"]

R = TypeVar("R", bound=Resource)


def next_page(adapter: Adapter[R], query: Query[R], token: PageToken | None) -> Page[R]:
    """The page at a token. Raises `ProtocolError` if the next one is this one again: there would be no end."""
    page = adapter.page(query, token)
    if token is not None and page.next == token:
        raise ProtocolError(f"the server's next page of {query.kind.kind} is this page again: there is no end")
    return page
