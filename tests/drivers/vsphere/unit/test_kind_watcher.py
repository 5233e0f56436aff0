"""The changes that a feed makes from updates, by the rules of a listing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hvlib_vsphere.adapter import TableAdapter
from hvlib_vsphere.data_objects import MoRef
from hvlib_vsphere.kinds.image import Images
from hvlib_vsphere.kinds.vm import VMs
from hvlib_vsphere.property.updates import FilterUpdate, update_set
from hvlib_vsphere.watch.feed import filters
from hvlib_vsphere.watch.kind_watcher import KindWatcher

from hvlib.driver import Change, Gone, SessionLost, Upsert
from hvlib.errors import InvalidQuery, PermissionDenied, TaskFailed
from hvlib.model.query import make_query
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Resource

SERVER = "8d4d3c1e-0000-4000-8000-000000000001"
ITSELF = MoRef("VirtualMachine", "vm-1")
REF = Ref(SERVER, "VM", "vm-1")


def ref(kind: type[Resource], id: str) -> Ref:
    return Ref(SERVER, kind.kind, id)


def watched(adapter: type[TableAdapter[Any]] = VMs, **options: Any) -> KindWatcher:
    login, view = SimpleNamespace(server_uuid=SERVER), MoRef("ContainerView", "view-1")
    client: Any = SimpleNamespace(login=login, context=SimpleNamespace(ref=ref), view=lambda native_type: view)
    return KindWatcher(adapter(client), make_query(adapter.kind, adapter.table.declared(), **options))


def fault(type: str, **detail: object) -> dict[str, Any]:
    return {"fault": {"xsi:type": type, **detail}, "localizedMessage": "because"}


def update(kind: str, values: dict[str, Any] | None = None, **missing: dict[str, Any]) -> FilterUpdate:
    """The changes of one object."""
    changes = tuple({"name": name, "op": "assign", "val": value} for name, value in (values or {}).items())
    reasons = tuple({"path": path.replace("_", "."), "fault": each} for path, each in missing.items())
    return filter_update({"objectSet": {"kind": kind, "obj": ITSELF, "changeSet": changes, "missingSet": reasons}})


def filter_update(sets: dict[str, Any]) -> FilterUpdate:
    """The update that a server sends as a PropertyFilterUpdate with these sets."""
    whole = update_set({"version": "1", "filterSet": {"filter": MoRef("PropertyFilter", "filter-1"), **sets}})
    assert whole is not None
    [made] = whole.filters
    return made


def changes_of(watch: KindWatcher, change: FilterUpdate) -> list[Change]:
    watch.take(change)
    return watch.changes()


def record_of(changes: list[Change]) -> VM:
    [change] = changes
    assert isinstance(change, Upsert)
    assert isinstance(change.record, VM)
    return change.record


def test_an_object_that_enters_without_values_is_a_vm() -> None:
    assert record_of(changes_of(watched(fields=[]), update("enter"))).ref == REF


@pytest.mark.parametrize("values", [{"summary.config.template": True}, {"summary.config.template": "1"}])
def test_a_template_is_no_vm(values: dict[str, Any]) -> None:
    assert changes_of(watched(fields=[]), update("enter", values)) == []


def test_a_property_that_may_not_be_read_is_no_missing_value() -> None:
    with pytest.raises(PermissionDenied, match=r"vm-1: config\.template"):
        changes_of(watched(), update("enter", {"name": "a"}, config_template=fault("NoPermission")))


def test_a_native_property_that_does_not_exist() -> None:
    with pytest.raises(InvalidQuery, match="colour"):
        changes_of(watched(native=["colour"]), update("enter", {"name": "a"}, colour=fault("InvalidProperty")))


def test_a_value_that_is_missing_for_a_while() -> None:
    watch = watched()
    changes_of(watch, update("enter", {"name": "a", "guest.hostName": "h"}))
    lost = record_of(changes_of(watch, update("modify", guest_hostName=fault("HostNotConnected"))))
    restored = record_of(changes_of(watch, update("modify", {"guest.hostName": "h"})))

    assert (lost.name_label, lost.guest_hostname) == ("a", None)
    assert (restored.name_label, restored.guest_hostname) == ("a", "h")


def test_a_changed_leaf_overrides_the_whole_property() -> None:
    watch = watched(native=True)
    whole = {"runtime": {"powerState": "poweredOff"}}
    changes_of(watch, update("enter", whole))
    record = record_of(changes_of(watch, update("modify", {"runtime.powerState": "poweredOn"})))

    assert (record.power_state, record.native) == ("running", whole)


def test_a_vm_whose_host_is_gone() -> None:
    gone = fault("ManagedObjectNotFound", obj=MoRef("HostSystem", "host-1"))

    assert record_of(changes_of(watched(), update("enter", {"name": "a"}, runtime_host=gone))).host is None


def test_a_vm_that_is_gone() -> None:
    watch = watched()
    changes_of(watch, update("enter", {"name": "a"}))

    assert changes_of(watch, update("modify", name=fault("ManagedObjectNotFound", obj=ITSELF))) == [Gone(REF)]


def test_an_object_that_is_not_found_is_gone() -> None:
    watch = watched()
    changes_of(watch, update("enter", {"name": "a"}))
    missing = {"missingSet": {"obj": ITSELF, "fault": fault("ManagedObjectNotFound", obj=ITSELF)}}

    assert changes_of(watch, filter_update(missing)) == [Gone(REF)]


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        (fault("NotAuthenticated"), SessionLost),
        (fault("ManagedObjectNotFound", obj=MoRef("ContainerView", "v")), SessionLost),
        (fault("NoPermission"), PermissionDenied),
        (fault("SystemError"), TaskFailed),
    ],
)
def test_an_object_that_can_not_be_read_is_not_gone(reason: dict[str, Any], error: type[Exception]) -> None:
    watch = watched()
    changes_of(watch, update("enter", {"name": "a"}))

    with pytest.raises(error):
        changes_of(watch, filter_update({"missingSet": {"obj": ITSELF, "fault": reason}}))


def test_queries_for_parts_of_the_same_objects_share_a_filter() -> None:
    """Each filter costs the server as much again."""
    vms, images = watched(fields=["vcpus"]), watched(Images, fields=["guest_os"])
    [(spec, watchers)] = filters([vms, images])
    assert list(watchers) == [vms, images]
    [properties] = spec.properties
    assert {*(vms.records.paths or ()), *(images.records.paths or ())} == {*(properties.paths or ())}
    assert len(list(filters([vms, watched(native=True)]))) == 2
