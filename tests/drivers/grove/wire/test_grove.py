"""Listing, lookups, actions, tasks and watches on a Grove server."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID, uuid5

import pytest
from hvlib_grove.adapter import TableAdapter
from servers.grove import Grove

import hvlib
from hvlib.actions import Delete
from hvlib.driver.table import ID, Constant, Field, Table
from hvlib.model.query import make_query


def halted(server: Grove, provider: hvlib.Provider, name: str = "test") -> hvlib.VM:
    return provider.compute.vms.get(hvlib.Ref(provider.about.uuid, "VM", server.add_vm(name)))


def test_pages_take_one_request_each_and_continue_in_another_session(server: Grove, provider: hvlib.Provider) -> None:
    everything = [vm.ref for vm in provider.compute.vms.get_all(fields=[])]
    with provider.count_requests() as requests:
        pages = list(provider.compute.vms.get_all(fields=[], page_size=6).pages())
    assert requests.calls == {"GET /vms": len(pages)}
    assert [vm.ref for page in pages for vm in page.items] == everything
    assert {page.total for page in pages} == {len(everything)}
    server.expire_sessions()
    with hvlib.connect(server.url, password=server.password) as other:
        rest = other.compute.vms.get_all(fields=[], page_size=6, after=pages[1].next).all()
        assert [vm.ref for vm in rest] == everything[12:]


def test_templates_are_images(server: Grove, provider: hvlib.Provider) -> None:
    names = {image.name_label for image in provider.image.images.get_all()}
    assert names == {"debian", "windows/server"}
    assert provider.compute.vms.get_by_name_label("debian") == []
    vm = halted(server, provider, "turning")
    server.set_template(vm.ref.id, True)
    with pytest.raises(hvlib.NotFound):
        vm.refresh()
    image = provider.image.images.find("turning")
    assert (image.ref.kind, image.ref.id, image.size_bytes) == ("Image", vm.ref.id, 8 << 30)
    server.remove(vm.ref.id)


def test_lookups_are_exact_although_the_server_ignores_case(provider: hvlib.Provider) -> None:
    vms = provider.compute.vms
    assert len(vms.get_by_name_label("web-1")) == 2
    [vm] = vms.get_by_name_label("Web-1")
    with provider.count_requests() as requests:
        assert vms.get_by_uuid(vm.uuid) == vm
        assert vms.find("db,primary").name_label == "db,primary"
    assert requests.total == 2
    assert vms.get_by_name_label("WEB-1") == []


class DerivedVMs(TableAdapter[hvlib.VM]):
    """VMs as for a server without uuids, and without a parameter for templates."""

    kind = hvlib.VM
    table = Table(
        hvlib.VM,
        "vms",
        {
            "uuid": Field(
                ID,
                Constant(lambda client: UUID(client.slot.current.about.uuid)),
                convert=lambda own, server: str(uuid5(server, own)),
            ),
            "name_label": Field("name", stored="name"),
        },
        where={"template": False},
    )


def test_lookups_need_no_property_of_the_same_name(provider: hvlib.Provider) -> None:
    server = UUID(provider.about.uuid)
    adapter = DerivedVMs(provider.native)
    query = make_query(hvlib.VM, adapter.fields)
    [vm] = adapter.lookup("name_label", "Web-1", query)
    assert vm.uuid == str(uuid5(server, vm.ref.id))
    assert adapter.lookup("uuid", vm.uuid, query) == [vm]
    assert adapter.lookup("name_label", "debian", query) == []  # An image.


def test_core_applies_filters_that_the_server_can_not_compare(provider: hvlib.Provider) -> None:
    vms = provider.compute.vms
    names = {vm.name_label for vm in vms.get_all()}
    assert [vm.name_label for vm in vms.get_all(name_label="Web-1")] == ["Web-1"]
    assert {vm.name_label for vm in vms.get_all(name_label=[hvlib.glob("web-*"), "Web-1"])} == {
        name for name in names if name.startswith("web-") or name == "Web-1"
    }
    assert vms.get_all(power_state="unknown").all() == []
    assert vms.get_all(power_state=["unknown", "running"]).all() == vms.get_all(power_state="running").all()


def test_the_server_filters_and_sends_only_the_needed_properties(server: Grove, provider: hvlib.Provider) -> None:
    host = provider.compute.hosts.get_all().first()
    assert host is not None
    truth = [vm for vm in server.objects("vms").values() if not vm["template"]]
    with provider.count_requests() as requests:
        running = provider.compute.vms.get_all(power_state="running", page_size=500).all()
        on_host = provider.compute.vms.get_all(host=host, power_state=["running", "paused"]).all()
    assert requests.total == 2
    assert len(running) == sum(vm["state"] == "on" for vm in truth)
    assert len(on_host) == sum(vm["state"] in ("on", "frozen") and vm["host"] == host.ref.id for vm in truth)
    [vm, *_] = provider.compute.vms.get_all(fields=["vcpus"], native=["disk_mib"])
    assert vm.native == {"disk_mib": 8192}
    with pytest.raises(hvlib.InvalidQuery, match="no_such"):
        provider.compute.vms.get_all(native=["no_such"]).all()


def test_the_life_of_a_vm(server: Grove, provider: hvlib.Provider) -> None:
    image = provider.image.images.find("debian")
    host = provider.compute.hosts.find("grove-1.example.org")
    options = {"vcpus": 3, "memory_bytes": (2 << 30) + 1, "host": host, "native": {"note": "Notiz"}}
    vm = provider.compute.vms.create("neu/1", image=image, start=True, **options).wait()
    assert (vm.name_label, vm.power_state, vm.vcpus, vm.image) == ("neu/1", "running", 3, image.ref)
    assert (vm.memory_bytes, vm.host, vm.description) == ((2 << 30) + (1 << 20), host.ref, "Notiz")
    vm = vm.suspend().wait()
    vm = vm.resume().wait()
    assert vm.rename("neu/2").wait().name_label == "neu/2"
    vm = vm.stop().wait()
    assert vm.power_state == "halted"
    assert vm.delete().wait() is None
    assert vm.ref.id not in server.objects("vms")


def test_refusals_are_the_same_at_the_call_and_in_the_task(server: Grove, provider: hvlib.Provider) -> None:
    vm = halted(server, provider)
    for refused in (vm.stop, vm.suspend, vm.resume):
        with pytest.raises(hvlib.InvalidState) as at_the_call:
            refused()
    assert at_the_call.value.native["code"] == "wrong_state"
    assert str(at_the_call.value.request_id).startswith("grove-")
    server.fail_next("wrong_state", "it was moved away")
    task = vm.start()
    with pytest.raises(hvlib.InvalidState, match="it was moved away") as in_the_task:
        task.wait()
    assert in_the_task.value.native["code"] == "wrong_state"
    server.fail_next("on_fire", "smoke")
    with pytest.raises(hvlib.TaskFailed, match="smoke"):
        vm.start().wait()
    with pytest.raises(hvlib.InvalidQuery):
        vm.rename("")
    volume, network, image = (hvlib.Ref(vm.ref.provider_uuid, kind, "1") for kind in ("Volume", "Network", "Image"))
    with pytest.raises(hvlib.Unsupported):
        vm.do(Delete(keep_volumes=(volume,)))
    with pytest.raises(hvlib.Unsupported, match="networks"):
        provider.compute.vms.create("x", image=image, networks=[network])
    assert vm.delete().wait() is None
    with pytest.raises(hvlib.NotFound):
        vm.delete()


def test_one_task_at_a_time_works_on_a_vm_and_can_be_cancelled(server: Grove, provider: hvlib.Provider) -> None:
    vm = halted(server, provider)
    server.set_task_time(30.0)
    task = vm.start()
    server.set_task_time(0.02)
    with pytest.raises(hvlib.Conflict):
        vm.start()
    with pytest.raises(hvlib.TaskTimeout):
        task.wait(timeout=0.05)
    task.cancel()
    with pytest.raises(hvlib.TaskCancelled):
        task.wait()
    with pytest.raises(hvlib.InvalidState):
        task.cancel()
    assert vm.refresh().power_state == "halted"
    server.remove(vm.ref.id)


def test_the_wait_for_a_short_task_is_short(server: Grove) -> None:
    """Watches of this session list only every ten seconds."""
    with hvlib.connect(server.url, password=server.password) as provider:
        vm = halted(server, provider)
        server.set_task_time(0.3)
        began = time.monotonic()
        assert vm.start().wait().power_state == "running"
        assert time.monotonic() - began < 2.0
        server.set_task_time(0.02)
        server.remove(vm.ref.id)


def test_a_watch_reports_changes_of_others(server: Grove, provider: hvlib.Provider) -> None:
    known = provider.compute.vms.get_all_records(fields=["name_label", "power_state"])
    with provider.compute.vms.watch(fields=["name_label", "power_state"], known=known) as watch:
        assert next(watch).type == "SYNCED"
        id = server.add_vm("watched")
        seen = [watch.next(timeout=20)]
        for change in changes(server, id):
            change()
            seen.append(watch.next(timeout=20))
    reported = [(event.type, event.ref and event.ref.id, event.changed) for event in seen if event is not None]
    assert reported == [
        ("ADDED", id, None),
        ("MODIFIED", id, {"power_state"}),
        ("MODIFIED", id, {"name_label"}),
        ("DELETED", id, None),
    ]
    assert [event.resynced for event in seen if event is not None] == [False, False, True, False]


def changes(server: Grove, id: str) -> list[Callable[[], None]]:
    """Changes to make one after the other. Before the second one, every session is lost."""

    def expire_sessions_and_rename() -> None:
        server.expire_sessions()
        server.rename(id, "renamed")

    return [lambda: server.set_state(id, "on"), expire_sessions_and_rename, lambda: server.remove(id)]
