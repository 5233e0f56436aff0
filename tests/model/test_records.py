from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted.driver import scripted

import hvlib
from hvlib.model.query import OPTIONS, Filter
from hvlib.model.resources import KINDS
from hvlib.model.resources.record import build, projection
from hvlib.model.task import Failure

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
refs = st.builds(hvlib.Ref, st.uuids().map(str), st.sampled_from(sorted(KINDS)), st.text("ab/:-%", min_size=1))


@given(refs)
def test_refs_round_trip_as_text(ref: hvlib.Ref) -> None:
    assert hvlib.Ref.parse(str(ref)) == ref
    assert len({ref, hvlib.Ref.parse(str(ref))}) == 1
    assert not ref != hvlib.Ref.parse(str(ref))  # noqa: SIM202 -- the operator itself
    assert ref != hvlib.Ref(ref.provider_uuid, ref.kind, ref.id + "x")
    assert ref != hvlib.Ref("another", ref.kind, ref.id)
    assert ref != str(ref)


@pytest.mark.parametrize("wrong", ["", "a", "a/VM", "a/VM/", "//x"])
def test_text_that_is_not_a_ref_is_refused(wrong: str) -> None:
    with pytest.raises(hvlib.InvalidQuery):
        hvlib.Ref.parse(wrong)


@given(refs, text, st.lists(refs).map(tuple), st.none() | st.datetimes().map(lambda d: d.replace(tzinfo=UTC)))
def test_records_round_trip_through_json(
    ref: hvlib.Ref, name: str, networks: tuple[hvlib.Ref, ...], created_at: datetime | None
) -> None:
    values = {"name_label": name, "networks": networks, "created_at": created_at, "host": ref, "native": {"a.b": 1}}
    own = hvlib.Ref(ref.provider_uuid, "VM", ref.id)
    vm = build(projection(hvlib.VM, frozenset(values), frozenset(values)), own, values)
    again = hvlib.VM.from_dict(json.loads(json.dumps(vm.to_dict())))
    assert again.to_dict() == vm.to_dict()
    assert (again.ref, again.networks, again.created_at, again.loaded) == (own, networks, created_at, vm.loaded)
    with pytest.raises(hvlib.FieldNotLoaded):
        _ = again.native if "native" not in again.loaded else again.uuid  # uuid was never loaded
    assert again == build(type(again), own, values)


def test_task_records_round_trip_too() -> None:
    ref = hvlib.Ref("p", "Task", "t")
    values = {"operation": "start", "state": "failed", "error": Failure("Conflict", "busy")}
    record = build(projection(hvlib.TaskRecord, frozenset(values), frozenset(values)), ref, values)
    assert hvlib.TaskRecord.from_dict(record.to_dict()).error == Failure("Conflict", "busy")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"ref": 1},
        {"ref": None},
        {"ref": "p/Host/1"},
        {"ref": "p/VM/1", "colour": "red"},
        {"ref": "p/VM/1", "vcpus": "many"},
        None,
        "p/VM/1",
        [],
    ],
    ids=str,
)
def test_data_that_is_not_a_record_is_refused(wrong: Any) -> None:
    with pytest.raises(hvlib.ProtocolError, match="not a VM record"):
        hvlib.VM.from_dict(wrong)


def test_native_properties_fit_the_callers_structure() -> None:
    class Guest(msgspec.Struct, rename={"guest_id": "summary.config.guestId"}):
        guest_id: str

    ref = hvlib.Ref("p", "VM", "1")
    record_type = projection(hvlib.VM, frozenset({"native"}), frozenset())
    vm = build(record_type, ref, {"native": {"summary.config.guestId": "debian", "more": 1}})
    assert vm.extract(Guest).guest_id == "debian"
    with pytest.raises(hvlib.ProtocolError, match="Guest"):
        build(record_type, ref, {"native": {}}).extract(Guest)
    with pytest.raises(hvlib.InvalidQuery, match="structure"):
        vm.extract("Guest")  # type: ignore[arg-type]


def test_a_filter_with_several_values_matches_any_of_them() -> None:
    wanted = Filter("ip_addresses", ("10.0.0.1", "10.0.0.2"))
    assert wanted.matches(("10.9.9.9", "10.0.0.2"))
    assert not wanted.matches(("10.9.9.9",))
    assert not wanted.matches(())


def test_no_field_has_the_name_of_an_option() -> None:
    for kind in KINDS.values():
        assert not set(kind.all_fields()) & set(OPTIONS)


def test_a_record_shows_what_it_holds_and_nothing_else() -> None:
    provider, _ = scripted(a={})
    vm = provider.compute.vms.get_all(fields=["name_label"]).one()
    assert repr(vm) == "<VM a name_label='a'>"
    assert len({vm, vm.refresh()}) == 2
    assert hash(vm) == hash(vm.ref)
