from __future__ import annotations

from typing import Any

import pytest
from hvlib_vsphere.session import VSphereSession
from hvlib_vsphere.wire.client import Client
from pyVmomi import vim
from scripted.context import UUID, RecordingContext

from hvlib.driver import Listing, PageToken
from hvlib.errors import ConnectionFailed, CursorLost, InvalidQuery
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Host, TaskRecord

from .conftest import Administrator, first_page, query

STATES = {"poweredOn": "running", "poweredOff": "halted", "suspended": "suspended"}


def test_vms_equal_those_of_the_sdk(session: VSphereSession, admin: Administrator) -> None:
    listed = {vm.ref.id: vm for vm in first_page(session, VM)}
    others = {vm._moId: vm for vm in admin.vms()}

    assert listed.keys() == others.keys()
    assert len(listed) == 20
    for id, vm in listed.items():
        native = others[id]
        assert vm.uuid == native.config.instanceUuid
        assert vm.power_state == STATES[admin.leaf(native, "runtime.powerState")]
        assert vm.vcpus == native.config.hardware.numCPU
        assert vm.memory_bytes == native.config.hardware.memoryMB * 1024 * 1024
        assert vm.description == native.config.annotation
        assert vm.guest_hostname == (native.guest.hostName or None)
        assert set(vm.ip_addresses) == {address for card in native.guest.net for address in card.ipAddress}
        assert vm.host.id == admin.leaf(native, "runtime.host")._moId
        assert [network.id for network in vm.networks] == [network._moId for network in native.network]


def test_hosts_equal_those_of_the_sdk(session: VSphereSession, admin: Administrator) -> None:
    listed = {host.ref.id: host for host in first_page(session, Host)}

    assert len(listed) == 4
    for native in admin.objects(vim.HostSystem):
        host = listed[native._moId]
        assert (host.name_label, host.state, host.address) == (native.name, "up", native.name)
        assert host.uuid == native.hardware.systemInfo.uuid
        assert host.cpus == native.hardware.cpuInfo.numCpuThreads
        assert host.memory_bytes == native.hardware.memorySize
        assert 0 < host.memory_free_bytes < host.memory_bytes
        assert host.cluster.id == native.parent._moId
        assert host.version == native.config.product.version


def test_pages_hold_everything_once(session: VSphereSession, context: RecordingContext) -> None:
    # A template counts in the server's page, but is no VM.
    pages = list_pages(session, page_size=3)
    refs = [vm.ref for page in pages for vm in page]

    assert max(map(len, pages)) == 3
    assert len(refs) == len(set(refs)) == 20
    assert context.counts == {"CreateContainerView": 1, "RetrievePropertiesEx": 1, "ContinueRetrievePropertiesEx": 6}


def test_a_listing_takes_one_call_a_page_and_its_view_is_made_once(
    session: VSphereSession, context: RecordingContext
) -> None:
    first_page(session, VM)
    first_page(session, VM)

    assert context.counts == {"CreateContainerView": 1, "RetrievePropertiesEx": 2}


def begin_listing(session: VSphereSession) -> Listing[Any]:
    """A listing that has returned a page of three VMs."""
    listing = session.adapters[VM].open(query(session, VM, page_size=3), None)
    assert len(listing.fetch().items) == 3
    return listing


def test_a_listing_ends_with_its_session(session: VSphereSession, context: RecordingContext) -> None:
    listing = begin_listing(session)
    session.login()
    context.calls.clear()

    for _ in range(2):
        with pytest.raises(CursorLost):
            listing.fetch()
    listing.close()
    assert context.counts == {}


def test_a_listing_can_not_be_continued_elsewhere(session: VSphereSession) -> None:
    assert begin_listing(session).token is None
    with pytest.raises(CursorLost):
        session.adapters[VM].open(query(session, VM), PageToken("of another"))


def test_a_page_whose_reply_is_lost_ends_the_listing(session: VSphereSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server sends a page once, so a listing that has lost a page does not continue with the next one."""
    listing, call = begin_listing(session), Client.call

    def lose(client: Client, *arguments: Any, **options: Any) -> Any:
        call(client, *arguments, **options)
        raise ConnectionFailed("cut in the reply")

    monkeypatch.setattr(Client, "call", lose)
    with pytest.raises(ConnectionFailed):
        listing.fetch()
    monkeypatch.undo()
    with pytest.raises(CursorLost):
        listing.fetch()


def test_a_listing_whose_first_page_failed_begins_anew(
    session: VSphereSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise ConnectionFailed("refused")

    listing = session.adapters[VM].open(query(session, VM), None)
    monkeypatch.setattr(Client, "call", fail)
    with pytest.raises(ConnectionFailed):
        listing.fetch()
    monkeypatch.undo()
    page = listing.fetch()
    assert (len(page.items), page.last) == (20, True)


def test_an_abandoned_listing_is_released(session: VSphereSession, context: RecordingContext) -> None:
    listing = begin_listing(session)
    listing.close()
    listing.close()
    begin_listing(session).close()
    assert context.counts["CancelRetrievePropertiesEx"] == 2


def test_a_listing_without_further_pages_is_not_released(session: VSphereSession, context: RecordingContext) -> None:
    session.adapters[VM].open(query(session, VM), None).close()
    listing = session.adapters[VM].open(query(session, VM), None)
    assert listing.fetch().last
    listing.close()
    assert "CancelRetrievePropertiesEx" not in context.calls


def test_only_requested_fields_are_loaded(session: VSphereSession) -> None:
    record = first_page(session, VM, fields=["vcpus"])[0]

    assert record.loaded == {"vcpus"}
    assert record.vcpus >= 1


def test_refs_alone(session: VSphereSession) -> None:
    assert len(first_page(session, VM, fields=[])) == 20


def test_requested_native_properties(session: VSphereSession, admin: Administrator) -> None:
    names = ["config.guestId", "config.hardware", "runtime.host"]
    record = first_page(session, VM, native=names)[0]
    other = admin.vm(record.ref.id)

    assert list(record.native) == names
    assert record.native["config.guestId"] == other.config.guestId
    assert record.native["config.hardware"]["memoryMB"] == other.config.hardware.memoryMB
    assert record.native["runtime.host"].id == admin.leaf(other, "runtime.host")._moId


def test_all_native_properties_and_the_same_fields(session: VSphereSession) -> None:
    plain = first_page(session, VM)
    full = first_page(session, VM, native=True)

    assert full[0].native["config"]["hardware"]["numCPU"] == full[0].vcpus
    assert full[0].native["name"] == full[0].name_label
    for one, other in zip(plain, full, strict=True):
        for field in session.adapters[VM].fields:
            assert getattr(one, field) == getattr(other, field)


def test_a_native_property_that_does_not_exist(session: VSphereSession) -> None:
    with pytest.raises(InvalidQuery, match=r"config\.colour"):
        first_page(session, VM, native=["config.colour"])


def test_by_uuid(session: VSphereSession, admin: Administrator, context: RecordingContext) -> None:
    vm = admin.vms()[3]
    [record] = session.adapters[VM].lookup("uuid", vm.config.instanceUuid, query(session, VM))

    assert record.ref.id == vm._moId
    assert context.counts.total() == 2
    assert session.adapters[VM].lookup("uuid", "no uuid", query(session, VM)) == []


def test_a_template_is_not_found_as_a_vm(session: VSphereSession, admin: Administrator) -> None:
    template = admin.template()
    adapter = session.adapters[VM]

    assert adapter.lookup("uuid", template.config.instanceUuid, query(session, VM)) == []
    assert adapter.lookup("name_label", template.name, query(session, VM)) == []
    assert adapter.get([Ref(UUID, "VM", template._moId)], query(session, VM)) == []


def test_hosts_by_uuid_and_name(session: VSphereSession, admin: Administrator) -> None:
    host = admin.objects(vim.HostSystem)[1]
    adapter = session.adapters[Host]

    assert [each.ref.id for each in adapter.lookup("uuid", host.hardware.systemInfo.uuid, query(session, Host))] == [
        host._moId
    ]
    assert [each.ref.id for each in adapter.lookup("name_label", host.name, query(session, Host))] == [host._moId]


@pytest.mark.parametrize(("name", "count"), [("twin", 2), ("a/b", 1), ("<&\"'> ü", 1), ("Twin", 0), ("a%2fb", 0)])
def test_by_name(session: VSphereSession, context: RecordingContext, name: str, count: int) -> None:
    vms = session.adapters[VM].lookup("name_label", name, query(session, VM))

    assert [vm.name_label for vm in vms] == [name] * count
    assert context.counts["RetrievePropertiesEx"] == (2 if count else 1)


def test_get_reads_existing_objects_in_one_call(session: VSphereSession, context: RecordingContext) -> None:
    adapter = session.adapters[VM]
    existing = [vm.ref for vm in first_page(session, VM)]
    context.calls.clear()
    gone: list[Any] = [Ref(UUID, "VM", "vm-0"), Ref(UUID, "VM", "vm-00"), Ref(UUID, "Host", existing[0].id)]

    assert {vm.ref for vm in adapter.get([*gone, *existing], query(session, VM))} == set(existing)
    assert context.counts == {"RetrievePropertiesEx": 1}
    assert adapter.get([], query(session, VM)) == []


def test_tasks(session: VSphereSession, admin: Administrator) -> None:
    vm = admin.halted()
    task = vm.PowerOnVM_Task()
    admin.finish(task)
    admin.finish(vm.PowerOffVM_Task())
    records = {record.ref.id: record for record in first_page(session, TaskRecord)}
    record = records[task._moId]

    assert (record.state, record.progress, record.error) == ("succeeded", 1.0, None)
    assert record.target == Ref(UUID, "VM", vm._moId)
    assert record.started_at is not None
    assert session.adapters[TaskRecord].lookup("uuid", record.uuid, query(session, TaskRecord)) == [record]


def list_pages(session: VSphereSession, page_size: int) -> list[list[Any]]:
    listing = session.adapters[VM].open(query(session, VM, page_size=page_size), None)
    pages, last = [], False
    while not last:
        page = listing.fetch()
        pages.append(list(page.items))
        last = page.last
    return pages
