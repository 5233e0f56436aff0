"""Generates the documentation that comes from the drivers' tables: each driver's mapping, and the parity matrix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from hvlib.driver.table import Column, Table
from hvlib.model.resources import KINDS

__all__ = ["DRIVERS", "mapping", "parity", "write"]

DRIVERS = ("vsphere", "xenapi", "openstack", "sim")

BASE = ("uuid", "name_label", "description", "tags", "created_at")
"""The fields that all kinds have. They come first."""


def write(directory: Path) -> None:
    """Write the generated pages, which other pages include."""
    directory.mkdir(exist_ok=True)
    for driver in DRIVERS:
        (directory / f"mapping-{driver}.md").write_text("\n".join(mapping(driver)) + "\n")
    (directory / "parity.md").write_text("\n".join(parity()) + "\n")


def adapters(driver: str) -> dict[str, Any]:
    """The adapters of a driver by the name of their kind, in the order of `KINDS`."""
    by_kind = {adapter.kind.kind: adapter for adapter in import_module(f"hvlib_{driver}.session").ADAPTERS}
    return {kind: by_kind[kind] for kind in KINDS if kind in by_kind}


def mapping(driver: str) -> Iterator[str]:
    """The lines of a section for each kind: its native type, the conditions of its objects, and each field's origin."""
    for kind, adapter in adapters(driver).items():
        table: Table[Any] = adapter.table
        yield f"### {kind}"
        yield ""
        names = _names(adapter)
        yield f"`{table.native_type}`{_conditions(table, names)}"
        yield ""
        columns = ((name, table.fields[name]) for name in _ordered(table.fields))
        rows = ((f"`{name}`", _origin(column, names), _filtered(column)) for name, column in columns)
        yield from _markdown(("field", "made of", "compared by the server"), rows)
        yield ""


def parity() -> Iterator[str]:
    """The lines of tables, for each kind, of the fields and actions that each driver has."""
    by_driver = {driver: adapters(driver) for driver in DRIVERS}
    for kind, record in KINDS.items():
        drivers = [driver for driver in DRIVERS if kind in by_driver[driver]]
        yield f"## {kind}"
        yield ""
        fields = {driver: by_driver[driver][kind].table.fields for driver in drivers}
        rows = ((f"`{name}`", *(_tick(name in fields[driver]) for driver in drivers)) for name in record.all_fields())
        yield from _markdown(("field", *drivers), rows)
        yield ""
        actions = {driver: {action.__name__ for action in _actions(by_driver[driver][kind])} for driver in drivers}
        names = sorted(set().union(*actions.values()))
        if names:
            rows = ((f"`{name}`", *(_tick(name in actions[driver]) for driver in drivers)) for name in names)
            yield from _markdown(("action", *drivers), rows)
            yield ""


def _actions(adapter: Any) -> Iterable[type]:
    performers: Mapping[type, object] = adapter.performers
    return performers.keys()


def _ordered(fields: Mapping[str, Column]) -> Sequence[str]:
    return [*(name for name in BASE if name in fields), *(name for name in fields if name not in BASE)]


def _names(adapter: Any) -> Mapping[str, str]:
    """The server's name of each property, by its name in the driver's rows."""
    collection = getattr(adapter, "collection", None)
    fields = () if collection is None else msgspec.structs.fields(collection.whole)
    return {field.name: field.encode_name for field in fields}


def _origin(column: Column, names: Mapping[str, str]) -> str:
    parts = [f"`{names.get(name, name)}`" for name in dict.fromkeys(column.natives())]
    parts += [f"the {join.name}" for join in dict.fromkeys(column.joins())]
    notes = [f"from {column.since}"] if column.since is not None else []
    notes += ["administrators"] if column.private else []
    text = ", ".join(parts) or "the object's identifier or the login"
    return f"{text} ({', '.join(notes)})" if notes else text


def _filtered(column: Column) -> str:
    return "" if column.stored is None else f"`{column.stored}`"


def _conditions(table: Table[Any], names: Mapping[str, str]) -> str:
    """The conditions that distinguish the kind's objects from other objects of the native type."""
    tests = [f"`{stored}` is {' or '.join(f'`{value}`' for value in values)}" for stored, values in table.conditions()]
    if table.accept is not None:
        tests.append(f"a condition on {_origin(table.accept, names)} holds")
    return f", where {' and '.join(tests)}" if tests else ""


def _tick(holds: bool) -> str:
    return "yes" if holds else ""


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield f"| {' | '.join(row)} |"
