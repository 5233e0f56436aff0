"""Kinds that share the server's VirtualMachine, and the parts of VMs, as another user changes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from drivers.vsphere.wire.administrator import Administrator
from pyVmomi import vim
from servers.vcsim import Vcsim

import hvlib


@pytest.fixture
def provider(server: Vcsim) -> Iterator[hvlib.Provider]:
    with hvlib.connect(server.url, password=server.password, cacert=str(server.cacert)) as provider:
        yield provider


def set_uuid(admin: Administrator, vm: Any, uuid: str) -> None:
    admin.finish(vm.ReconfigVM_Task(vim.vm.ConfigSpec(instanceUuid=uuid)))


def test_two_vms_with_one_uuid(provider: hvlib.Provider, admin: Administrator, machine: Any) -> None:
    uuid = str(uuid4())
    double = admin.clone(machine, "double")
    for vm in (machine, double):
        set_uuid(admin, vm, uuid)
    with pytest.raises(hvlib.AmbiguousName) as caught:
        provider.compute.vms.get_by_uuid(uuid)
    assert {vm.ref.id for vm in caught.value.candidates} == {machine._moId, double._moId}
    admin.remove(double)
    assert provider.compute.vms.get_by_uuid(uuid).ref.id == machine._moId


def test_a_vm_that_shares_its_uuid_with_a_template(
    provider: hvlib.Provider, admin: Administrator, machine: Any
) -> None:
    uuid = str(uuid4())
    template = admin.clone(machine, "golden twin")
    for vm in (machine, template):
        set_uuid(admin, vm, uuid)
    template.MarkAsTemplate()
    assert provider.compute.vms.get_by_uuid(uuid).ref.id == machine._moId
    assert provider.image.images.get_by_uuid(uuid).ref.id == template._moId
    template.MarkAsVirtualMachine(admin.objects(vim.ResourcePool)[0])
    admin.remove(template)


def test_snapshots_as_they_come_and_go(provider: hvlib.Provider, admin: Administrator, machine: Any) -> None:
    snapshots = provider.compute.snapshots
    with snapshots.watch() as watch:
        while next(watch).type != "SYNCED":
            pass
        for name in ("first", "second"):
            admin.finish(machine.CreateSnapshot_Task(name, "", False, False))
        first, second = [next(watch).resource for _ in range(2)]
        assert [(each.name_label, each.vm.id) for each in (first, second)] == [
            ("first", machine._moId),
            ("second", machine._moId),
        ]
        assert second.parent == first.ref
        assert provider.get_many([first.ref, second.ref]).keys() == {first.ref, second.ref}
        admin.finish(vim.vm.Snapshot(second.ref.id, admin.instance._stub).RemoveSnapshot_Task(removeChildren=False))
        assert (next(watch).type, snapshots.get_all(vm=first.vm).one()) == ("DELETED", first)
        with pytest.raises(hvlib.NotFound):
            second.refresh()


def test_the_volumes_of_a_vm(provider: hvlib.Provider, machine: Any) -> None:
    vm = provider.compute.vms.get(hvlib.Ref(provider.about.uuid, "VM", machine._moId))
    [volume] = provider.get_many(vm.volumes).values()
    [disk] = [each for each in machine.config.hardware.device if isinstance(each, vim.vm.device.VirtualDisk)]
    assert (volume.name_label, volume.size_bytes) == (disk.backing.fileName, disk.capacityInBytes)
    assert volume.vms == (vm.ref,)
    assert volume.pool.get().name_label == disk.backing.datastore.name
    assert provider.storage.volumes.get_by_name_label(volume.name_label)[0].vms
    native = provider.storage.volumes.get(volume.ref, native=["backing", "unitNumber"]).native
    assert (native["backing"]["thinProvisioned"], native["unitNumber"]) == (True, disk.unitNumber)
    with pytest.raises(hvlib.InvalidQuery):
        provider.storage.volumes.get(volume.ref, native=["colour"])


def test_the_vms_of_hosts_are_asked_of_the_server(provider: hvlib.Provider) -> None:
    vms = provider.compute.vms
    by_host: dict[hvlib.Ref, set[str]] = {}
    for vm in vms.get_all():
        assert vm.host is not None
        by_host.setdefault(vm.host, set()).add(vm.ref.id)
    for host, ids in by_host.items():
        with provider.count_requests() as requests:
            assert {vm.ref.id for vm in vms.get_all(host=host, fields=[])} == ids
        assert requests.calls == {"RetrievePropertiesEx": 1}
    both = list(by_host)[:2]
    assert {vm.ref.id for vm in vms.get_all(host=both)} == by_host[both[0]] | by_host[both[1]]
    gone = hvlib.Ref(both[0].provider_uuid, "Host", f"{both[0].id}999")
    assert vms.get_all(host=gone).all() == []


def test_a_lost_session_is_no_host_without_vms(provider: hvlib.Provider, admin: Administrator) -> None:
    host = next(vm.host for vm in provider.compute.vms.get_all())
    ids = {vm.ref.id for vm in provider.compute.vms.get_all(host=host)}
    admin.expire_sessions()
    assert {vm.ref.id for vm in provider.compute.vms.get_all(host=host)} == ids


def test_a_page_of_a_host(provider: hvlib.Provider) -> None:
    """A server's page may have the host itself, which is no VM."""
    host = next(vm.host for vm in provider.compute.vms.get_all())
    ids = [vm.ref.id for vm in provider.compute.vms.get_all(host=host)]
    assert [vm.ref.id for vm in provider.compute.vms.get_all(host=host, page_size=1)] == ids
