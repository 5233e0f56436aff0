"""Tables: the function from a native row to a record, which is generated for each query."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Mapping
from typing import Any

import msgspec
import pytest
from scripted.context import UUID, RecordingContext

from hvlib.driver.table import (
    ID,
    NOT_STORED,
    Code,
    Constant,
    Field,
    Joined,
    RefsTo,
    RefTo,
    StoredFilter,
    Table,
    attribute,
    item,
    item_or_none,
    native_of,
    native_or_none,
    native_type,
    row_type,
    row_type_of,
)
from hvlib.model.errors import FieldNotLoaded, InvalidQuery
from hvlib.model.query import glob, make_query
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Host, Image, Network, Resource


class Metrics(msgspec.Struct, frozen=True):
    """A join with another collection, whose row is named by a property of the object."""

    name: str = "metrics"
    natives: tuple[str, ...] = ("metrics",)

    def source(self, code: Code) -> str:
        return f"{code.bind(code.joined)}.get({code.value('metrics')})"


def kind_of(value: str) -> tuple[type[Resource], str] | None:
    kinds: Mapping[str, type[Resource]] = {"h": Host, "i": Image}
    kind = kinds.get(value[0])
    return None if kind is None else (kind, value[1:])


TABLE = Table(
    VM,
    "machine",
    {
        "uuid": Field(ID, Constant(lambda client: client["site"]), convert="{1}-{0}".format),
        "name_label": Field("name", stored="name"),
        "vcpus": Field("cores", "sockets", convert=lambda cores, sockets: cores * sockets),
        "power_state": Field("power", stored="power", encode={"running": "on", "halted": "off"}.get),
        "memory_bytes": Joined(Metrics(), "name", convert=lambda metrics, name: (metrics or {}).get("memory")),
        "host": RefTo(Host, "host", stored="host_id"),
        "networks": RefsTo(Network, Field("nets", convert=lambda nets: sorted(nets or ()))),
        "image": RefTo(kind_of, "source"),
        "volumes": RefsTo(kind_of, "sources"),
        "description": Field("notes", since=(1, 2)),
        "tags": Field("labels", private=True),
    },
    where={"template": False},
)

ROW: dict[str, Any] = {
    "name": "web",
    "cores": 2,
    "sockets": 3,
    "power": "on",
    "metrics": "m1",
    "host": "h9",
    "nets": ["b", "a"],
    "source": "i7",
    "sources": ["h1", "x2", "i3"],
    "notes": None,
    "labels": (),
    "template": False,
}


def query(*fields: str, **filters: object) -> Any:
    return make_query(VM, TABLE.declared((9, 9)), fields=fields, filters=filters)


def records(query: Any, read: Any = item, client: Any = None) -> Any:
    return TABLE.records(query, read, RecordingContext(), client or {"site": "s"}, {"m1": {"memory": 5}})


def test_a_record_has_the_requested_fields_only() -> None:
    vm = records(query("uuid", "name_label", "vcpus", "memory_bytes")).make("1", ROW)
    assert (vm.ref, vm.uuid, vm.name_label, vm.vcpus, vm.memory_bytes) == (Ref(UUID, "VM", "1"), "s-1", "web", 6, 5)
    with pytest.raises(FieldNotLoaded):
        _ = vm.host


def test_a_ref_has_the_columns_kind_or_the_kind_of_its_value() -> None:
    vm = records(query("host", "networks", "image", "volumes")).make("1", ROW)
    assert vm.host == Ref(UUID, "Host", "h9")
    assert vm.networks == (Ref(UUID, "Network", "a"), Ref(UUID, "Network", "b"))
    assert vm.image == Ref(UUID, "Image", "7")
    assert vm.volumes == (Ref(UUID, "Host", "1"), Ref(UUID, "Image", "3"))
    none = records(query("host", "networks", "image", "volumes")).make(
        "1", {**ROW, "host": None, "nets": None, "source": None, "sources": None}
    )
    assert (none.host, none.networks, none.image, none.volumes) == (None, (), None, ())


def test_records_holds_no_refs() -> None:
    """A listing may be kept for long, and refs would keep its provider alive."""
    caller = RecordingContext()
    made = TABLE.records(query("host"), item, caller, {"site": "s"})
    first, second = made.make("1", ROW), made.make("1", ROW)
    assert first is not None
    assert second is not None
    assert first.host == second.host
    assert first.host is not second.host


def test_an_empty_identifier_is_not_a_ref() -> None:
    vm = records(query("host", "networks", "volumes")).make(
        "1", {**ROW, "host": "", "nets": ["a", ""], "sources": [None]}
    )
    assert (vm.host, vm.networks, vm.volumes) == (None, (Ref(UUID, "Network", "a"),), ())


def test_a_column_takes_over_since_and_private_from_its_parts() -> None:
    wrapped = Field(Field("a", since=(1, 1)), Field("b", private=True, since=(1, 2)), convert=max)
    joined = Joined(Metrics(), wrapped, convert=max)
    for column in (wrapped, joined, RefTo(Host, wrapped), RefsTo(Host, joined)):
        assert (column.since, column.private) == ((1, 2), True)


def test_refs_of_one_kind_are_made_once() -> None:
    caller = RecordingContext()
    made = TABLE.records(query("host"), item, caller, {"site": "s"}).all((str(number), ROW) for number in range(10))
    assert len({id(vm.host) for vm in made}) == 1
    assert caller.made == 11


@pytest.mark.parametrize(("template", "fits"), [(False, True), (None, True), (True, False)])
def test_an_object_whose_value_is_none_is_of_the_kind(template: object, fits: bool) -> None:
    made = records(query("name_label"))
    row = {**ROW, "template": template}
    assert made.fits("1", row) is fits
    assert (made.make("1", row) is not None) is fits
    assert len(made.all([("1", row)])) == fits


def test_a_column_may_decide_whether_an_object_is_of_the_kind() -> None:
    is_on = Field("power", convert=lambda power: power == "on")
    table = Table(VM, "machine", {"name_label": Field("name")}, accept=is_on)
    vm_query = make_query(VM, table.declared(), fields=["name_label"])
    made = table.records(vm_query, item, RecordingContext())
    assert made.make("1", ROW) is not None
    assert made.make("1", {**ROW, "power": "off"}) is None
    assert table.natives(["name_label"]) == {"name", "power"}


def test_rows_are_read_by_attribute_or_by_item() -> None:
    whole = msgspec.defstruct("Machine", [(name, Any) for name in ROW])
    assert records(query("name_label"), attribute).make("1", whole(**ROW)).name_label == "web"
    assert records(query("name_label"), item_or_none).make("1", {}).name_label is None
    with pytest.raises(KeyError):
        records(query("name_label"), item).make("1", {})
    for name in ("config.template", "class"):
        with pytest.raises(ValueError, match="name of an attribute"):
            attribute(name)


def test_a_record_has_the_requested_native_properties() -> None:
    vm_query = make_query(VM, TABLE.declared((9, 9)), fields=["name_label"], native=["power"])
    assert records(vm_query).make("1", ROW).native == {"power": "on"}
    assert records(make_query(VM, TABLE.declared((9, 9)), native=True)).make("1", ROW).native is ROW


def test_the_properties_and_joins_that_fields_need() -> None:
    assert TABLE.natives(["uuid", "vcpus", "memory_bytes"]) == {"cores", "sockets", "metrics", "name", "template"}
    assert TABLE.joins(["uuid", "memory_bytes"]) == (Metrics(),)
    assert TABLE.joins(["uuid"]) == ()
    assert list(TABLE.conditions()) == [StoredFilter("template", (False,))]


def test_declared_fields_depend_on_the_server_and_the_user() -> None:
    assert "description" in TABLE.declared((1, 2))
    assert "description" not in TABLE.declared((1, 1))
    assert "tags" not in TABLE.declared((1, 2), administrator=False)


def test_filters_are_data_where_the_server_stores_every_alternative() -> None:
    host = Ref(UUID, "Host", "h9")
    vm_query = query(
        "uuid", name_label=[glob("a*"), "b"], power_state=["running", "halted"], host=[host, None], vcpus=2
    )
    assert list(TABLE.filters(vm_query)) == [
        StoredFilter("name", (glob("a*"), "b")),
        StoredFilter("power", ("on", "off")),
        StoredFilter("host_id", ("h9", None)),
    ]
    table = Table(VM, "machine", {"power_state": Field("power", stored="power", encode=lambda _: NOT_STORED)})
    assert list(table.filters(make_query(VM, table.declared(), filters={"power_state": "paused"}))) == []


def test_one_field_can_be_read_alone() -> None:
    assert TABLE.reader("vcpus", item, RecordingContext())("1", ROW) == 6
    assert TABLE.reader("uuid", item, RecordingContext(), {"site": "s"})("1", ROW) == "s-1"


def test_a_row_type_has_the_chosen_properties_only() -> None:
    class Machine(msgspec.Struct):
        id: str
        power: str = msgspec.field(name="OS-EXT:power", default="off")
        labels: list[str] = []

    row = row_type(Machine, frozenset({"id", "power"}))
    decoded: Any = msgspec.json.decode(b'{"id": "1", "OS-EXT:power": "on", "labels": [1]}', type=row)
    assert (decoded.id, decoded.power) == ("1", "on")
    assert not hasattr(decoded, "labels")
    assert msgspec.json.decode(b'{"id": "1"}', type=row).power == "off"  # type: ignore[attr-defined]
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b"{}", type=row)
    assert row_type(Machine, frozenset({"labels"}))().labels == []  # type: ignore[attr-defined]


def test_generated_functions_are_freed_without_garbage_collection() -> None:
    """They hold refs of a provider, which must log out as soon as no other reference to it is left."""
    caller = RecordingContext()
    held = weakref.ref(caller)
    made = TABLE.records(query("host"), item, caller)
    gc.disable()
    try:
        assert made.make("1", ROW) is not None
        del made, caller
        assert held() is None
    finally:
        gc.enable()


def test_a_query_picks_its_native_properties_from_a_row() -> None:
    vm_query = make_query(VM, TABLE.declared((9, 9)), fields=["vcpus"], native=["name"])
    [vm] = records(vm_query).all([("1", ROW)])
    assert (vm.vcpus, vm.native) == (6, {"name": "web"})
    assert make_query(VM, frozenset(), native=True).pick_native(ROW) is ROW
    assert make_query(VM, frozenset()).pick_native(ROW) is None
    with pytest.raises(InvalidQuery, match="no property 'nmae'"):
        make_query(VM, frozenset(), native=["nmae"]).pick_native(ROW)


def test_an_unknown_native_property_is_refused() -> None:
    made = records(make_query(VM, TABLE.declared((9, 9)), fields=["vcpus"], native=["name", "nmae"]))
    with pytest.raises(InvalidQuery, match="no property 'nmae'"):
        made.all([("1", ROW)])
    assert made.all([]) == []


def test_a_structure_of_native_type_holds_native_properties() -> None:
    class Machine(msgspec.Struct, kw_only=True):
        name: str = msgspec.field(name="OS-EXT:name")

    whole = {"OS-EXT:name": "web", "power": "on"}
    row = msgspec.convert({**whole, "native": whole}, native_type(Machine))
    vm_query = make_query(VM, frozenset({"name_label"}), native=["power", "colour"])
    table = Table(VM, "machine", {"name_label": Field("name")})
    with pytest.raises(InvalidQuery, match="no property 'colour'"):
        table.records(vm_query, attribute, RecordingContext(), native=native_of).make("1", row)
    made = table.records(vm_query, attribute, RecordingContext(), native=native_or_none(vm_query, native_of)).make(
        "1", row
    )
    assert made is not None
    assert (made.name_label, made.native) == ("web", {"power": "on", "colour": None})
    vm_query = make_query(VM, frozenset({"name_label"}), native=True)
    made = table.records(vm_query, attribute, RecordingContext(), native=native_or_none(vm_query, native_of)).make(
        "1", row
    )
    assert made is not None
    assert made.native == whole


def test_a_row_type_for_objects_that_are_not_declared_as_a_whole() -> None:
    row = row_type_of("Machine", {"power": Any, "cores": int | None})
    decoded: Any = msgspec.json.decode(b'{"power": ["on"], "name": "web"}', type=row)
    assert (decoded.power, decoded.cores) == (["on"], None)
    assert msgspec.convert({"cores": "4"}, row, strict=False).cores == 4  # type: ignore[attr-defined]
    assert not hasattr(decoded, "name")
