"""Listings on our own vCenter: compressed replies, missing rights, machines and hosts that are lost."""

from __future__ import annotations

import pytest
from hvlib_vsphere.property import (
    Collector,
    FilterSpec,
    MoRef,
    ObjectSpec,
    PropertyService,
    PropertySpec,
    SearchIndex,
    WaitOptions,
)
from servers.vcenter.vcenter import VCenter

import hvlib
from hvlib.model.resources import Image


def test_compressed_replies_are_read() -> None:
    fields = ["vcpus", "volumes"]
    with (
        VCenter(vms=50, page=20, compress=True) as server,
        hvlib.connect(server.url, password=server.password) as provider,
    ):
        listed = provider.compute.vms.get_all(fields=fields).all()
        with provider.compute.vms.watch(fields=fields) as watch:
            event = watch.next(timeout=20)
        assert server.compressed() > 4
    assert event.ref in {vm.ref for vm in listed}
    assert len({vm.ref for vm in listed}) == 50
    assert {(vm.vcpus, len(vm.volumes)) for vm in listed} == {(2, 1)}


def test_one_vm_of_many_that_may_not_be_read(server: VCenter, provider: hvlib.Provider) -> None:
    server.deny("vm-5")
    with pytest.raises(hvlib.PartialResult) as caught:
        for _ in provider.compute.vms.get_all():
            pass
    with pytest.raises(hvlib.PartialResult) as whole:
        provider.compute.vms.get_all().all()
    assert [ref.id for ref in caught.value.refs] == ["vm-5"]
    assert len(whole.value.records) == 11


def test_hosts_whose_names_may_not_be_read(server: VCenter, provider: hvlib.Provider) -> None:
    """The VMs are listed all the same, with their hosts' identifiers."""
    for host in provider.compute.hosts.get_all(fields=[]).all():
        server.deny(host.ref.id, ["name"])
    assert {vm.host.id for vm in provider.compute.vms.get_all(fields=["host"])} == {
        "host-30",
        "host-31",
        "host-32",
        "host-33",
    }


@pytest.mark.parametrize("state", ["disconnected", "inaccessible", "invalid", "orphaned"])
def test_a_vm_that_is_lost_keeps_its_identity(server: VCenter, provider: hvlib.Provider, state: str) -> None:
    """The server has no configuration of it then: the summary has the facts."""
    before = provider.compute.vms.get_all(name_label="vm-00001").one()
    server.change(before.ref.id, "runtime.connectionState", state)
    server.change(before.ref.id, "config", None)
    after = before.refresh()
    assert after.problem is not None
    assert state in after.problem
    assert (after.uuid, after.vcpus, after.name_label) == (before.uuid, before.vcpus, before.name_label)
    assert before.ref.id not in {image.ref.id for image in provider.image.images.get_all()}


def test_a_lost_template_is_no_vm(server: VCenter, provider: hvlib.Provider) -> None:
    fields = ["uuid", "name_label", "guest_os"]
    [template] = provider.image.images.get_all(fields=fields).all()
    server.change(template.ref.id, "config", None)
    assert provider.image.images.get_all(fields=fields).all() == [template]
    assert template.ref.id not in {vm.ref.id for vm in provider.compute.vms.get_all()}
    assert isinstance(template, Image)


def test_a_host_that_does_not_respond(server: VCenter, provider: hvlib.Provider) -> None:
    host, *_ = provider.compute.hosts.get_all().all()
    server.change(host.ref.id, "runtime.connectionState", "notResponding")
    host = host.refresh()
    assert (host.state, host.status) == ("down", "notResponding")
    assert host.problem == "notResponding: the host does not respond"


def test_hosts_by_address_and_name(provider: hvlib.Provider) -> None:
    """vcsim's hosts have neither."""
    search = SearchIndex(PropertyService(provider.native))
    assert [ref.id for ref in search.by_ip("10.1.0.11", vms=False)] == ["host-31"]
    assert [ref.id for ref in search.by_dns_name("esx-02.example.org", vms=False)] == ["host-32"]


@pytest.mark.parametrize("propagate", [False, True])
def test_an_object_that_is_missing_in_a_filter(server: VCenter, provider: hvlib.Provider, propagate: bool) -> None:
    """With ``propagate_missing`` a wait ends with its error, otherwise the update names it."""
    service = PropertyService(provider.native)
    gone = server.create_vm("short-lived")
    server.remove(gone)
    objects = [ObjectSpec(MoRef("VirtualMachine", id)) for id in ("vm-2", gone)]
    options = WaitOptions(max_wait_seconds=5, propagate_missing=propagate)
    with Collector.create(service) as collector:
        collector.create_filter(FilterSpec([PropertySpec("VirtualMachine", ["name"])], objects, report_missing=True))
        if propagate:
            with pytest.raises(hvlib.NotFound):
                next(collector.wait_for_updates(options))
        else:
            update = next(collector.wait_for_updates(options))
            assert ([each.ref.id for each in update.objects], [ref.id for ref in update.missing]) == (["vm-2"], [gone])


def test_the_round_trips_of_all_kinds() -> None:
    """One for each page, and one for the view of each native type in a login.

    Snapshots, volumes and images are parts of VMs, or some of them: all VMs are read, a thousand at a time.
    """
    with VCenter(vms=1000) as server, hvlib.connect(server.url, password=server.password) as provider:
        kinds = (
            provider.compute.vms,
            provider.compute.hosts,
            provider.compute.clusters,
            provider.compute.snapshots,
            provider.network.networks,
            provider.storage.pools,
            provider.storage.volumes,
            provider.image.images,
            provider.tasks,
        )
        for collection in kinds:
            collection.get_all().all()
        before = server.calls()
        counts = {}
        for collection in kinds:
            pages = [len(page.items) for page in collection.get_all(page_size=250).pages()]
            after = server.calls()
            counts[collection.kind.kind] = len(pages), sum(after.values()) - sum(before.values())
            before = after
        assert after["CreateContainerView"] == 5
    one_page = dict.fromkeys(("Host", "Cluster", "Network", "StoragePool", "Task"), (1, 1))
    assert counts == {**one_page, "VM": (5, 5), "Volume": (5, 2), "Snapshot": (1, 2), "Image": (1, 2)}
