"""Unusual objects of real services: without a name, without a server, or with properties of their own."""

from __future__ import annotations

import pytest
from hvlib_openstack.paging import SdkClient, pages
from hvlib_openstack.version import Version
from servers.openstack.openstack import OpenStack

import hvlib

pytestmark = [  # the SDK's own code causes these warnings
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning:openstack"),
    pytest.mark.timeout(300),
]

GIB = 2**30


def test_objects_without_a_name(region: OpenStack, provider: hvlib.Provider) -> None:
    administrator = region.administrator()
    body = {"volume": {"size": 1}}
    volume = administrator.call("cinder", "POST", "/v3/volumes", body)["volume"]["id"]
    image = administrator.call("glance", "POST", "/v2/images", {"disk_format": "raw", "container_format": "bare"})
    for collection, id in ((provider.storage.volumes, volume), (provider.image.images, image["id"])):
        assert id in {each.ref.id for each in collection.get_all(fields=[], name_label="")}
        assert id in {each.ref.id for each in collection.get_by_name_label("")}
    administrator.call("glance", "DELETE", f"/v2/images/{image['id']}")
    provider.storage.volumes.get_by_uuid(volume).delete().wait(timeout=60)


def test_a_volume_that_is_attached_to_a_host(region: OpenStack, provider: hvlib.Provider) -> None:
    """Cinder attaches volumes to hosts too, without a server."""
    administrator = region.administrator()
    volume = provider.storage.volumes.create("for backups", GIB).wait(timeout=60)
    action = f"/v3/volumes/{volume.ref.id}/action"
    attach = {"os-attach": {"host_name": "backup", "mountpoint": "/dev/sdz", "mode": "rw"}}
    administrator.call("cinder", "POST", action, attach)
    assert volume.refresh().vms == ()
    assert provider.storage.volumes.get_all().count() > 1
    administrator.call("cinder", "POST", action, {"os-detach": {}})
    volume.delete().wait(timeout=60)


def test_native_properties_of_some_images(region: OpenStack, provider: hvlib.Provider) -> None:
    administrator = region.administrator()
    image = {"name": "of its own", "disk_format": "raw", "container_format": "bare", "hw_disk_bus": "scsi"}
    id = administrator.call("glance", "POST", "/v2/images", image)["id"]
    images = provider.image.images.get_all(fields=[], native=["hw_disk_bus"]).all()
    assert {image.native["hw_disk_bus"] for image in images if image.ref.id != id} == {None}
    assert next(image.native for image in images if image.ref.id == id) == {"hw_disk_bus": "scsi"}
    administrator.call("glance", "DELETE", f"/v2/images/{id}")
    assert provider.image.images.get_all(native=["of_nobodys"]).first().native == {"of_nobodys": None}


def test_native_properties_of_some_states(region: OpenStack, provider: hvlib.Provider) -> None:
    """A few properties are missing from some objects of nova, neutron and cinder: they are None there."""
    vms = provider.compute.vms.get_all(fields=[], native=["fault", "status"])
    assert {vm.native["fault"] for vm in vms if vm.native["status"] == "ACTIVE"} == {None}
    assert provider.network.networks.get_all(native=["segments"]).first().native == {"segments": None}
    volume = provider.storage.volumes.create("of no image", GIB).wait(timeout=60)
    volume = provider.storage.volumes.get(volume.ref, native=["volume_image_metadata", "size"])
    assert volume.native == {"volume_image_metadata": None, "size": 1}
    volume.delete().wait(timeout=60)


@pytest.mark.parametrize("kind", ["VM", "Host", "Cluster", "Flavor", "Network", "StoragePool", "Volume"])
def test_unknown_native_properties(region: OpenStack, provider: hvlib.Provider, kind: str) -> None:
    """A property that no object of the reply has does not exist. The error names the properties that exist."""
    collection = provider.collection(kind)
    volume = provider.storage.volumes.create("with some properties", GIB).wait(timeout=60)
    with pytest.raises(hvlib.InvalidQuery, match="no property 'colour'") as refused:
        collection.get_all(fields=[], native=["id", "colour"]).all()
    assert refused.value.hint is not None
    assert " id " in refused.value.hint
    volume.delete().wait(timeout=60)


def test_a_word_in_place_of_a_uuid(provider: hvlib.Provider) -> None:
    """The word is a path of its own below the collection."""
    for collection in (provider.compute.vms, provider.storage.volumes):
        with pytest.raises(hvlib.NotFound):
            collection.get_by_uuid("detail")


def test_links_under_other_names(region: OpenStack, provider: hvlib.Provider) -> None:
    """Nova's links of instance actions are in ``links``, cinder's of volume types in ``volume_type_links``."""
    one = [("limit", "1")]
    types = pages(SdkClient(provider.native.block_storage), "/types", "volume_types", parameters=one)
    assert sum(len(page.items) for page in types) == 2
    vm = region.copy_server("with a past")
    for step in ("os-start", "os-stop"):
        region.administrator().act(vm, step, {"os-start": "ACTIVE", "os-stop": "SHUTOFF"}[step])
    found = pages(
        SdkClient(provider.native.compute),
        f"/servers/{vm}/os-instance-actions",
        "instanceActions",
        parameters=one,
        version=Version(2, 74),
    )
    actions = [item["action"] for page in found for item in page.items]
    assert actions[:2] == ["stop", "start"]
