"""PageChain: the page tokens that a listing has passed, so that an endless one is noticed."""

from __future__ import annotations

from typing import Any, TypeVar

from hvlib.driver import Page, PageToken
from hvlib.model.errors import ProtocolError
from hvlib.model.query import Query
from hvlib.model.resources import Resource

__all__ = ["PageChain"]

R = TypeVar("R", bound=Resource)


class PageChain:
    """The tokens of one listing, in the order of its pages."""

    def __init__(self) -> None:
        self._passed: set[PageToken] = set()

    def check(self, page: Page[R], query: Query[Any], token: PageToken | None) -> Page[R]:
        """The page that was fetched at ``token``.

        Raises `ProtocolError` if its next one was there before: the listing would have no end.
        """
        if token is not None:
            self._passed.add(token)
        if page.next in self._passed:
            raise ProtocolError(f"the server's next page of {query.kind.kind} was there before: there is no end")
        return page
