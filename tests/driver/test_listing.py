"""TokenListing: pages from a server that says with each one where the next begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from hvlib.driver import Page, PageToken, TokenListing
from hvlib.model.errors import ConnectionFailed, CursorLost, HvlibError, ProtocolError


class Reader:
    """Three pages, a to c. Each error is raised once, in place of its page."""

    def __init__(self, errors: Mapping[PageToken | None, HvlibError] | None = None) -> None:
        self.errors = dict(errors or {})
        self.asked: list[PageToken | None] = []

    def __call__(self, after: PageToken | None) -> Page[Any]:
        self.asked.append(after)
        if after in self.errors:
            raise self.errors.pop(after)
        name = after or "a"
        return Page([name], None if name == "c" else PageToken(chr(ord(name) + 1)), 3)


def test_a_page_has_its_items_and_says_whether_it_is_the_last() -> None:
    listing = TokenListing(Reader(), None)
    pages = [listing.fetch() for _ in range(3)]
    assert [(page.items, page.last, page.total) for page in pages] == [
        (["a"], False, 3),
        (["b"], False, 3),
        (["c"], True, 3),
    ]


def test_its_token_is_where_another_listing_goes_on() -> None:
    listing = TokenListing(Reader(), None)
    assert listing.token is None
    listing.fetch()
    other = TokenListing(Reader(), listing.token)
    assert (other.fetch().items, listing.fetch().items) == (["b"], ["b"])
    assert listing.token == other.token == "c"


@pytest.mark.parametrize("error", [ConnectionFailed("reset"), CursorLost("gone")])
@pytest.mark.parametrize("at", [None, PageToken("b"), PageToken("c")])
def test_after_an_error_the_same_page_comes(error: HvlibError, at: PageToken | None) -> None:
    reader = Reader({at: error})
    listing = TokenListing(reader, None)
    items: list[str] = []
    while listing.token != at:
        items += listing.fetch().items
    with pytest.raises(type(error)):
        listing.fetch()
    assert listing.token == at
    while len(items) < 3:
        items += listing.fetch().items
    assert items == ["a", "b", "c"]
    assert len(reader.asked) == 4


@pytest.mark.parametrize("cycle", ["b", "bc", "bcd"])
@pytest.mark.parametrize("after", [None, PageToken("a")])
def test_pages_without_an_end_are_an_error(cycle: str, after: PageToken | None) -> None:
    """However often they are asked for."""
    following = {after: cycle[0], **dict(zip(cycle, cycle[1:] + cycle[0], strict=True))}
    listing: TokenListing[Any] = TokenListing(lambda token: Page([], PageToken(following[token])), after)
    for _ in cycle:
        assert not listing.fetch().last
    for _ in range(2):
        with pytest.raises(ProtocolError, match="no end"):
            listing.fetch()


def test_a_page_that_leads_back_to_where_the_listing_began_is_an_error() -> None:
    listing: TokenListing[Any] = TokenListing(lambda _: Page([], PageToken("a")), PageToken("a"))
    with pytest.raises(ProtocolError, match="no end"):
        listing.fetch()
