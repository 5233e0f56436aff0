"""Listings and lookups: which calls they send and how many, and which parts of the replies are decoded."""

from __future__ import annotations

import pytest
from drivers.xenapi.wire.listening import listening, sent
from servers.xapi import Xapi

import hvlib

OWN = ["uuid", "name_label", "description", "tags", "power_state", "vcpus", "memory_bytes", "host", "cluster"]


@pytest.fixture
def vms(provider: hvlib.Provider) -> hvlib.Collection[hvlib.VM]:
    """The VMs of a provider that is logged in."""
    assert provider.about
    return provider.compute.vms


def test_own_fields_take_one_call(xapi: Xapi, vms: hvlib.Collection[hvlib.VM]) -> None:
    with sent(xapi) as calls:
        vms.get_all(fields=OWN).all()
    assert calls == {"VM.get_all_records_where": 1}


def test_a_listing_of_refs_brings_nothing_else(xapi: Xapi, vms: hvlib.Collection[hvlib.VM]) -> None:
    with sent(xapi) as calls:
        assert len(vms.get_all(fields=[]).all()) == 10
    assert set(calls.values()) == {1}


@pytest.mark.parametrize(
    ("fields", "joined"),
    [
        (None, "event.from"),
        (["guest_os", "volumes"], "event.from"),
        (["networks"], "VIF.get_all_records_where"),
        (["created_at"], "VM_metrics.get_all_records_where"),
    ],
)
def test_joined_rows_take_one_more_call(
    xapi: Xapi, vms: hvlib.Collection[hvlib.VM], fields: list[str] | None, joined: str
) -> None:
    """Rows of one class are read without the pause in which event.from collects events."""
    with sent(xapi) as calls:
        vms.get_all(fields=fields, page_size=3).all()
    assert calls == {"VM.get_all_records_where": 1, joined: 1}


def test_lookups(xapi: Xapi, vms: hvlib.Collection[hvlib.VM]) -> None:
    vm = vms.get_all(power_state="running").all()[0]
    with sent(xapi) as calls:
        assert vms.get_by_uuid(vm.uuid) == vm
        assert vm in vms.get_by_name_label(vm.name_label)
        assert vms.get(vm.ref) == vm
    assert calls == {"VM.get_all_records_where": 3, "event.from": 3}


def test_lookups_of_own_fields(xapi: Xapi, vms: hvlib.Collection[hvlib.VM]) -> None:
    vm = vms.get_all(fields=OWN, power_state="running").all()[0]
    with sent(xapi) as calls:
        assert vms.get_by_uuid(vm.uuid, fields=OWN) == vm
        assert vm in vms.get_by_name_label(vm.name_label, fields=OWN)
        assert vms.get(vm.ref, fields=OWN) == vm
    assert calls == {"VM.get_all_records_where": 3}


@pytest.mark.parametrize(
    ("field", "stored"), [("host", "resident_on"), ("power_state", "power_state"), ("name_label", "name__label")]
)
def test_the_server_filters(xapi: Xapi, vms: hvlib.Collection[hvlib.VM], field: str, stored: str) -> None:
    """The server compares hosts, names and power states, and sends only the VMs that match."""
    vm = vms.get_all(power_state="running").all()[0]
    value = getattr(vm, field)
    text = {"host": vm.host and vm.host.id, "power_state": "Running"}.get(field, value)
    with listening(xapi) as (url, requests), hvlib.connect(url, password=xapi.password) as provider:
        found = provider.compute.vms.get_all(**{field: value}).all()
    assert found == [each for each in vms.get_all() if getattr(each, field) == value]
    [condition] = [request["params"][1] for request in requests if request["method"] == "VM.get_all_records_where"]
    assert f'field "{stored}" = "{text}"' in condition


@pytest.mark.parametrize("name", ['with "quotes"', "back\\slash", "it's", "a & b < c", "é 漢 🚀", " leading", "*", "%"])
def test_names_that_are_hard_to_look_up(provider: hvlib.Provider, vms: hvlib.Collection[hvlib.VM], name: str) -> None:
    vm = vms.get_all(power_state="halted").first()
    assert vm is not None
    vm.rename(name).wait(timeout=20)
    assert [each.ref for each in vms.get_by_name_label(name)] == [vm.ref]
    assert [each.ref for each in vms.get_all(name_label=name)] == [vm.ref]


def test_nan_in_other_fields_does_not_matter(xapi: Xapi, vms: hvlib.Collection[hvlib.VM]) -> None:
    expected = vms.get_all().all()
    xapi.add_fault("nan", "event.from")
    assert vms.get_all().all() == expected
