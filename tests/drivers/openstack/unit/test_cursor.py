"""Cursors: damaged text is not taken for a cursor, and no deleted server is left out."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import pytest
from hvlib_openstack.watch.cursor import Cursor, total
from hvlib_openstack.watch.server_watcher import OVERLAP, YOUNG_AGE
from hypothesis import given
from hypothesis import strategies as st

from hvlib.errors import CursorLost

IDENTIFIERS = st.uuids().map(str)
CURSORS = st.builds(
    Cursor,
    region=IDENTIFIERS,
    scope=st.text(max_size=40),
    at=st.integers(0, 1 << 40),
    servers=st.integers(0, 1 << 20),
    sum=st.integers(0, (1 << 128) - 1).map(lambda number: f"{number:x}"),
    young=st.lists(IDENTIFIERS, max_size=3).map(tuple),
    told=st.lists(IDENTIFIERS, max_size=3).map(tuple),
)


@given(CURSORS)
def test_decoding_an_encoded_cursor(cursor: Cursor) -> None:
    assert Cursor.decode(cursor.encode()) == cursor


@given(st.text(max_size=80) | st.binary(max_size=80).map(lambda data: data.decode("latin-1")))
def test_text_that_is_no_cursor(text: str) -> None:
    with pytest.raises(CursorLost):
        Cursor.decode(text)


@given(CURSORS, st.data())
def test_a_damaged_cursor(cursor: Cursor, data: st.DataObject) -> None:
    text = cursor.encode()
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from("ABCabc012-_=.é\n").filter(lambda character: character != text[at]))
    cut = data.draw(st.integers(0, len(text) - 1))
    for damaged in (text[:at] + other + text[at + 1 :], text[:cut], text + other):
        try:
            decoded = Cursor.decode(damaged)
        except CursorLost:
            continue
        assert decoded == cursor, "only bits of the padding may differ: they have no meaning"


@given(st.lists(IDENTIFIERS, unique=True))
def test_a_total_does_not_depend_on_the_order(ids: list[str]) -> None:
    assert total(ids) == total(sorted(ids)) == total(reversed(ids))
    if ids:
        assert (total(ids) - total(ids[1:])) % (1 << 128) == UUID(ids[0]).int


@dataclass(frozen=True)
class Life:
    """The life of a server: its creation, its deletion (None: it still exists), and whether nova has forgotten it."""

    id: str
    born: int
    died: int | None
    forgotten: bool

    @property
    def gone(self) -> bool:
        return self.died is not None


AT = 1_000_000
"""The moment of the cursor, in seconds since 1970."""

MOMENTS = st.integers(AT - 40, AT + 40)


@st.composite
def lives(draw: st.DrawFn) -> list[Life]:
    servers = []
    for id in draw(st.lists(IDENTIFIERS, unique=True, max_size=12)):
        born = draw(st.just(AT - 100_000) | MOMENTS)
        died = draw(st.none() | MOMENTS.filter(lambda moment, born=born: moment >= born))  # type: ignore[misc]
        servers.append(Life(id, born, died, died is not None and draw(st.booleans())))
    return servers


@given(lives(), st.data())
def test_a_cursor_detects_forgotten_servers(servers: list[Life], data: st.DataObject) -> None:
    """Resuming from a cursor works if nova remembers all deleted servers that the cursor counts; else it fails.

    An event in the second of the cursor may be before or after the cursor.
    """
    late = {each.id for each in servers if AT in (each.born, each.died) and data.draw(st.booleans())}
    existing = [each for each in servers if existed(each, late)]
    gone_before = [each for each in servers if each.gone and not after(each.died, each.id, late)]
    cursor = Cursor(
        region="",
        scope="",
        at=AT,
        servers=len(existing),
        sum=f"{total(each.id for each in existing):x}",
        young=tuple(each.id for each in existing if each.born >= AT - YOUNG_AGE),
        told=tuple(each.id for each in gone_before if each.died is not None and each.died >= AT - OVERLAP),
    )
    alive = {each.id: each.born if each.born >= AT - OVERLAP else 0 for each in servers if not each.gone}
    remembered = [each for each in servers if each.gone and not each.forgotten]
    gone = {each.id: each.born for each in remembered if each.died is not None and each.died >= AT - OVERLAP}
    missing = [each for each in existing if each.gone and each.forgotten]
    if missing:
        with pytest.raises(CursorLost):
            cursor.difference(alive, gone, YOUNG_AGE)
        return
    came, went = cursor.difference(alive, gone, YOUNG_AGE)
    assert came == alive.keys() - {each.id for each in existing}
    assert went == {each.id for each in existing if each.gone}


def after(moment: int | None, id: str, late: set[str]) -> bool:
    return moment is not None and (moment > AT or (moment == AT and id in late))


def existed(each: Life, late: set[str]) -> bool:
    return not after(each.born, each.id, late) and (not each.gone or after(each.died, each.id, late))
