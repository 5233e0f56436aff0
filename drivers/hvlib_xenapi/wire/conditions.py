"""Conditions in the language of get_all_records_where."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hvlib.driver.table import Table
from hvlib.model.query import Glob, Query

__all__ = ["any_of", "condition", "conditions"]


def conditions(table: Table[Any], query: Query[Any]) -> list[str]:
    """The kind's conditions, and those of the query's filters that the language can express."""
    texts = [condition(stored, values) for stored, values in (*table.conditions(), *table.filters(query))]
    return [text for text in texts if text is not None]


def condition(stored: str, values: Iterable[object]) -> str | None:
    """The condition that a field has one of these values; None if the language can't express one of them."""
    texts = [_text(value) for value in values]
    return None if None in texts else any_of(stored, texts)


def any_of(stored: str, texts: Iterable[str | None]) -> str:
    """The condition that a field has one of these texts, which contain no quotation marks."""
    return " or ".join(f'field "{stored}" = "{text}"' for text in texts) or "false"


def _text(value: object) -> str | None:
    """The database's text of a value; None if it can't be written: a pattern, None, a text with a quotation mark."""
    if value is None or isinstance(value, Glob):
        return None
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return None if '"' in text else text
