"""Conditions in the language of get_all_records_where."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hvlib.driver.table import Table
from hvlib.model.query import Glob, Query

__all__ = ["any_of", "condition", "conditions"]


def conditions(table: Table[Any], query: Query[Any]) -> list[str]:
    """The kind's conditions, and those of the query's filters that the language can say."""
    said = [condition(stored, values) for stored, values in (*table.conditions(), *table.filters(query))]
    return [each for each in said if each is not None]


def condition(stored: str, values: Iterable[object]) -> str | None:
    """The condition that a field has one of these values; None where the language can't say one of them."""
    texts = [_text(value) for value in values]
    return None if None in texts else any_of(stored, texts)


def any_of(stored: str, texts: Iterable[str | None]) -> str:
    """The condition that a field has one of these values; none of them holds a quotation mark."""
    return " or ".join(f'field "{stored}" = "{text}"' for text in texts) or "false"


def _text(value: object) -> str | None:
    """A value as the database has it; None for what can't be written: patterns, None, text with a quotation mark."""
    if value is None or isinstance(value, Glob):
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return None if '"' in text else text
