"""Records: the properties that a query needs, and the records that are made from the server's rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Generic, TypeVar

from hvlib.driver.table import Code, Table, item_or_none, native_or_none
from hvlib.model.errors import HvlibError, InvalidQuery, PermissionDenied
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource
from hvlib_vsphere.data_objects import MoRef, Row
from hvlib_vsphere.errors import check_session, fault_error, not_found
from hvlib_vsphere.templates import MACHINE, Templates
from hvlib_vsphere.wire.caller import Calls
from hvlib_vsphere.wire.client import Client

__all__ = ["Collected", "Properties", "RecordMaker", "check_row"]

R = TypeVar("R", bound=Resource)

Properties = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Picks native properties from an object's values."""


class Collected(Generic[R]):
    """The records of a listing, and the objects that may not be read, with the reasons."""

    def __init__(self) -> None:
        self.items: list[R] = []
        self.unreadable: dict[Ref, HvlibError] = {}


class RecordMaker(Generic[R]):
    """Makes the records of one query.

    | paths: the properties to read; None: all
    | templates: which of the VMs to which the rows refer are templates
    | witnesses: the types of other objects in each reading, of which no records are made. If the session is lost, they
      have no properties, so that a lost session does not look like an empty list
    """

    def __init__(self, table: Table[R], query: Query[R], client: Client, witnesses: Collection[str] = ()) -> None:
        leaves = table.natives(query.fields)
        self.templates = Templates()
        read = leaf_or_none if query.native is True else item_or_none
        native = native_or_none(query, self.properties(query))
        records = table.records(query, read, client.context, client, self.templates, native=native)
        self.witnesses = witnesses
        self.ref = records.ref
        self.paths = None if query.native is True else sorted(leaves.union(query.native or ()))
        self._joined = tuple(join.path for join in table.joins(query.fields))
        self._joined_values = _reader(self._joined, client)
        self._native_type = table.native_type
        self._native_names = query.native if isinstance(query.native, tuple) else ()
        self._make = records.make

    @property
    def joined(self) -> bool:
        """Whether `join` has to be called for the rows before records are made of them."""
        return bool(self._joined)

    def named(self, rows: Collection[Row]) -> set[MoRef]:
        """The VMs to which properties of the rows refer, such as a task's entity."""
        values = (value for row in rows for value in self._joined_values(row.values))
        return {value for value in values if isinstance(value, MoRef) and value.type == MACHINE}

    def join(self, rows: Collection[Row], calls: Calls) -> None:
        """Read which of the VMs in rows are templates: one round trip if one of them was not looked up before."""
        self.templates.learn(self.named(rows), calls)

    def properties(self, query: Query[R]) -> Properties:
        """The function that picks the native properties from an object's values.

        If all were requested, these are the ones without a dot: a server may report a change by a leaf path all the
        same.
        """
        if query.native is True:
            return lambda values: {path: value for path, value in values.items() if "." not in path}
        return lambda values: values

    def all(self, rows: Iterable[Row]) -> list[R]:
        """The records of the rows that are of this kind."""
        return [record for row in rows for record in self.each(row)]

    def each(self, row: Row) -> Iterable[R]:
        """The records of a row: one, or none if its object is not of this kind or does not exist any more."""
        record = self.of_row(row)
        return () if record is None else (record,)

    def of_row(self, row: Row) -> R | None:
        """The record of a row; None if its object is not of this kind, or does not exist any more.

        Raises `SessionLost`, `PermissionDenied`, and `InvalidQuery` for a native property that does not exist.
        """
        if row.missing:
            if not check_row(row):
                return None
            self._refuse_unknown(row)
        return None if row.ref.type in self.witnesses else self._make(row.ref.id, row.values)

    def collect(self, collected: Collected[R]) -> Callable[[Row], None]:
        """The function that adds the records of rows to ``collected``, and the rows that may not be read."""
        items = collected.items

        def take(row: Row) -> None:
            try:
                items.extend(self.each(row))
            except PermissionDenied as error:
                collected.unreadable[self.ref(row.ref.id)] = error.with_traceback(None)

        return take

    def _refuse_unknown(self, row: Row) -> None:
        for path in self._native_names:
            fault = row.missing.get(path)
            if fault is not None and isinstance(fault_error(fault), InvalidQuery):
                raise InvalidQuery(f"{self._native_type} has no property {path!r}", native=fault.plain())


def check_row(row: Row) -> bool:
    """Whether the object still exists, by the faults of its missing properties. A fault under `ID` is about the whole.

    The object is gone only if the fault names the object itself: the server sends the same fault if an object that it
    refers to, such as its host, is gone. Other faults (a host is not connected) leave a property None. Raises
    `SessionLost` and `PermissionDenied`, as None would mean that the server has no value.
    """
    check_session(row)
    if any(not_found(fault) and fault.detail.get("obj", row.ref) == row.ref for fault in row.missing.values()):
        return False
    for path, fault in row.missing.items():
        error = fault_error(fault)
        if isinstance(error, PermissionDenied):
            raise PermissionDenied(f"{row.ref.id}: {path or 'object'} may not be read: {error}", native=fault.plain())
    return True


def leaf_or_none(path: str) -> str:
    """The code that reads a property such as ``config.name``: by this path if the row has it, else out of ``config``.

    With ``native=True`` the server sends only such whole properties.
    """
    name, *parts = path.split(".")
    whole = item_or_none(name) + "".join(f" or {{}}).get({part!r})" for part in parts)
    return f"(row[{path!r}] if {path!r} in row else {'(' * len(parts)}{whole})" if parts else whole


def _reader(paths: Iterable[str], client: Client) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """The function that reads the values of several properties from a row."""
    code = Code(leaf_or_none, client.context, client, None)
    return code.function("row", f"({''.join(f'{code.value(path)}, ' for path in paths)})")()
