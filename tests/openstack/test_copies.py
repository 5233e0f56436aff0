"""Snapshots and clones on the real services: also of servers that run from volumes, and nothing is left of them."""

from __future__ import annotations

import pytest
from servers.openstack.openstack import OpenStack

import hvlib

pytestmark = pytest.mark.timeout(300)

PATIENCE = 120.0


def images(region: OpenStack) -> list[str]:
    found = region.administrator().call("glance", "GET", "/v2/images?limit=1000")["images"]
    return sorted(image["id"] for image in found)


def volumes(region: OpenStack, kind: str = "volumes") -> list[str]:
    return sorted(each["id"] for each in region.administrator().call("cinder", "GET", f"/v3/{kind}")[kind])


def test_a_server_that_runs_from_a_volume(region: OpenStack, provider: hvlib.Provider) -> None:
    before = images(region), volumes(region)
    vm = provider.compute.vms.create(
        "from a volume",
        image=provider.image.images.find("tiny-linux"),
        flavor=provider.compute.flavors.find("m1.tiny"),
        pool=provider.storage.pools.find("fast"),
        networks=[region_network(provider)],
    ).wait(timeout=PATIENCE)
    copy = vm.clone("its copy").wait(timeout=PATIENCE)
    assert (copy.name_label, copy.power_state, copy.networks) == ("its copy", "halted", vm.networks)
    assert (len(copy.volumes), set(copy.volumes) & set(vm.volumes)) == (1, set())
    assert images(region) == before[0]
    kept = vm.snapshot("kept").wait(timeout=PATIENCE)
    assert (kept.vm, kept.name_label) == (vm.ref, "kept")
    assert provider.image.images.get_by_name_label("kept") == []
    with pytest.raises(hvlib.Unsupported, match="runs from a volume"):  # nova would write an empty image to it
        vm.revert(kept)
    assert kept.delete().wait(timeout=PATIENCE) is None
    with pytest.raises(hvlib.NotFound):
        kept.delete()
    hvlib.wait_all([vm.delete(), copy.delete()], timeout=PATIENCE)
    assert (images(region), volumes(region), volumes(region, "snapshots")) == (*before, [])


def test_a_clone_that_is_refused_leaves_nothing(region: OpenStack, provider: hvlib.Provider) -> None:
    """The server of the image is asked for when the task is looked at: the refusal is the task's failure."""
    administrator = region.administrator()
    flavor = {"name": "withdrawn", "vcpus": 1, "ram": 64, "disk": 1}
    size = administrator.call("nova", "POST", "/v2.1/flavors", {"flavor": flavor})["flavor"]["id"]
    vm = provider.compute.vms.get_by_uuid(region.create_server("of its time", networks="none", flavorRef=size))
    administrator.call("nova", "DELETE", f"/v2.1/flavors/{size}")
    before = images(region)
    task = vm.clone("too late")
    with pytest.raises(hvlib.NotFound, match="no flavor 'withdrawn'"):
        task.wait(timeout=PATIENCE)
    assert task.state == "failed"
    assert images(region) == before
    vm.delete().wait(timeout=PATIENCE)


def region_network(provider: hvlib.Provider) -> hvlib.Network:
    return provider.network.networks.find("net-1")
