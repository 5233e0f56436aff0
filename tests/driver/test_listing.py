"""TokenListing: pages from a server that says with each one where the next begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from hvlib.driver import Page, PageToken, PositionListing, Slice, TokenListing
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


def test_all_its_pages_and_what_is_left_of_it_is_closed() -> None:
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
    """Objects in an order that never changes, in parts of at most ``most``."""

    def __init__(self, number: int, most: int = 50) -> None:
        self.ids = [f"vm-{each}" for each in range(number)]
        self.most = most
        self.asked: list[tuple[int, int]] = []

    def __call__(self, start: int, size: int) -> Slice[Any]:
        self.asked.append((start, size))
        part = self.ids[start : start + min(size, self.most)]
        records = [(id, None if id == "vm-3" else id) for id in part]
        return Slice(records, start + len(part) >= len(self.ids), len(self.ids))  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [1, 4, 7, 40, 100])
def test_by_position_all_come_once_but_those_of_another_kind(size: int) -> None:
    server = Positions(60)
    pages = list(PositionListing(server, size).pages())
    assert [id for page in pages for id in page.items] == [id for id in server.ids if id != "vm-3"]
    assert all(len(page.items) <= size and page.total == 60 for page in pages)
    assert len(server.asked) <= 60 // min(size, 40) + 2


@pytest.mark.parametrize(
    "gone", [["vm-0"], ["vm-19"], ["vm-15", "vm-18", "vm-19"], [f"vm-{each}" for each in range(9)]]
)
def test_by_position_nothing_is_left_out_when_objects_before_it_go(gone: list[str]) -> None:
    server = Positions(60)
    listing = PositionListing(server, 20)
    seen = list(listing.fetch().items)
    server.ids = [id for id in server.ids if id not in gone]
    seen += [id for page in listing.pages() for id in page.items]
    assert seen == [f"vm-{each}" for each in range(60) if each != 3]


def test_by_position_it_is_lost_when_all_that_it_knows_is_gone() -> None:
    server = Positions(60)
    listing = PositionListing(server, 20)
    listing.fetch()
    del server.ids[5:20]
    for _ in range(2):
        with pytest.raises(CursorLost):
            listing.fetch()


def test_by_position_pages_without_an_end_are_an_error() -> None:
    listing = PositionListing(Positions(60, most=10), 20)
    listing.fetch()
    with pytest.raises(ProtocolError, match="too short"):
        listing.fetch()


def test_by_position_only_the_listing_itself_goes_on() -> None:
    listing = PositionListing(Positions(60), 20)
    listing.fetch()
    assert listing.token is None
    with pytest.raises(CursorLost):
        PositionListing(Positions(60), 20, PageToken("20"))
