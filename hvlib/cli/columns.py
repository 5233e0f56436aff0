"""Columns: the fields that are shown, and how a value looks in each output format.

The structured formats (json, yaml) show the values of ``Resource.to_dict``. The other formats show the name of the
object that a ref refers to. A table is for people: it shows sizes and times as people write them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from textwrap import fill
from typing import Any

from hvlib.api.provider import Provider
from hvlib.model.errors import PermissionDenied, Unsupported
from hvlib.model.query import check_field
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource

__all__ = ["STRUCTURED", "cells", "chosen_columns", "names_of", "several", "short", "size"]

STRUCTURED = frozenset({"json", "yaml"})
UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")

TABLE_WIDTH = 80

Names = Mapping[Ref, str]


def chosen_columns(
    kind: type[Resource], given: Iterable[str], default: Iterable[str], declared: frozenset[str]
) -> list[str]:
    """The columns to show: the columns given with -c, else the default columns that the server has.

    Raises `InvalidQuery` for a column that does not exist, `Unsupported` for one that the server does not have.
    """
    columns = [name.strip() for text in given for name in text.split(",")]
    for name in columns:
        if name != "ref":
            check_field(kind, name, declared)
    return columns or [name for name in default if name in declared or name == "ref"]


def names_of(provider: Provider, records: Iterable[Resource], columns: Iterable[str]) -> dict[Ref, str]:
    """The names of the objects that the columns refer to: one round trip for each kind (for up to 500 objects)."""
    values = [getattr(record, name) for record in records for name in columns if name != "ref"]
    refs = {ref for value in values for ref in (value if isinstance(value, tuple) else [value]) if isinstance(ref, Ref)}
    names: dict[Ref, str] = {}
    for kind in sorted({ref.kind for ref in refs}):
        # The driver refers to kinds that it does not list, or the user may not read them: identifiers are shown.
        with suppress(Unsupported, PermissionDenied):
            named = provider.get_many([ref for ref in refs if ref.kind == kind], fields=["name_label"])
            names.update((ref, record.name_label) for ref, record in named.items())
    return names


def cells(record: Resource, columns: Sequence[str], format: str, names: Names) -> list[Any]:
    """One record's values, as the format shows them."""
    if format in STRUCTURED:
        values = record.to_dict()
        return [values[name] for name in columns]
    show = human if format == "table" else text
    return [show(name, str(record.ref) if name == "ref" else getattr(record, name), names) for name in columns]


def text(name: str, value: Any, names: Names) -> Any:
    """A value for programs that read lines: exact; several values are separated by commas."""
    if isinstance(value, tuple):
        return ",".join(str(text(name, item, names)) for item in value)
    if isinstance(value, Ref):
        return names.get(value, value.id)
    return value.isoformat() if isinstance(value, datetime) else value


def human(name: str, value: Any, names: Names) -> Any:
    """A value for people."""
    if value is None:
        return ""
    if isinstance(value, tuple):
        return ", ".join(human(name, item, names) for item in value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S UTC")
    if isinstance(value, int) and name.endswith("_bytes"):
        return size(value)
    return text(name, value, names)


def several(values: Sequence[str], format: str) -> Any:
    """A value that is several words, as the format shows it."""
    if format in STRUCTURED:
        return list(values)
    return fill(" ".join(values), TABLE_WIDTH) if format == "table" else ",".join(values)


def size(count: int) -> str:
    """Bytes, in the largest unit in which the number is 1 or more.

    >>> size(1536 * 2**20)
    '1.5 GiB'
    """
    steps = min(max(count.bit_length() - 1, 0) // 10, len(UNITS) - 1)
    number = f"{count / 1024**steps:.1f}".removesuffix(".0")
    return f"{number} {UNITS[steps]}"


def short(value: object) -> str:
    """A field's value, for a line with several values."""
    if isinstance(value, tuple):
        return ",".join(short(item) for item in value) or "-"
    if isinstance(value, Ref):
        return value.id
    return "-" if value is None else str(value)
