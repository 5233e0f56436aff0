"""TokenListing: a listing for servers that return with each page a token of the next one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hvlib.driver.listing import Listing, ServerPage
from hvlib.model.errors import ProtocolError
from hvlib.model.page import Page, PageToken
from hvlib.model.resources import Resource

__all__ = ["TokenListing"]

R = TypeVar("R", bound=Resource)


class TokenListing(Listing[R]):
    """A listing whose server returns with each page a token of the next one, valid in any session.

    The server holds nothing for the listing. ``read`` returns the page of a token (None: the first page). It raises
    `CursorLost` for a token that can't be continued.
    """

    def __init__(self, read: Callable[[PageToken | None], Page[R]], after: PageToken | None) -> None:
        self.token = after
        self._read = read
        self._seen_tokens: set[PageToken | None] = {after}

    def fetch(self) -> ServerPage[R]:
        """`Listing.fetch`. Raises `ProtocolError` if the server repeats a token: the listing would never end."""
        page = self._read(self.token)
        if page.next is not None and page.next in self._seen_tokens:
            raise ProtocolError("the server returned the same page token twice: the listing would never end")
        self._seen_tokens.add(page.next)
        self.token = page.next
        return ServerPage(page.items, page.next is None, page.total)
