"""The page of the documentation has each kind's table as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hvlib_xenapi.session import ADAPTERS

from hvlib.driver.table import Column

PAGE = Path(__file__).parents[4] / "docs" / "drivers" / "xenapi.md"


def source(cls: str, column: Column) -> str:
    """The native fields that a field is made of."""
    own = [f"{cls}.{field}" for field in column.natives()]
    joined = [name for join in column.joins() for name in of_join(join)]
    return ", ".join([*joined, *own]) or "the pool"


def of_join(join: Any) -> list[str]:
    return [f"{join.name}.{field}" for field in join.fields] or [join.name]


def tables() -> Iterator[str]:
    for adapter in ADAPTERS:
        table = adapter.table
        yield f"### {table.kind.kind}"
        yield ""
        yield "| field | made of |"
        yield "|---|---|"
        for name in table.kind.all_fields():
            if name in table.fields:
                yield f"| `{name}` | {source(table.native_type, table.fields[name])} |"
        yield ""


def test_the_page_has_the_tables() -> None:
    text = "\n".join(tables())
    assert text in PAGE.read_text(), f"docs/drivers/xenapi.md is to hold:\n\n{text}"
