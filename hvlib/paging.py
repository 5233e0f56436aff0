"""One step of a listing, whoever takes it."""

from __future__ import annotations

from typing import TypeVar

from hvlib.driver import Adapter, Page, PageToken
from hvlib.errors import ProtocolError
from hvlib.query import Query
from hvlib.resources import Resource

__all__ = ["next_page"]

R = TypeVar("R", bound=Resource)


def next_page(adapter: Adapter[R], query: Query[R], token: PageToken | None, passed: set[PageToken]) -> Page[R]:
    """The page at a token, which is added to those that the listing has ``passed``.

    Raises `ProtocolError` if the next one is among them: there would be no end.
    """
    page = adapter.page(query, token)
    if token is not None:
        passed.add(token)
    if page.next in passed:
        raise ProtocolError(
            f"the server's next page of {query.kind.kind} is one that was there before: there is no end"
        )
    return page
