"""Snapshots and clones on the real services, also of servers that run from volumes. No temporary object is left."""

from __future__ import annotations

import pytest
from servers.openstack.openstack import OpenStack

import hvlib
from hvlib.model.ref import Ref

pytestmark = pytest.mark.timeout(300)

PATIENCE = 120.0


def images(region: OpenStack) -> list[str]:
    """The identifiers of all images, also hidden ones: no temporary image may stay."""
    glance = region.administrator()
    pages = [glance.call("glance", "GET", f"/v2/images?limit=1000&os_hidden={hidden}") for hidden in ("true", "false")]
    return sorted(image["id"] for page in pages for image in page["images"])


def volumes(region: OpenStack, kind: str = "volumes") -> list[str]:
    return sorted(each["id"] for each in region.administrator().call("cinder", "GET", f"/v3/{kind}")[kind])


def new_server(provider: hvlib.Provider, name_label: str, image: Ref) -> hvlib.VM:
    flavor = provider.compute.flavors.find("m1.tiny")
    made = provider.compute.vms.create(name_label, image=image, flavor=flavor, networks=[region_network(provider)])
    return made.wait(timeout=PATIENCE)


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
        kept.delete().wait(timeout=PATIENCE)
    hvlib.wait_all([vm.delete(), copy.delete()], timeout=PATIENCE)
    assert (images(region), volumes(region), volumes(region, "snapshots")) == (*before, [])


def test_a_server_made_of_a_snapshot_names_an_image_that_can_be_read(provider: hvlib.Provider) -> None:
    """Nova does not say that the image is a snapshot, so its ref is that of an Image."""
    original = new_server(provider, "original", provider.image.images.find("tiny-linux").ref)
    kept = original.snapshot("origin").wait(timeout=PATIENCE)
    copy = new_server(provider, "made of a snapshot", kept.ref)
    assert copy.image == Ref(kept.ref.provider_uuid, "Image", kept.ref.id)
    with provider.count_requests() as requests:
        assert copy.image.get().name_label == "origin"
    assert requests.total == 1
    assert provider.get_many([copy.image, original.image]).keys() == {copy.image, original.image}
    assert kept.ref.id not in {image.ref.id for image in provider.image.images.get_all(fields=[])}
    hvlib.wait_all([copy.delete(), original.delete(), kept.delete()], timeout=PATIENCE)


def test_a_clone_that_is_refused_leaves_nothing(region: OpenStack, provider: hvlib.Provider) -> None:
    """The driver looks up the copy's flavor before it makes anything."""
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


def test_a_protected_snapshot_keeps_its_volume_snapshots(region: OpenStack, provider: hvlib.Provider) -> None:
    vm = provider.compute.vms.create(
        "its snapshot is protected",
        image=provider.image.images.find("tiny-linux"),
        flavor=provider.compute.flavors.find("m1.tiny"),
        pool=provider.storage.pools.find("fast"),
    ).wait(timeout=PATIENCE)
    kept = vm.snapshot("protected").wait(timeout=PATIENCE)
    assert len(volumes(region, "snapshots")) == 1
    region.administrator().protect_image(kept.ref.id, True)
    with pytest.raises(hvlib.PermissionDenied, match="protected"):
        kept.delete().wait(timeout=PATIENCE)
    assert len(volumes(region, "snapshots")) == 1
    region.administrator().protect_image(kept.ref.id, False)
    kept.delete().wait(timeout=PATIENCE)
    assert volumes(region, "snapshots") == []
    vm.delete().wait(timeout=PATIENCE)


def region_network(provider: hvlib.Provider) -> hvlib.Network:
    return provider.network.networks.find("net-1")
