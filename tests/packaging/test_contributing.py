"""CONTRIBUTING.md's tables: the parts of the servers' tests, and the rooms."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def parts() -> list[str]:
    """The Makefile's PARTS."""
    listed = re.search(r"^PARTS := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert listed
    return listed[1].split()


def rooms() -> Iterator[str]:
    """The rooms in the table, as patterns of names below tests/: ``tests/model driver`` are two rooms."""
    for names in re.findall(r"^\| `tests/([^`]+)` \|", CONTRIBUTING, re.MULTILINE):
        yield from names.replace("/X/", "/*/").split()


def test_the_parts_are_the_makefiles() -> None:
    assert re.findall(r"^\| `make servers-([^`]+)` \|", CONTRIBUTING, re.MULTILINE) == parts()


@pytest.mark.parametrize("part", ["drivers", ""])
def test_an_unknown_part_fails(part: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--dry-run", f"servers-{part}"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "No rule to make target" in done.stderr


def test_every_test_is_in_a_room() -> None:
    listed = list(rooms())
    for file in TESTS.rglob("test_*.py"):
        inside = file.relative_to(TESTS)
        assert any(fnmatch(str(place), room) for place in (inside, *inside.parents) for room in listed), file


def test_every_folder_is_a_room_and_every_room_is_there() -> None:
    listed = list(rooms())
    folders = {file.relative_to(TESTS).parts[0] for file in TESTS.glob("*/**/*.py")}
    assert {room.partition("/")[0] for room in listed} == folders
    assert all(any(TESTS.glob(room)) for room in listed)
