from __future__ import annotations

from typing import Any

import pytest
from hvlib_vsphere.session import VSphereSession
from pyVmomi import vim

from hvlib.driver import PageToken
from hvlib.errors import CursorLost, InvalidQuery
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Host, TaskRecord

from .conftest import Administrator, CountingContext, query

STATES = {"poweredOn": "running", "poweredOff": "halted", "suspended": "suspended"}


def test_vms_are_what_the_sdk_says(session: VSphereSession, admin: Administrator) -> None:
    listed = {vm.ref.id: vm for vm in session.adapters[VM].page(query(session, VM), None).items}
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


def test_hosts_are_what_the_sdk_says(session: VSphereSession, admin: Administrator) -> None:
    listed = {host.ref.id: host for host in session.adapters[Host].page(query(session, Host), None).items}

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


def test_pages_hold_everything_once(session: VSphereSession, context: CountingContext) -> None:
    # A template takes a place in the server's page.
    pages = list_pages(session, page_size=3)
    found = [vm.ref for page in pages for vm in page]

    assert max(map(len, pages)) == 3
    assert len(found) == len(set(found)) == 20
    assert context.calls == {"CreateContainerView": 1, "RetrievePropertiesEx": 1, "ContinueRetrievePropertiesEx": 6}


def test_a_listing_takes_one_call_a_page_and_its_view_is_made_once(
    session: VSphereSession, context: CountingContext
) -> None:
    session.adapters[VM].page(query(session, VM), None)
    session.adapters[VM].page(query(session, VM), None)

    assert context.calls == {"CreateContainerView": 1, "RetrievePropertiesEx": 2}


def test_a_page_token_ends_with_its_session(session: VSphereSession) -> None:
    adapter = session.adapters[VM]
    token = adapter.page(query(session, VM, page_size=3), None).next
    session.login()

    with pytest.raises(CursorLost):
        adapter.page(query(session, VM, page_size=3), token)


def test_a_page_token_is_good_once(session: VSphereSession) -> None:
    adapter = session.adapters[VM]
    token = adapter.page(query(session, VM, page_size=3), None).next
    adapter.page(query(session, VM, page_size=3), token)

    with pytest.raises(CursorLost):
        adapter.page(query(session, VM, page_size=3), token)
    with pytest.raises(CursorLost):
        adapter.page(query(session, VM), PageToken("of another"))


def test_a_listing_that_is_given_up_is_released_quietly(session: VSphereSession) -> None:
    adapter = session.adapters[VM]
    token = adapter.page(query(session, VM, page_size=3), None).next
    assert token is not None
    adapter.release(token)
    adapter.release(PageToken("of another:1"))


def test_only_what_is_asked_for_is_loaded(session: VSphereSession) -> None:
    record = session.adapters[VM].page(query(session, VM, fields=["vcpus"]), None).items[0]

    assert record.loaded == {"vcpus"}
    assert record.vcpus >= 1


def test_refs_alone(session: VSphereSession) -> None:
    assert len(session.adapters[VM].page(query(session, VM, fields=[]), None).items) == 20


def test_native_properties_come_along(session: VSphereSession, admin: Administrator) -> None:
    names = ["config.guestId", "config.hardware", "runtime.host"]
    record = session.adapters[VM].page(query(session, VM, native=names), None).items[0]
    other = admin.vm(record.ref.id)

    assert list(record.native) == names
    assert record.native["config.guestId"] == other.config.guestId
    assert record.native["config.hardware"]["memoryMB"] == str(other.config.hardware.memoryMB)
    assert record.native["runtime.host"].id == admin.leaf(other, "runtime.host")._moId


def test_all_native_properties_and_the_same_fields(session: VSphereSession) -> None:
    adapter = session.adapters[VM]
    plain = adapter.page(query(session, VM), None).items
    full = adapter.page(query(session, VM, native=True), None).items

    assert full[0].native["config"]["hardware"]["numCPU"] == str(full[0].vcpus)
    assert full[0].native["name"] == full[0].name_label
    for one, other in zip(plain, full, strict=True):
        for field in adapter.fields:
            assert getattr(one, field) == getattr(other, field)


def test_a_native_property_that_does_not_exist(session: VSphereSession) -> None:
    with pytest.raises(InvalidQuery, match=r"config\.colour"):
        session.adapters[VM].page(query(session, VM, native=["config.colour"]), None)


def test_by_uuid(session: VSphereSession, admin: Administrator, context: CountingContext) -> None:
    vm = admin.vms()[3]
    [found] = session.adapters[VM].lookup("uuid", vm.config.instanceUuid, query(session, VM))

    assert found.ref.id == vm._moId
    assert context.calls.total() == 2
    assert session.adapters[VM].lookup("uuid", "no uuid", query(session, VM)) == []


def test_a_template_is_not_found_as_a_vm(session: VSphereSession, admin: Administrator) -> None:
    template = admin.template()
    adapter = session.adapters[VM]

    assert adapter.lookup("uuid", template.config.instanceUuid, query(session, VM)) == []
    assert adapter.lookup("name_label", template.name, query(session, VM)) == []
    assert adapter.get([Ref("test", "VM", template._moId)], query(session, VM)) == []


def test_hosts_by_uuid_and_name(session: VSphereSession, admin: Administrator) -> None:
    host = admin.objects(vim.HostSystem)[1]
    adapter = session.adapters[Host]

    assert [each.ref.id for each in adapter.lookup("uuid", host.hardware.systemInfo.uuid, query(session, Host))] == [
        host._moId
    ]
    assert [each.ref.id for each in adapter.lookup("name_label", host.name, query(session, Host))] == [host._moId]


@pytest.mark.parametrize(("name", "count"), [("twin", 2), ("a/b", 1), ("<&\"'> ü", 1), ("Twin", 0), ("a%2fb", 0)])
def test_by_name(session: VSphereSession, context: CountingContext, name: str, count: int) -> None:
    found = session.adapters[VM].lookup("name_label", name, query(session, VM))

    assert [vm.name_label for vm in found] == [name] * count
    assert context.calls["RetrievePropertiesEx"] == (2 if count else 1)


def test_those_that_exist_are_got_in_one_call(session: VSphereSession, context: CountingContext) -> None:
    adapter = session.adapters[VM]
    known = [vm.ref for vm in adapter.page(query(session, VM), None).items]
    context.calls.clear()
    gone: list[Any] = [Ref("test", "VM", "vm-0"), Ref("test", "VM", "vm-00"), Ref("test", "Host", known[0].id)]

    assert {vm.ref for vm in adapter.get([*gone, *known], query(session, VM))} == set(known)
    assert context.calls == {"RetrievePropertiesEx": 1}
    assert adapter.get([], query(session, VM)) == []


def test_tasks(session: VSphereSession, admin: Administrator) -> None:
    vm = admin.halted()
    task = vm.PowerOnVM_Task()
    admin.finish(task)
    admin.finish(vm.PowerOffVM_Task())
    records = {
        record.ref.id: record for record in session.adapters[TaskRecord].page(query(session, TaskRecord), None).items
    }
    record = records[task._moId]

    assert (record.state, record.progress, record.error) == ("succeeded", 1.0, None)
    assert record.target == Ref("test", "VM", vm._moId)
    assert record.started_at is not None
    assert session.adapters[TaskRecord].lookup("uuid", record.uuid, query(session, TaskRecord)) == [record]


def list_pages(session: VSphereSession, page_size: int) -> list[list[Any]]:
    wanted = query(session, VM, page_size=page_size)
    pages, token = [], None
    while True:
        page = session.adapters[VM].page(wanted, token)
        pages.append(list(page.items))
        token = page.next
        if token is None:
            return pages
