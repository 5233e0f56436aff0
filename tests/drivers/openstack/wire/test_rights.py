"""Rights: a request for objects that a role may not see is refused; its answer is never a shorter list."""

from __future__ import annotations

import pytest
from servers.openstack.openstack import OpenStack

import hvlib
from hvlib.model.ref import Ref

from .conftest import Connect

pytestmark = pytest.mark.timeout(300)

MEMBERS = ["member-1", "member-2"]


def test_a_member_sees_the_projects_servers(connect: Connect) -> None:
    member = connect("member")
    assert sorted(vm.name_label for vm in member.compute.vms.get_all()) == MEMBERS
    assert [vm.name_label for vm in member.compute.vms.get_by_name_label("member-1")] == ["member-1"]
    assert member.compute.vms.get_by_name_label("vm-00003") == []


def test_objects_for_administrators_are_refused_to_a_member(connect: Connect) -> None:
    member = connect("member")
    for collection in (member.compute.hosts, member.compute.clusters):
        with pytest.raises(hvlib.PermissionDenied, match="Policy"):
            collection.get_all().all()
    vm = member.compute.vms.find("member-1")
    assert "host" not in member.compute.vms.fields
    with pytest.raises(hvlib.Unsupported):
        _ = vm.host
    [network] = member.network.networks.get_all()
    with pytest.raises(hvlib.Unsupported):
        _ = network.vlan_id


def test_only_an_administrator_lists_all_projects(region: OpenStack, connect: Connect) -> None:
    everything = connect("admin", all_projects=True)
    own = connect("admin").compute.vms.get_all(fields=["name_label"]).count()
    names = [vm.name_label for vm in everything.compute.vms.get_all(fields=["name_label"], page_size=7)]
    assert len(names) == own + len(MEMBERS)
    assert set(MEMBERS) < set(names)
    assert len(everything.compute.vms.get_by_name_label("member-1")) == 1
    refs = everything.compute.vms.get_all_records(fields=[])
    assert len(everything.get_many(refs)) == len(refs)
    with connect("member", all_projects=True) as member:
        for collection in (member.compute.vms, member.storage.volumes):
            with pytest.raises(hvlib.PermissionDenied):
                collection.get_all().all()


def test_objects_that_a_listing_leaves_out_can_be_read(region: OpenStack, connect: Connect) -> None:
    """Another project's servers, hidden images and community images can be read by their refs."""
    provider, member = connect("admin"), connect("member")
    theirs = [vm.ref for vm in member.compute.vms.get_all(fields=[])]
    assert not set(theirs) & {vm.ref for vm in provider.compute.vms.get_all(fields=[])}
    assert provider.get_many(theirs).keys() == set(theirs)
    own = [vm.ref for vm in provider.compute.vms.get_all(fields=[])]
    assert provider.get_many([*own, *theirs] * 3).keys() == {*own, *theirs}
    administrator = region.administrator()
    image = {"name": "hidden", "disk_format": "raw", "container_format": "bare"}
    unlisted = [{"os_hidden": True}, {"visibility": "community"}, {"os_hidden": True, "visibility": "community"}]
    hidden = [administrator.call("glance", "POST", "/v2/images", {**image, **kind})["id"] for kind in unlisted]
    refs = [Ref(own[0].provider_uuid, "Image", id) for id in hidden]
    for reader in (provider, member):
        readable = [ref for ref in refs if reader.get_many([ref])]
        assert len(readable) >= 2
        assert reader.get_many(refs).keys() == set(readable)
    assert member.image.images.get_by_name_label("hidden") == []
    for id in hidden:
        administrator.call("glance", "DELETE", f"/v2/images/{id}")


def test_nova_filters_servers_by_host(region: OpenStack, connect: Connect) -> None:
    provider = connect("admin")
    for host in provider.compute.hosts.get_all():
        expected = {
            server["id"]
            for server in region.administrator().servers()
            if server["OS-EXT-SRV-ATTR:hypervisor_hostname"] == host.name_label
        }
        assert {vm.ref.id for vm in provider.compute.vms.get_all(host=host.ref)} == expected
        filtered = provider.compute.vms.get_all(host=host.ref, page_size=len(expected) + 1)
        assert [len(page.items) for page in filtered.pages()] == [len(expected)]
    assert len(region.administrator().servers()) > len(expected) + 1
