"""Actions and tasks on the real services: outcomes come from nova's records, and any process can follow a task."""

from __future__ import annotations

import pytest
from servers.openstack.openstack import OpenStack

import hvlib
from hvlib.model.ref import Ref

from .conftest import Connect

pytestmark = pytest.mark.timeout(300)

PATIENCE = 120.0
GIB = 2**30


def copied(region: OpenStack, provider: hvlib.Provider, name: str) -> hvlib.VM:
    """A new server that is off."""
    return provider.compute.vms.get_by_uuid(region.copy_server(name))


def test_a_size_that_fits_nowhere_is_a_failure(region: OpenStack, provider: hvlib.Provider) -> None:
    """Nova leaves the server as it was before. Its good state does not make the resize a success."""
    vm = copied(region, provider, "too large")
    flavor = {"name": "huge", "vcpus": 1000, "ram": 2**30, "disk": 1}
    region.administrator().call("nova", "POST", "/v2.1/flavors", {"flavor": flavor})
    with pytest.raises(hvlib.TaskFailed, match="No valid host"):
        vm.resize(flavor=provider.compute.flavors.find("huge")).wait(timeout=PATIENCE)
    assert region.administrator().server(vm.ref.id)["status"] == "SHUTOFF"
    task = provider.compute.vms.create(
        "never", image=provider.image.images.find("tiny-linux"), flavor=provider.compute.flavors.find("huge")
    )
    with pytest.raises(hvlib.TaskFailed, match="No valid host"):
        task.wait(timeout=PATIENCE)


def test_a_size_is_a_flavor_with_exactly_that_size(region: OpenStack, provider: hvlib.Provider) -> None:
    vm = copied(region, provider, "sized")
    small = provider.compute.flavors.find("m1.small")
    with pytest.raises(hvlib.InvalidQuery, match="no flavor has 3 vcpus") as caught:
        vm.resize(vcpus=3).wait(timeout=PATIENCE)
    assert "m1.small (2 vcpus, 2048 MiB, 10 GiB)" in (caught.value.hint or "")
    with pytest.raises(hvlib.Unsupported, match="a flavor says"):
        vm.resize(vcpus=3, flavor=small)
    diskless = {"flavor": {"name": "for-volumes", "vcpus": 2, "ram": 2048, "disk": 0}}
    region.administrator().call("nova", "POST", "/v2.1/flavors", diskless)
    image = provider.image.images.find("tiny-linux")
    made = provider.compute.vms.create("exact", image=image, vcpus=2, memory_bytes=2 * GIB).wait(timeout=PATIENCE)
    assert (made.flavor, made.power_state, made.networks) == (small.ref, "halted", ())
    assert made.delete().wait(timeout=PATIENCE) is None


def test_a_wait_that_times_out_is_no_failure(region: OpenStack, provider: hvlib.Provider) -> None:
    vm = copied(region, provider, "slow")
    task = vm.start()
    with pytest.raises(hvlib.TaskTimeout):
        task.wait(timeout=0)
    assert task.wait(timeout=PATIENCE).power_state == "running"
    with pytest.raises(hvlib.InvalidState, match="vm_state active"):
        vm.start().wait(timeout=PATIENCE)


def test_another_provider_follows_a_task(region: OpenStack, connect: Connect) -> None:
    starter, follower = connect(), connect()
    vm = copied(region, starter, "started here")
    begun = vm.start()
    assert begun.ref is not None
    record = follower.tasks.get(Ref.parse(str(begun.ref)))
    record.follow().wait(timeout=PATIENCE)
    record = follower.tasks.get(record.ref)
    assert (record.state, record.operation, record.progress, record.target) == ("succeeded", "start", 1.0, vm.ref)


def test_a_resize_is_confirmed_once(region: OpenStack, provider: hvlib.Provider) -> None:
    vm = copied(region, provider, "resized")
    assert vm.resize(flavor=provider.compute.flavors.find("c1.large")).wait(timeout=PATIENCE).vcpus == 4
    actions = region.administrator().call("nova", "GET", f"/v2.1/servers/{vm.ref.id}/os-instance-actions")
    assert [each["action"] for each in actions["instanceActions"]].count("confirmResize") == 1


def test_revert_restores_the_disk(region: OpenStack, provider: hvlib.Provider) -> None:
    vm, other = copied(region, provider, "reverted"), copied(region, provider, "other")
    kept = vm.snapshot("kept").wait(timeout=PATIENCE)
    assert vm.revert(kept).wait(timeout=PATIENCE).image == Ref(kept.ref.provider_uuid, "Image", kept.ref.id)
    with pytest.raises(hvlib.InvalidQuery, match="no snapshot of the server"):
        other.revert(kept)
    kept.delete().wait(timeout=PATIENCE)


def test_volumes_made_with_a_server_are_deleted_with_it(region: OpenStack, provider: hvlib.Provider) -> None:
    """Except volumes that are to be kept. Volumes that were made separately stay."""
    image, flavor = provider.image.images.find("tiny-linux"), provider.compute.flavors.find("m1.tiny")
    pool = provider.storage.pools.find("fast")
    separate = provider.storage.volumes.create("separate", GIB).wait(timeout=PATIENCE)
    for kept in (False, True):
        vm = provider.compute.vms.create("booted", image=image, flavor=flavor, pool=pool, volumes=[separate]).wait(
            timeout=PATIENCE
        )
        [own] = [volume for volume in provider.get_many(vm.volumes).values() if volume.ref != separate.ref]
        assert isinstance(own, hvlib.Volume)
        assert (own.pool, own.bootable) == (pool.ref, True)
        vm.delete(keep_volumes=[own] if kept else []).wait(timeout=PATIENCE)
        assert (own.ref in provider.get_many([own.ref])) is kept
        assert separate.refresh().vms == ()


def test_a_vlan_is_on_the_physical_network_of_the_others(region: OpenStack, provider: hvlib.Provider) -> None:
    network = provider.network.networks.create("on a wire", vlan_id=77).wait(timeout=PATIENCE)
    assert network.vlan_id == 77
    row = region.administrator().call("neutron", "GET", f"/v2.0/networks/{network.ref.id}")["network"]
    assert row["provider:physical_network"] == "physnet1"
    network.delete().wait(timeout=PATIENCE)
