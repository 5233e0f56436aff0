"""Records: which properties a query asks for, and the records that are made of the objects that return."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Generic, TypeVar

from hvlib.driver.table import Code, Table, item_or_none, native_or_none
from hvlib.model.errors import InvalidQuery, PermissionDenied
from hvlib.model.query import Query
from hvlib.model.resources import Resource
from hvlib_vsphere.data_objects import MoRef, Row
from hvlib_vsphere.errors import check_session, fault_error, not_found
from hvlib_vsphere.templates import MACHINE, Templates
from hvlib_vsphere.wire.caller import Calls
from hvlib_vsphere.wire.client import Client

__all__ = ["RecordMaker", "check_row"]

R = TypeVar("R", bound=Resource)


class RecordMaker(Generic[R]):
    """Makes the records of one query.

    | paths: the properties to ask for; None: all
    | templates: which of the VMs that the objects name are templates
    | witness: a type of another object that answers along, only to show that the session is alive
    """

    def __init__(self, table: Table[R], query: Query[R], client: Client, witness: str | None = None) -> None:
        leaves = table.natives(query.fields)
        self.templates = Templates()
        read = leaf_or_none if query.native is True else item_or_none
        records = table.records(
            query, read, client.context, client, self.templates, native=native_or_none(query, _properties(query))
        )
        self.witness = witness
        self.ref = records.ref
        self.paths = None if query.native is True else sorted(leaves.union(query.native or ()))
        self._joined = tuple(join.path for join in table.joins(query.fields))
        self._joined_values = _reader(self._joined, client)
        self._native_type = table.native_type
        self._named = query.native if isinstance(query.native, tuple) else ()
        self._make = records.make

    @property
    def joined(self) -> bool:
        """Whether `join` has to be called for the rows that records are made of."""
        return bool(self._joined)

    def named(self, rows: Collection[Row]) -> set[MoRef]:
        """The VMs that rows name."""
        values = (value for row in rows for value in self._joined_values(row.values))
        return {value for value in values if isinstance(value, MoRef) and value.type == MACHINE}

    def join(self, rows: Collection[Row], calls: Calls) -> None:
        """Ask which of the VMs that rows name are templates: one round trip if any was not asked for yet."""
        self.templates.learn(self.named(rows), calls)

    def all(self, rows: Iterable[Row]) -> list[R]:
        """The records of the rows that are of this kind."""
        return [record for row in rows if (record := self.of_row(row)) is not None]

    def of_row(self, row: Row) -> R | None:
        """The record of an object; None if it is not of this kind, or gone.

        Raises `SessionLost`, `PermissionDenied`, and `InvalidQuery` for a native property that does not exist.
        """
        if row.missing:
            if not check_row(row):
                return None
            self._refuse_unknown(row)
        return None if row.ref.type == self.witness else self._make(row.ref.id, row.values)

    def collect(self, items: list[R]) -> Callable[[Row], None]:
        """The function that adds the records of objects to ``items``."""

        def take(row: Row) -> None:
            record = self.of_row(row)
            if record is not None:
                items.append(record)

        return take

    def _refuse_unknown(self, row: Row) -> None:
        for path in self._named:
            fault = row.missing.get(path)
            if fault is not None and isinstance(fault_error(fault), InvalidQuery):
                raise InvalidQuery(f"{self._native_type} has no property {path!r}", native=fault.plain())


def check_row(row: Row) -> bool:
    """Whether the object still exists, by why properties are missing; `ID` stands for all of them.

    It is gone only if it is itself what was not found: of the host that it refers to, the server says the same. Other
    reasons (a host is not connected) leave a property None. Raises `SessionLost` and `PermissionDenied`, as None would
    say that the server has no value.
    """
    check_session(row)
    if any(not_found(fault) and fault.detail.get("obj", row.ref) == row.ref for fault in row.missing.values()):
        return False
    for path, fault in row.missing.items():
        error = fault_error(fault)
        if isinstance(error, PermissionDenied):
            raise PermissionDenied(f"{row.ref.id}: {path or 'it'} may not be read: {error}", native=fault.plain())
    return True


def leaf_or_none(path: str) -> str:
    """Read a property: by itself, or out of the whole property that it is a part of."""
    name, *parts = path.split(".")
    whole = item_or_none(name) + "".join(f" or {{}}).get({part!r})" for part in parts)
    return f"(row[{path!r}] if {path!r} in row else {'(' * len(parts)}{whole})" if parts else whole


def _properties(query: Query[Any]) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    """Gives those of an object's values that are native properties: where all are asked for, the whole ones.

    A server may tell a change by its leaf, though it was asked for all.
    """
    if query.native is True:
        return lambda values: {path: value for path, value in values.items() if "." not in path}
    return lambda values: values


def _reader(paths: Iterable[str], client: Client) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """The function that gives several properties' values of a row."""
    code = Code(leaf_or_none, client.context, client, None)
    return code.function("row", f"({''.join(f'{code.value(path)}, ' for path in paths)})")()
