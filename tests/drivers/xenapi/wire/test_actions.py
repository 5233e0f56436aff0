"""Actions that take several calls: the objects that they make, and that a failure leaves nothing half-done."""

from __future__ import annotations

import pytest
from servers.xapi import Xapi

import hvlib

SOON = 20.0


def a_vm(provider: hvlib.Provider, state: str) -> hvlib.VM:
    vm = provider.compute.vms.get_all(power_state=state).first()
    assert vm is not None
    return vm


def counts(xapi: Xapi) -> dict[str, int]:
    return {cls: len(xapi.call(f"{cls}.get_all")) for cls in ("VM", "VDI", "VBD", "VIF", "network", "PIF")}


def template(provider: hvlib.Provider) -> hvlib.Image:
    [image] = provider.image.images.get_by_name_label("Debian 12 with a disk")
    return image


def test_create_with_everything(xapi: Xapi, provider: hvlib.Provider) -> None:
    before = counts(xapi)
    network = provider.network.networks.create("tagged", vlan_id=12).wait(timeout=SOON)
    assert network.vlan_id == 12
    volume = provider.storage.volumes.create("data", 2**30).wait(timeout=SOON)
    host = provider.compute.hosts.get_all().all()[-1]
    pool = next(pool for pool in provider.storage.pools.get_all() if pool.shared)
    vm = provider.compute.vms.create(
        "made",
        image=template(provider),
        vcpus=3,
        memory_bytes=2**31,
        networks=[network],
        volumes=[volume],
        host=host,
        pool=pool,
        native={"name_description": "by a test"},
        start=True,
    ).wait(timeout=SOON)
    assert (vm.name_label, vm.power_state, vm.host) == ("made", "running", host.ref)
    assert (vm.vcpus, vm.memory_bytes, vm.description) == (3, 2**31, "by a test")
    assert vm.networks == (network.ref,)
    assert len(vm.volumes) == 2
    assert vm.volumes[1] == volume.ref
    vm.stop().wait(timeout=SOON)
    vm.delete().wait(timeout=SOON)
    volume.delete().wait(timeout=SOON)
    network.delete().wait(timeout=SOON)
    assert counts(xapi) == before


def test_a_creation_that_fails_leaves_nothing(xapi: Xapi, provider: hvlib.Provider) -> None:
    before = counts(xapi)
    used = a_vm(provider, "running").volumes[0]
    with pytest.raises(hvlib.Conflict):
        provider.compute.vms.create("made", image=template(provider), volumes=[used]).wait(timeout=SOON)
    assert counts(xapi) == before


def test_devices_of_a_running_vm(xapi: Xapi, provider: hvlib.Provider) -> None:
    before = counts(xapi)
    vm = a_vm(provider, "running")
    volume = provider.storage.volumes.create("data", 2**30).wait(timeout=SOON)
    [other] = provider.network.networks.get_by_name_label("Isolated")
    assert volume.ref in vm.attach_volume(volume).wait(timeout=SOON).volumes
    assert other.ref in vm.attach_network(other).wait(timeout=SOON).networks
    assert all(
        row["currently_attached"] for row in xapi.call("VBD.get_all_records").values() if row["VDI"] == volume.ref.id
    )
    assert volume.resize(2**31).wait(timeout=SOON).size_bytes == 2**31
    with pytest.raises(hvlib.Conflict):
        volume.delete().wait(timeout=SOON)
    assert vm.detach_network(other).wait(timeout=SOON).networks == vm.networks
    assert vm.detach_volume(volume).wait(timeout=SOON).volumes == vm.volumes
    with pytest.raises(hvlib.NotFound):
        vm.detach_volume(volume).wait(timeout=SOON)
    volume.delete().wait(timeout=SOON)
    assert counts(xapi) == before


def test_a_plug_that_fails_leaves_nothing(xapi: Xapi, provider: hvlib.Provider) -> None:
    volume = provider.storage.volumes.create("data", 2**30).wait(timeout=SOON)
    before = counts(xapi)
    xapi.add_fault("http_500", "Async.VBD.plug")
    with pytest.raises(hvlib.ProtocolError):
        a_vm(provider, "running").attach_volume(volume).wait(timeout=SOON)
    assert counts(xapi) == before


def test_a_size_that_is_refused_changes_nothing(provider: hvlib.Provider) -> None:
    vm = a_vm(provider, "halted")
    with pytest.raises(hvlib.InvalidQuery):
        vm.resize(vcpus=0, memory_bytes=2**31).wait(timeout=SOON)
    assert vm.refresh() == vm
    with pytest.raises(hvlib.InvalidState):
        a_vm(provider, "running").resize(memory_bytes=2**31).wait(timeout=SOON)


def test_disks_move_to_another_storage_pool(provider: hvlib.Provider) -> None:
    vm = a_vm(provider, "running")
    pool = next(pool for pool in provider.storage.pools.get_all() if not pool.shared)
    moved = vm.migrate(pool=pool).wait(timeout=SOON)
    assert {volume.pool for volume in provider.get_many(moved.volumes).values()} == {pool.ref}


def test_a_snapshot_with_memory(xapi: Xapi, provider: hvlib.Provider) -> None:
    before = counts(xapi)
    vm = a_vm(provider, "running")
    kept = vm.snapshot("kept", memory=True).wait(timeout=SOON)
    assert kept.has_memory
    assert kept.created_at is not None
    kept.delete().wait(timeout=SOON)
    assert counts(xapi) == before


def test_a_vm_that_is_off_has_no_memory_to_keep(provider: hvlib.Provider) -> None:
    assert not a_vm(provider, "halted").snapshot("kept", memory=True).wait(timeout=SOON).has_memory


@pytest.mark.parametrize("state", ["running", "halted"])
def test_disks_move_to_a_host_that_has_the_storage(xapi: Xapi, provider: hvlib.Provider, state: str) -> None:
    """Also to a host that is neither the VM's host nor the master."""
    vm = a_vm(provider, state)
    [pool] = provider.storage.pools.get_by_name_label("Local storage 3")
    [other] = provider.storage.pools.get_by_name_label("Local storage 2")
    [_, _, host] = provider.compute.hosts.get_all()
    assert host.name_label == "host-3"
    assert vm.host != host.ref
    moved = vm.migrate(pool=pool).wait(timeout=SOON)
    assert {volume.pool for volume in provider.get_many(moved.volumes).values()} == {pool.ref}
    assert moved.host == (host.ref if state == "running" else None)
    for ref, row in xapi.call("PBD.get_all_records").items():
        if row["SR"] == other.ref.id:
            xapi.write("PBD", ref, currently_attached=False)
    with pytest.raises(hvlib.InvalidState, match="no host has"):
        vm.migrate(pool=other).wait(timeout=SOON)


def test_a_network_that_can_not_be_deleted_keeps_its_vlan(xapi: Xapi, provider: hvlib.Provider) -> None:
    """A VM that starts has reserved its interface, which the server counts as attached."""
    network = provider.network.networks.create("tagged", vlan_id=12).wait(timeout=SOON)
    vm = a_vm(provider, "halted")
    vm.attach_network(network).wait(timeout=SOON)
    [interface] = [ref for ref, row in xapi.call("VIF.get_all_records").items() if row["network"] == network.ref.id]
    xapi.reserve(interface)
    with pytest.raises(hvlib.Conflict):
        network.delete().wait(timeout=SOON)
    assert network.refresh().vlan_id == 12


def test_volumes_that_are_kept(provider: hvlib.Provider) -> None:
    vm = a_vm(provider, "halted")
    vm.delete(keep_volumes=vm.volumes).wait(timeout=SOON)
    assert {volume.vms for volume in provider.get_many(vm.volumes).values()} == {()}
    assert len(vm.volumes) == 1
