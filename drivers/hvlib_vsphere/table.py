"""Tables: a kind's fields, the native properties that they are made of, and the records built of those.

A kind's file is a table: hvlib's field, the native property's path, a converter. From it come the paths that are sent,
and how a record is built of the values that return.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid5

import msgspec

from hvlib.driver import Context, SessionLost
from hvlib.model.errors import InvalidQuery, PermissionDenied
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Cluster, Host, Network, Resource, StoragePool, TaskRecord
from hvlib_vsphere.data_objects import MoRef, Row
from hvlib_vsphere.errors import fault_error, not_found
from hvlib_vsphere.values import is_true
from hvlib_vsphere.wire.client import Client
from hvlib_vsphere.wire.decoding import as_tuple

__all__ = ["SELF", "Many", "One", "Property", "Reader", "Records", "Table", "Uuid", "check_row"]

R = TypeVar("R", bound=Resource)

KINDS: Mapping[str, type[Resource]] = {
    "VirtualMachine": VM,
    "HostSystem": Host,
    "ClusterComputeResource": Cluster,
    "Network": Network,
    "DistributedVirtualPortgroup": Network,
    "OpaqueNetwork": Network,
    "Datastore": StoragePool,
    "Task": TaskRecord,
}
"""The kind of each type of the server's objects that has one."""

SELF = ""
"""A path that stands for the object's own identifier."""

Reader = Callable[[Mapping[str, Any]], Any]
"""Makes a field's value of an object's native values by path."""


class Property:
    """A field that is made of one native property, or of several: ``convert`` takes a value for each path.

    A value is None where the server has none.
    """

    def __init__(self, *paths: str, convert: Callable[..., Any] | None = None) -> None:
        self.paths = paths
        self._convert = convert

    def reader(self, client: Client) -> Reader:  # noqa: ARG002 -- for fields that refer to other objects
        """Return the reader of this field."""
        path, convert = self.paths[0], self._convert
        if convert is None:
            return lambda values: values.get(path)
        if len(self.paths) == 1:
            return lambda values: convert(values.get(path))
        return lambda values: convert(*map(values.get, self.paths))


class One(Property):
    """A field that refers to one object; None if that is of a type that has no kind."""

    def reader(self, client: Client) -> Reader:
        """Return the reader of the ref."""
        path, ref_of = self.paths[0], partial(_ref_of, client.context)
        return lambda values: ref_of(values.get(path))


class Many(Property):
    """A field that refers to several objects."""

    def reader(self, client: Client) -> Reader:
        """Return the reader of the refs."""
        path, ref_of = self.paths[0], partial(_ref_of, client.context)
        return lambda values: tuple([ref for item in as_tuple(values.get(path)) if (ref := ref_of(item)) is not None])


class Uuid(Property):
    """The server's own uuid of an object; where it has none, a UUIDv5 of the server's and the object's identifier."""

    def reader(self, client: Client) -> Reader:
        """Return the reader of the uuid."""
        path, server = (self.paths or (SELF,))[0], UUID(client.login.server_uuid)
        if path == SELF:
            return lambda values: str(uuid5(server, values[SELF]))
        return lambda values: values.get(path) or str(uuid5(server, values[SELF]))


class Table(msgspec.Struct, Generic[R], frozen=True):
    """How one kind's fields are found in the server's objects of one type.

    | where_not: a property that must not be true, for the object to be of this kind
    | witness: a type of another object that answers along, only to show that the session is alive
    """

    kind: type[R]
    native_type: str
    fields: Mapping[str, Property]
    where_not: str | None = None
    witness: str | None = None


class Records(Generic[R]):
    """Makes the records of one query: the paths to ask for, and how to build of their values."""

    def __init__(self, table: Table[R], query: Query[R], client: Client) -> None:
        self.table = table
        self._client = client
        self._type: Any = query.record_type
        self._native = query.native
        self._where_not = table.where_not
        self._readers = [
            self._reader(name) if name in query.record_type.loaded else _nothing
            for name in query.record_type.__struct_fields__[1:]
        ]
        wanted = {path for name in query.fields for path in table.fields[name].paths if path != SELF}
        if table.where_not is not None:
            wanted.add(table.where_not)
        self._leaves = frozenset(wanted)
        self.paths = None if query.native is True else sorted(wanted.union(query.native or ()))

    def record(self, id: str, values: dict[str, Any]) -> R | None:
        """The record of an object; None if it is not of this kind."""
        values[SELF] = id
        given = self._with_leaves(values) if self._native is True else values
        if self._where_not is not None and is_true(given.get(self._where_not)):
            return None
        record: R = self._type(self.ref(id), *[read(given) for read in self._readers])
        return record

    def ref(self, id: str) -> Ref:
        """The ref of an object of this kind."""
        return self._client.context.ref(self.table.kind, id)

    def of_row(self, row: Row) -> R | None:
        """The record of an object; None if it is not of this kind, or gone.

        Raises `SessionLost`, `PermissionDenied`, and `InvalidQuery` for a native property that does not exist.
        """
        if row.missing:
            if not check_row(row):
                return None
            self._refuse_unknown(row)
        if row.ref.type == self.table.witness:
            return None
        return self.record(row.ref.id, row.values)

    def collect(self, items: list[R]) -> Callable[[Row], None]:
        """The function that adds the records of objects to ``items``."""

        def take(row: Row) -> None:
            record = self.of_row(row)
            if record is not None:
                items.append(record)

        return take

    def _refuse_unknown(self, row: Row) -> None:
        for path in () if self._native is True else self._native or ():
            fault = row.missing.get(path)
            if fault is not None and isinstance(fault_error(fault), InvalidQuery):
                raise InvalidQuery(f"{self.table.native_type} has no property {path!r}", native=fault.plain())

    def _reader(self, name: str) -> Reader:
        return self._native_values if name == "native" else self.table.fields[name].reader(self._client)

    def _native_values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        if self._native is True:
            return {path: value for path, value in values.items() if path != SELF and "." not in path}
        return {path: values.get(path) for path in self._native or ()}

    def _with_leaves(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Whole properties and, taken out of them, the leaves that the fields are made of."""
        return {**values, **{path: _inside(values, path) for path in self._leaves if path not in values}}


def check_row(row: Row) -> bool:
    """Whether the object still exists, by why properties are missing; `SELF` stands for all of them.

    It is gone only if it is itself what was not found: of the host that it refers to, the server says the same. Other
    reasons (a host is not connected) leave a property None. Raises `SessionLost` and `PermissionDenied`, as None would
    say that the server has no value.
    """
    faults = [(path, fault, fault_error(fault)) for path, fault in row.missing.items()]
    for _, _, error in faults:
        if isinstance(error, SessionLost):
            raise error
    if any(not_found(fault) and fault.detail.get("obj", row.ref) == row.ref for _, fault, _ in faults):
        return False
    for path, fault, error in faults:
        if isinstance(error, PermissionDenied):
            raise PermissionDenied(f"{row.ref.id}: {path or 'it'} may not be read: {error}", native=fault.plain())
    return True


def _ref_of(context: Context, native: object) -> Ref | None:
    """The ref of one of the server's objects; None for one of a type that has no kind."""
    kind = KINDS.get(native.type) if isinstance(native, MoRef) else None
    return None if kind is None else context.ref(kind, native.id)  # type: ignore[attr-defined]


def _nothing(values: Mapping[str, Any]) -> None:  # noqa: ARG001 -- a reader
    return None


def _inside(values: Mapping[str, Any], path: str) -> Any:
    found: Any = values
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
