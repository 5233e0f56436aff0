"""The rooms of the tests: the Makefile and the guard must have the same ones."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
from rooms import GUARD, UNIT_ROOMS, is_unit

TESTS = Path(__file__).parents[1]


def test_the_makefile_has_the_same_rooms() -> None:
    makefile = (TESTS.parent / "Makefile").read_text()
    listed = re.search(r"^UNIT_TESTS := (.*)$", makefile, re.MULTILINE)
    assert listed
    assert tuple(re.findall(r"tests/([^\s)]+)", listed[1])) == UNIT_ROOMS


def test_files_belong_to_the_room_that_they_are_in() -> None:
    assert is_unit(TESTS / "runtime" / "test_tasks.py")
    assert is_unit(TESTS / "drivers" / "sim" / "unit" / "test_feed.py")
    assert not is_unit(TESTS / "drivers" / "sim" / "wire" / "test_create.py")
    assert not is_unit(TESTS / "wire" / "test_counting_proxy.py")


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_UNIX])
def test_a_unit_opens_no_socket(family: socket.AddressFamily, tmp_path: Path) -> None:
    address = ("127.0.0.1", 0) if family == socket.AF_INET else str(tmp_path / "socket")
    with socket.socket(family) as refused:
        for use in (refused.bind, refused.connect):
            with pytest.raises(PermissionError, match="a unit opens no socket"):
                use(address)
    assert len(GUARD.take_refused()) == 2
    one, other = socket.socketpair()
    one.close()
    other.close()
