"""TokenListing and PositionListing: listings for servers that page by token or by position."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from hvlib.driver import Page, PageToken, PositionListing, Slice, TokenListing
from hvlib.model.errors import ConnectionFailed, CursorLost, HvlibError, ProtocolError


class Reader:
    """Reads three pages, a to c. Each error is raised once, instead of its page."""

    def __init__(self, errors: Mapping[PageToken | None, HvlibError] | None = None) -> None:
        self.errors = dict(errors or {})
        self.requests: list[PageToken | None] = []

    def __call__(self, after: PageToken | None) -> Page[Any]:
        self.requests.append(after)
        if after in self.errors:
            raise self.errors.pop(after)
        name = after or "a"
        return Page([name], None if name == "c" else PageToken(chr(ord(name) + 1)), 3)


def test_a_page_has_its_items_and_whether_it_is_the_last() -> None:
    listing = TokenListing(Reader(), None)
    pages = [listing.fetch() for _ in range(3)]
    assert [(page.items, page.last, page.total) for page in pages] == [
        (["a"], False, 3),
        (["b"], False, 3),
        (["c"], True, 3),
    ]


def test_another_listing_continues_from_its_token() -> None:
    listing = TokenListing(Reader(), None)
    assert listing.token is None
    listing.fetch()
    other = TokenListing(Reader(), listing.token)
    assert (other.fetch().items, listing.fetch().items) == (["b"], ["b"])
    assert listing.token == other.token == "c"


@pytest.mark.parametrize("error", [ConnectionFailed("reset"), CursorLost("gone")])
@pytest.mark.parametrize("at", [None, PageToken("b"), PageToken("c")])
def test_after_an_error_the_same_page_is_fetched(error: HvlibError, at: PageToken | None) -> None:
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
    assert len(reader.requests) == 4


@pytest.mark.parametrize("cycle", ["b", "bc", "bcd"])
@pytest.mark.parametrize("after", [None, PageToken("a")])
def test_tokens_in_a_cycle_are_an_error(cycle: str, after: PageToken | None) -> None:
    """Each further `fetch` raises it too."""
    next_tokens = {after: cycle[0], **dict(zip(cycle, cycle[1:] + cycle[0], strict=True))}
    listing: TokenListing[Any] = TokenListing(lambda token: Page([], PageToken(next_tokens[token])), after)
    for _ in cycle:
        assert not listing.fetch().last
    for _ in range(2):
        with pytest.raises(ProtocolError, match="would never end"):
            listing.fetch()


def test_a_token_equal_to_the_listings_first_one_is_an_error() -> None:
    listing: TokenListing[Any] = TokenListing(lambda _: Page([], PageToken("a")), PageToken("a"))
    with pytest.raises(ProtocolError, match="would never end"):
        listing.fetch()


def test_pages_returns_the_remaining_pages_and_closes_the_listing_if_it_is_stopped() -> None:
    assert [page.items for page in TokenListing(Reader(), PageToken("b")).pages()] == [["b"], ["c"]]
    closed: list[int] = []
    listing = TokenListing(Reader(), None)
    listing.close = lambda: closed.append(1)  # type: ignore[method-assign]
    pages = listing.pages()
    next(pages)
    pages.close()
    assert closed == [1]
    list(listing.pages())
    assert closed == [1]


class Positions:
    """Objects in an order that never changes, in parts of at most ``max_size``."""

    def __init__(self, number: int, max_size: int = 50) -> None:
        self.ids = [f"vm-{index}" for index in range(number)]
        self.max_size = max_size
        self.requests: list[tuple[int, int]] = []

    def __call__(self, start: int, size: int) -> Slice[Any]:
        self.requests.append((start, size))
        part = self.ids[start : start + min(size, self.max_size)]
        records = [(id, None if id == "vm-3" else id) for id in part]
        return Slice(records, start + len(part) >= len(self.ids), len(self.ids))  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [1, 4, 7, 40, 100])
def test_by_position_each_object_of_the_kind_is_listed_once(size: int) -> None:
    server = Positions(60)
    pages = list(PositionListing(server, size).pages())
    assert [id for page in pages for id in page.items] == [id for id in server.ids if id != "vm-3"]
    assert all(len(page.items) <= size and page.total == 60 for page in pages)
    assert len(server.requests) <= 60 // min(size, 40) + 2


@pytest.mark.parametrize(
    "deleted", [["vm-0"], ["vm-19"], ["vm-15", "vm-18", "vm-19"], [f"vm-{index}" for index in range(9)]]
)
def test_by_position_no_object_is_left_out_when_earlier_objects_are_deleted(deleted: list[str]) -> None:
    server = Positions(60)
    listing = PositionListing(server, 20)
    seen = list(listing.fetch().items)
    server.ids = [id for id in server.ids if id not in deleted]
    seen += [id for page in listing.pages() for id in page.items]
    assert seen == [f"vm-{index}" for index in range(60) if index != 3]


def test_by_position_the_listing_is_lost_when_all_objects_of_the_overlap_are_deleted() -> None:
    server = Positions(60)
    listing = PositionListing(server, 20)
    listing.fetch()
    del server.ids[5:20]
    for _ in range(2):
        with pytest.raises(CursorLost):
            listing.fetch()


def test_by_position_pages_that_are_too_short_are_an_error() -> None:
    listing = PositionListing(Positions(60, max_size=10), 20)
    listing.fetch()
    with pytest.raises(ProtocolError, match="too short"):
        listing.fetch()


def test_by_position_a_listing_can_not_be_continued_from_a_token() -> None:
    listing = PositionListing(Positions(60), 20)
    listing.fetch()
    assert listing.token is None
    with pytest.raises(CursorLost):
        PositionListing(Positions(60), 20, PageToken("20"))
