"""The page of the documentation has each kind's table as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hvlib_xenapi.session import ADAPTERS
from hvlib_xenapi.table import Column, Pool

PAGE = Path(__file__).parents[4] / "docs" / "drivers" / "xenapi.md"


def source(cls: str, column: Column) -> str:
    """The native fields that a field is made of."""
    own = [f"{cls}.{field}" for field in column.fields]
    if isinstance(column, Pool):
        return "the pool"
    if column.join is None:
        return ", ".join(own)
    joined = [f"{column.join.cls}.{field}" for field in column.join.fields] or [column.join.cls]
    return ", ".join([*joined, *own])


def tables() -> Iterator[str]:
    for adapter in ADAPTERS:
        table = adapter.table
        yield f"### {table.kind.kind}"
        yield ""
        yield "| field | made of |"
        yield "|---|---|"
        for name in table.kind.all_fields():
            if name in table.fields:
                yield f"| `{name}` | {source(table.cls, table.fields[name])} |"
        yield ""


def test_the_page_has_the_tables() -> None:
    text = "\n".join(tables())
    assert text in PAGE.read_text(), f"docs/drivers/xenapi.md is to hold:\n\n{text}"
