"""The properties that a query needs, and the records that are made from the server's rows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid5

import pytest
from hvlib_vsphere.data_objects import Fault, MoRef, Row
from hvlib_vsphere.kinds.vm import TABLE
from hvlib_vsphere.property.retrieval import InventoryRetrieval, Retrieval
from hvlib_vsphere.property.spec import FilterSpec
from hvlib_vsphere.records import Collected, RecordMaker

from hvlib.driver import SessionLost, Unavailable
from hvlib.errors import InvalidQuery, NotFound, PermissionDenied
from hvlib.model.query import make_query
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Network, Resource

SERVER = "8d4d3c1e-0000-4000-8000-000000000001"


def ref(kind: type[Resource], id: str) -> Ref:
    return Ref(SERVER, kind.kind, id)


def records(**options: Any) -> RecordMaker[VM]:
    client: Any = SimpleNamespace(login=SimpleNamespace(server_uuid=SERVER), context=SimpleNamespace(ref=ref))
    return RecordMaker(TABLE, make_query(VM, TABLE.declared(), **options), client)


def row(values: dict[str, Any], **missing: str) -> Row:
    faults = {path.replace("_", "."): Fault(fault, "because", {}) for path, fault in missing.items()}
    return Row(MoRef("VirtualMachine", "vm-1"), values, faults)


def test_the_paths_are_those_of_the_requested_fields() -> None:
    assert records(fields=["ip_addresses"]).paths == ["guest.ipAddress", "guest.net", "summary.config.template"]
    assert records(fields=["name_label"], native=["config.version"]).paths == [
        "config.version",
        "name",
        "summary.config.template",
    ]
    assert records(fields=["name_label"], native=True).paths is None


def test_a_vm_whose_configuration_can_not_be_read() -> None:
    record = records().of_row(row({"name": "lost", "runtime.powerState": "poweredOff"}))

    assert record is not None
    assert record.uuid == str(uuid5(UUID(SERVER), "vm-1"))
    assert (record.name_label, record.power_state, record.vcpus, record.networks) == ("lost", "halted", None, ())


def test_a_template_is_no_vm() -> None:
    assert records().of_row(row({"name": "golden", "summary.config.template": True})) is None
    assert records(native=True).of_row(row({"name": "golden", "summary": {"config": {"template": True}}})) is None


def test_fields_are_read_inside_of_whole_properties_too() -> None:
    summary = {"config": {"template": False, "numCpu": 2, "memorySizeMB": 1024}}
    values = {"name": "a", "summary": summary, "guest": "", "network": MoRef("Network", "network-1")}
    record = records(native=True).of_row(row(values))

    assert record is not None
    assert (record.vcpus, record.memory_bytes, record.guest_hostname) == (2, 1 << 30, None)
    assert record.networks == (ref(Network, "network-1"),)
    assert record.native == values


def test_the_requested_native_properties() -> None:
    record = records(fields=["name_label"], native=["config.version", "colour"]).of_row(
        row({"name": "a", "config.version": "vmx-19"})
    )

    assert record is not None
    assert record.native == {"config.version": "vmx-19", "colour": None}


def test_a_property_that_may_not_be_read_is_no_missing_value() -> None:
    with pytest.raises(PermissionDenied, match=r"vm-1: guest\.hostName"):
        records().of_row(row({"name": "a"}, guest_hostName="NoPermission"))


def test_a_listing_names_the_objects_that_may_not_be_read() -> None:
    collected = Collected[VM]()
    take = records().collect(collected)
    take(row({"name": "a"}))
    take(row({"name": "b"}, guest_hostName="NoPermission"))
    assert [vm.name_label for vm in collected.items] == ["a"]
    assert [(vm.id, type(error)) for vm, error in collected.unreadable.items()] == [("vm-1", PermissionDenied)]
    with pytest.raises(SessionLost):
        take(row({}, name="NotAuthenticated"))


@pytest.mark.parametrize(("retrieval", "error"), [(InventoryRetrieval, Unavailable), (Retrieval, NotFound)])
def test_an_object_that_goes_while_all_are_read(retrieval: type[Retrieval], error: type[Exception]) -> None:
    """A listing does not fail: core asks for the page again."""

    def call(*_: object, **__: object) -> None:
        raise NotFound("vm-7 has been deleted")

    calls: Any = SimpleNamespace(call=call, login=SimpleNamespace(service=lambda name: MoRef("Service", name)))
    with pytest.raises(error):
        retrieval(calls, lambda: FilterSpec((), ())).fetch(print, 1)


SUMMARY = {
    "summary.config.instanceUuid": "501a0000-0000-4000-8000-000000000001",
    "summary.config.annotation": "kept",
    "summary.config.numCpu": 2,
    "summary.config.memorySizeMB": 1024,
    "summary.config.guestFullName": "Debian",
    "name": "a",
    "runtime.connectionState": "orphaned",
}
"""The properties that the server has of a VM whose host does not have it any more."""


def test_a_vm_without_configuration_has_its_summary() -> None:
    record = records().of_row(row(SUMMARY))
    assert record is not None
    assert record.uuid == SUMMARY["summary.config.instanceUuid"]
    assert (record.description, record.vcpus, record.memory_bytes, record.guest_os) == ("kept", 2, 1 << 30, "Debian")
    assert record.problem is not None
    assert record.problem.startswith("orphaned")
    configured = records().of_row(row({**SUMMARY, "config.instanceUuid": record.uuid, "config.annotation": "kept"}))
    assert configured is not None
    assert (configured.uuid, configured.description) == (record.uuid, record.description)


def test_a_template_that_can_not_be_read_is_no_vm() -> None:
    assert records().of_row(row({**SUMMARY, "summary.config.template": True})) is None


def test_a_lost_session_is_no_missing_value() -> None:
    with pytest.raises(SessionLost):
        records().of_row(row({}, name="NotAuthenticated"))


def test_an_object_that_is_gone_is_left_out() -> None:
    assert records().of_row(row({"name": "a"}, guest_net="ManagedObjectNotFound")) is None


def not_found(missing: MoRef) -> Fault:
    return Fault("ManagedObjectNotFound", "because", {"obj": missing})


def test_a_vm_whose_host_is_gone_is_not_left_out() -> None:
    itself, host = MoRef("VirtualMachine", "vm-1"), MoRef("HostSystem", "host-1")
    record = records().of_row(Row(itself, {"name": "a"}, {"runtime.host": not_found(host)}))

    assert record is not None
    assert (record.name_label, record.host) == ("a", None)
    assert records().of_row(Row(itself, {"name": "a"}, {"runtime.host": not_found(itself)})) is None


@pytest.mark.parametrize("kind", ["ContainerView", "PropertyCollector"])
def test_a_view_that_is_gone_means_a_lost_session(kind: str) -> None:
    missing = {"name": Fault("ManagedObjectNotFound", "", {}), "network": not_found(MoRef(kind, "session[1]2"))}
    for faults in (missing, dict(reversed(missing.items()))):
        with pytest.raises(SessionLost):
            records().of_row(Row(MoRef("VirtualMachine", "vm-1"), {}, faults))


def test_a_property_that_can_not_be_read_now_is_none() -> None:
    record = records().of_row(row({"name": "a"}, guest_hostName="HostNotConnected"))

    assert record is not None
    assert record.guest_hostname is None


def test_a_native_property_that_does_not_exist() -> None:
    with pytest.raises(InvalidQuery, match="colour"):
        records(native=["colour"]).of_row(row({"name": "a"}, colour="InvalidProperty"))
