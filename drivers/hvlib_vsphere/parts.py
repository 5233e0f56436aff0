"""PartsAdapter: kinds whose objects are parts of VMs, such as disks. They are read with one property of their VM."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from hvlib.model.errors import InvalidQuery
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Image, Resource
from hvlib_vsphere.adapter import TableAdapter
from hvlib_vsphere.data_objects import MoRef, Row
from hvlib_vsphere.property.spec import ObjectSpec
from hvlib_vsphere.records import Properties, RecordMaker, check_row
from hvlib_vsphere.templates import TEMPLATE
from hvlib_vsphere.values import is_true
from hvlib_vsphere.wire.schema import structure

__all__ = ["OWNER", "Owner", "PartsAdapter"]

R = TypeVar("R", bound=Resource)

OWNER = "its VM"
"""The key under which a part's values have its `Owner`. Keys that are not the server's have a space in them."""

Owner = tuple[type[Resource], str]
"""The kind and the identifier of a VM or a template."""


class PartRecords(RecordMaker[R]):
    """Makes the records of the parts of each VM."""

    def __init__(self, adapter: PartsAdapter[R], query: Query[R]) -> None:
        super().__init__(adapter.table, query, adapter.client)
        self.paths = list(adapter.paths)
        self._adapter = adapter
        self._refs = query.refs
        self._check_native(query)

    def each(self, row: Row) -> Iterable[R]:
        """`RecordMaker.each`: the records of a VM's parts that the query wants."""
        if row.missing and not check_row(row):
            return
        for part in self._adapter.rows(row):
            record = self._make(part.ref.id, part.values)
            if record is not None and (self._refs is None or record.ref in self._refs):
                yield record

    def properties(self, query: Query[R]) -> Properties:  # noqa: ARG002
        """`RecordMaker.properties`: the fields of the part's structure."""
        return lambda values: {name: value for name, value in values.items() if " " not in name}

    def _check_native(self, query: Query[R]) -> None:
        known = structure(self._adapter.structure) or {}
        for name in query.native if isinstance(query.native, tuple) else ():
            if name not in known:
                raise InvalidQuery(f"{self._adapter.structure} has no property {name!r}")


class PartsAdapter(TableAdapter[R]):
    """Makes several rows of the row of each VM: one for each part."""

    sparse = True
    source: ClassVar[str]
    """The property of a VM that has its parts. `paths` has it too."""

    structure: ClassVar[str]
    """The type of the structure that describes a part. Its fields are the part's native properties."""

    def records(self, query: Query[R]) -> PartRecords[R]:
        """`TableAdapter.records`. Raises `InvalidQuery` for native properties that no part has."""
        return PartRecords(self, query)

    def get(self, refs: Sequence[Ref], query: Query[R]) -> Sequence[R]:
        """PropertyCollector.RetrievePropertiesEx on the VMs that have these parts: one round trip."""
        wanted = set(refs)
        return [record for record in super().get(refs, query) if record.ref in wanted]

    def rows(self, row: Row) -> Iterator[Row]:
        """The rows of a VM's parts."""
        owner: Owner = (Image if is_true(row.values.get(TEMPLATE)) else VM, row.ref.id)
        for id, values in self.parts(row.ref, row.values.get(self.source)):
            yield Row(MoRef(self.structure, id), {**values, OWNER: owner}, {})

    @abstractmethod
    def parts(self, vm: MoRef, value: Any) -> Iterable[tuple[str, Mapping[str, Any]]]:
        """The identifier and the values of each part, from the value of `source`, which is None if it is not set."""

    @abstractmethod
    def objects_of(self, refs: Iterable[Ref]) -> list[ObjectSpec]:
        """The VMs that have the parts."""
