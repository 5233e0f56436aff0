"""Listings, lookups, and the generation of a lab."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import msgspec
import pytest
from hvlib_sim.lab.memory_store import MemoryStore
from hvlib_sim.lab.objects import KINDS as CLASSES
from hvlib_sim.lab.settings import Settings
from hvlib_sim.lab.store import Store
from hypothesis import given, settings
from hypothesis import strategies as st

from hvlib import actions
from hvlib.errors import CursorLost, InvalidQuery
from hvlib.model.query import glob
from hvlib.model.ref import Ref
from hvlib.model.resources import KINDS, VM, Host, Image, Network, Snapshot, StoragePool, TaskRecord, Volume


def objects(store: Store) -> list[Any]:
    return sorted((one for kind in CLASSES.values() for one in store.all(kind)), key=lambda one: one.id)


def test_every_kind_declares_every_field(site: Any) -> None:
    adapters = site.caller.session.adapters
    assert {kind.kind for kind in adapters} == set(KINDS)
    for kind, adapter in adapters.items():
        assert adapter.fields == frozenset(kind.all_fields())


def test_every_field_has_a_value_of_its_type(site: Any) -> None:
    site.do(VM, None, actions.CreateVM("new", image=site.caller.all(Image)[0].ref))
    for kind in KINDS.values():
        for record in site.caller.all(kind):
            assert kind.from_dict(record.to_dict()).to_dict() == record.to_dict()


def test_refs_lead_to_objects(site: Any) -> None:
    caller = site.caller
    known = {record.ref for kind in KINDS.values() for record in caller.all(kind)}
    for vm in caller.all(VM):
        assert {vm.host, vm.cluster, vm.image, *vm.networks, *vm.volumes} <= known
        assert vm.flavor is None or vm.flavor in known
        assert (vm.power_state == "running") == bool(vm.ip_addresses) == bool(vm.guest_hostname)
    for volume in caller.all(Volume):
        assert all(volume.ref in caller.get(vm, VM).volumes for vm in volume.vms)


def test_same_seed_same_lab_in_another_process_and_form(make_store: Any) -> None:
    program = (
        "import msgspec, sys\n"
        "from hvlib_sim.lab.generate import generate\n"
        "from hvlib_sim.lab.settings import Settings\n"
        "data = sorted(generate(Settings(vms=50, hosts=9, seed=7)), key=lambda one: one.id)\n"
        "sys.stdout.buffer.write(msgspec.json.encode(data))"
    )
    env = {"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "7"}
    other = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, check=True).stdout
    assert other == msgspec.json.encode(objects(make_store(vms=50, hosts=9, seed=7)))
    assert other != msgspec.json.encode(objects(make_store(vms=50, hosts=9, seed=8)))


@given(st.integers(0, 130), st.integers(1, 20), st.integers(-5, 2**40))
@settings(max_examples=25, deadline=None)
def test_a_lab_is_consistent(vms: int, hosts: int, seed: int) -> None:
    store = MemoryStore(Settings(vms=vms, hosts=hosts, seed=seed))
    assert len({one.uuid for one in objects(store)}) == len(objects(store))
    assert store.count(CLASSES["VM"]) == vms
    for one in objects(store):
        assert getattr(one, "memory_free_bytes", 0) >= 0
        assert getattr(one, "free_bytes", 0) >= 0


def test_names_repeat_and_hold_odd_characters(site: Any) -> None:
    names = [vm.name_label for vm in site.caller.all(VM)]
    assert len(names) == 20
    assert len(set(names)) == 19
    assert any("/" in name and "%" in name for name in names)
    assert any(not name.isascii() for name in names)


@pytest.mark.parametrize("page_size", [1, 7, 20, 500])
def test_pages(site: Any, page_size: int) -> None:
    pages = list(site.caller.pages(VM, page_size=page_size))
    items = [item.ref for page in pages for item in page.items]
    assert len(items) == len(set(items)) == 20
    assert len(pages) == max(-(-20 // page_size), 1)
    assert all(page.total == 20 for page in pages)
    assert site.caller.calls == ["Login"] + ["Page"] * len(pages)


def test_pages_while_objects_come_and_go(site: Any) -> None:
    caller = site.caller
    before = {vm.ref for vm in caller.all(VM)}
    victims = [vm.ref for vm in caller.all(VM) if vm.power_state == "halted"]
    image = caller.all(Image)[0].ref
    seen = []
    for number, page in enumerate(caller.pages(VM, page_size=3)):
        seen += [vm.ref for vm in page.items]
        site.do(VM, None, actions.CreateVM(f"new-{number}", image=image, start=False))
        if number < len(victims):
            site.do(VM, victims[number], actions.Delete())
        if number == 12:
            break
    assert len(seen) == len(set(seen))
    assert before - set(victims) <= set(seen)


def test_a_page_token_outlives_its_session(site: Any, connect: Any) -> None:
    listing = site.caller.open(VM, page_size=15)
    listing.fetch()
    site.caller.session.close()
    rest = connect(site.lab).open(VM, listing.token).fetch()
    assert (len(rest.items), rest.last) == (5, True)


@pytest.mark.parametrize("token", ["", "vm-00000003", "x:vm-00000003", "{uuid}:host-00000001"])
def test_tokens_that_are_not_of_this_listing_are_lost(site: Any, token: str) -> None:
    with pytest.raises(CursorLost):
        site.caller.open(VM, token.format(uuid=site.lab.uuid)).fetch()


@pytest.mark.parametrize(
    "filters",
    [
        {"power_state": ["halted", "paused"]},
        {"name_label": glob("web-*"), "power_state": "running"},
        {"tags": "backup"},
        {"flavor": None},
        {"vcpus": 2},
        {"ip_addresses": glob("10.1.*")},
    ],
)
def test_the_lab_filters_as_core_does(site: Any, filters: dict[str, Any]) -> None:
    caller = site.caller
    query = caller.query(VM, filters=filters)
    pages = list(caller.pages(VM, filters=filters, page_size=2))
    refs = [vm.ref for page in pages for vm in page.items]
    assert refs == [vm.ref for vm in caller.all(VM) if query.matches(vm)]
    assert refs
    assert all(page.total is None for page in pages)


def test_filters_by_ref(site: Any) -> None:
    caller = site.caller
    for name in ("host", "networks"):
        target = caller.all(Host if name == "host" else Network)[0].ref
        expected = [vm.ref for vm in caller.all(VM) if target in (vm.host, *vm.networks)]
        assert [vm.ref for vm in caller.all(VM, filters={name: target})] == expected
    vm = caller.all(VM, filters={"power_state": "running"})[0]
    caller.submit(VM, vm.ref, actions.Stop())
    assert [task.operation for task in caller.all(TaskRecord, filters={"target": vm.ref})] == ["stop"]


def test_only_requested_fields_are_loaded(site: Any) -> None:
    vm = site.caller.all(VM, fields=["name_label"])[0]
    assert vm.loaded == {"name_label"}
    assert site.caller.all(VM, fields=[])[0].loaded == frozenset()


def test_lookup(site: Any) -> None:
    caller = site.caller
    adapter, query = caller.session.adapters[VM], caller.query(VM)
    vm = caller.all(VM)[9]
    assert [record.ref for record in adapter.lookup("uuid", vm.uuid, query)] == [vm.ref]
    assert [record.ref for record in adapter.lookup("name_label", vm.name_label, query)] == [vm.ref]
    assert len(adapter.lookup("name_label", "build-1", query)) == 2
    assert adapter.lookup("uuid", "no", query) == adapter.lookup("name_label", "web", query) == []
    caller.submit(VM, vm.ref, actions.Rename("other"))
    assert adapter.lookup("name_label", vm.name_label, query) == []
    assert adapter.lookup("name_label", "other", query)[0].uuid == vm.uuid


def test_get_leaves_out_missing_objects(site: Any) -> None:
    caller = site.caller
    first, second = caller.all(VM)[:2]
    missing = [Ref("elsewhere", "VM", first.ref.id), caller.ref(VM, "vm-99999999"), caller.all(Host)[0].ref]
    records = caller.session.adapters[VM].get([second.ref, *missing, first.ref], caller.query(VM))
    assert [vm.ref for vm in records] == [second.ref, first.ref]


def test_native_properties(site: Any) -> None:
    vm = site.caller.all(VM, fields=[], native=["sim.hostname", "sim.addresses"])[0]
    assert vm.native.keys() == {"sim.hostname", "sim.addresses"}
    for kind in KINDS.values():
        for record in site.caller.all(kind, native=True):
            assert record.native["sim.id"] == record.ref.id
    with pytest.raises(InvalidQuery, match=r"sim\.nothing"):
        site.caller.all(VM, native=["sim.nothing"])


def test_a_lab_has_snapshots_and_pools(make_site: Any) -> None:
    caller = make_site(vms=100).caller
    assert caller.all(Snapshot)
    assert any(one.parent for one in caller.all(Snapshot))
    assert all(0 < pool.free_bytes <= pool.capacity_bytes for pool in caller.all(StoragePool))
