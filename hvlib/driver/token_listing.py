"""TokenListing: for servers that say with each page where the next one begins."""

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
    """A listing whose server says with each page where the next one begins, to whoever asks: it holds nothing.

    ``read`` gives the page at a token, None for the first one. It raises `CursorLost` for a token that can't be
    continued.
    """

    def __init__(self, read: Callable[[PageToken | None], Page[R]], after: PageToken | None) -> None:
        self.token = after
        self._read = read
        self._passed: set[PageToken | None] = {after}

    def fetch(self) -> ServerPage[R]:
        """`Listing.fetch`. Raises `ProtocolError` if the next page is one that was there before: there is no end."""
        page = self._read(self.token)
        if page.next is not None and page.next in self._passed:
            raise ProtocolError("the server's next page was there before: the listing has no end")
        self._passed.add(page.next)
        self.token = page.next
        return ServerPage(page.items, page.next is None, page.total)
