"""Declarations: a driver delivers the kinds, fields, units, projections and filters that it declares."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from glob import escape
from typing import Any
from uuid import UUID

import msgspec
import pytest

import hvlib
from hvlib.api.collection import Collection
from hvlib.conformance.acting import PATIENCE
from hvlib.conformance.fixtures import (
    Administrator,
    Conformance,
    NewVM,
    Wired,
    collections,
    counted,
    driver_session,
    listable,
)
from hvlib.conformance.replica import plain, plain_records, truth
from hvlib.conformance.site import Site
from hvlib.model.actions import Start, Stop
from hvlib.model.ref import KINDS_OF_REFS, Ref
from hvlib.model.resources import KINDS, VM

__all__ = ["DeclaringConformance"]

KINDS_CHANGED_BY_A_START = ("VM", "Host", "Task")
"""The kinds of which an object changes or is added when a VM is started."""


class DeclaringConformance(Conformance):
    """Tests that a driver delivers what it declares."""

    @pytest.fixture
    def task(self, provider: hvlib.Provider, new_vm: NewVM, kind: str) -> None:
        """Start a VM, if the driver can and ``kind`` is affected, so that the server may have a task to list."""
        if kind in KINDS_CHANGED_BY_A_START and Start in provider.compute.vms.actions:
            task = provider.compute.vms.get(Ref(provider.about.uuid, "VM", new_vm("done"))).start()
            with suppress(hvlib.HvlibError):  # Another test checks that VMs start.
                task.wait(timeout=PATIENCE)

    def test_about(self, site: Site, provider: hvlib.Provider) -> None:
        """`provider.about` has the server's product, version and uuid, the same in each session."""
        about = provider.about
        assert about.product
        assert about.version
        assert str(UUID(about.uuid)) == about.uuid
        with site.connect() as other:
            assert other.about == about

    def test_kinds(self, provider: hvlib.Provider) -> None:
        """Every driver has VMs; each adapter has the kind that it is registered for; other kinds are Unsupported."""
        session = driver_session(provider)
        assert VM in {collection.kind for collection in collections(provider)}
        for kind, adapter in session.adapters.items():
            assert adapter.kind is kind
            assert adapter.fields <= set(kind.all_fields())
            assert {"uuid", "name_label"} <= adapter.fields
        for name in KINDS.keys() - {kind.kind for kind in session.adapters}:
            with pytest.raises(hvlib.Unsupported):
                provider.collection(name).get_all()

    def test_a_kind_that_is_not_listed_says_so(self, site: Site, provider: hvlib.Provider) -> None:
        """A kind may be in ``unverified`` only if its listing raises Unsupported. It is never an empty list."""
        for collection in collections(provider):
            if collection.kind.kind in site.unverified:
                with pytest.raises(hvlib.Unsupported):
                    collection.get_all().all()

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.usefixtures("task")
    def test_every_declared_field_has_the_servers_value(self, site: Site, provider: hvlib.Provider, kind: str) -> None:
        """In hvlib's units and types, for every object. A field that the site has no value of is in ``unverified``."""
        for collection in served(site, provider, kind):
            records = {ref.id: record for ref, record in collection.get_all_records().items()}
            expected = site.truth(collection.kind)
            assert records.keys() == expected.keys()
            verified = {name for values in expected.values() for name in values}
            unverified = {name for name in collection.fields if f"{kind}.{name}" in site.unverified}
            missing = collection.fields - verified - unverified
            assert not missing, f"`truth` lacks {sorted(missing)} of {kind}: add them, or name them in `unverified`"
            assert verified <= collection.fields, f"the driver does not declare {sorted(verified - collection.fields)}"
            for id, values in expected.items():
                assert {name: plain(records[id])[name] for name in values} == values
                check_values(records[id])

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.usefixtures("task")
    def test_every_ref_can_be_read(self, site: Site, provider: hvlib.Provider, kind: str) -> None:
        """The provider finds every object that a record refers to. Only the objects of a task may be gone."""
        for collection in served(site, provider, kind):
            refs = set(refs_in_records(collection))
            found = provider.get_many(refs)
            assert kind == "Task" or found.keys() == refs

    def test_every_ref_to_a_vm_that_became_an_image_can_be_read(
        self, site: Site, admin: Administrator, provider: hvlib.Provider, new_vm: NewVM
    ) -> None:
        """Each ref to it has its present kind, even where the server's tasks still record its former kind."""
        id = new_vm("turned")
        for action in (Start(), Stop()):
            if type(action) in provider.compute.vms.actions:
                provider.compute.vms.do(Ref(provider.about.uuid, "VM", id), action).wait(timeout=site.patience)
        admin.make_image(id)
        try:
            refs = {
                ref for collection in listable(site, provider) for ref in refs_in_records(collection) if ref.id == id
            }
            assert provider.get_many(refs).keys() == refs
        finally:
            admin.make_vm(id)

    @pytest.mark.parametrize("kind", KINDS)
    def test_fields_that_are_asked_for_are_loaded_and_no_others(
        self, site: Site, provider: hvlib.Provider, kind: str
    ) -> None:
        for collection in served(site, provider, kind):
            everything = plain_records(collection.get_all_records())
            assert all(record.loaded == frozenset() for record in collection.get_all(fields=[]))
            for name in sorted(collection.fields):
                records = collection.get_all_records(fields=[name])
                assert all(record.loaded == {name} for record in records.values())
                assert {key: values[name] for key, values in plain_records(records).items()} == {
                    key: values[name] for key, values in everything.items()
                }

    @pytest.mark.parametrize("kind", KINDS)
    def test_filters_mean_what_they_say(self, site: Site, provider: hvlib.Provider, kind: str) -> None:
        """By each field, also where the server can't filter by it: exactly the fitting objects, with no extra field."""
        for collection in served(site, provider, kind):
            records = collection.get_all().all()
            for name in sorted(collection.fields):
                wanted = next((value for value in map(value_reader(name), records) if value is not None), None)
                if wanted is None:
                    continue
                found = collection.get_all(fields=[], **{name: wanted}).all()
                fitting = [record for record in records if fits(getattr(record, name), wanted)]
                assert {record.ref for record in found} == {record.ref for record in fitting}
                assert all(record.loaded == {name} for record in found)

    def test_filters_of_several_values(self, site: Site, provider: hvlib.Provider) -> None:
        """A list means any of its values; a pattern covers the whole name; an object must fit all filters."""
        vms = provider.compute.vms
        everything = truth(site, VM)
        stem = next(iter(everything.values()))["name_label"]
        assert isinstance(stem, str)
        found = plain_records(vms.get_all_records(name_label=hvlib.glob(f"{escape(stem[0])}*")))
        assert found.keys() == {
            key for key, values in everything.items() if str(values["name_label"]).startswith(stem[0])
        }
        states = ["running", "halted"]
        found = plain_records(vms.get_all_records(power_state=states, name_label=hvlib.glob("*")))
        assert found.keys() == {key for key, values in everything.items() if values["power_state"] in states}
        assert vms.get_all(name_label="no VM is called so").all() == []

    def test_undeclared_fields_are_refused_before_anything_is_sent(self, wired: Wired) -> None:
        with counted(wired.wire) as turns:
            for name in set(VM.all_fields()) - wired.vms.fields:
                with pytest.raises(hvlib.Unsupported):
                    wired.vms.get_all(fields=[name])
            with pytest.raises(hvlib.InvalidQuery):
                wired.vms.get_all(fields=["no_such_field"])
            with pytest.raises(hvlib.InvalidQuery):
                wired.vms.get_all(no_such_field=1)
            assert turns() == 0

    def test_native_properties_come_along(self, wired: Wired) -> None:
        """All of them or some by name, in the same round trips, in each record."""
        with counted(wired.wire) as turns:
            records = wired.vms.get_all(native=True).all()
            used_turns = turns()
            name = sorted(records[0].native)[0]
            [only] = {frozenset(vm.native) for vm in wired.vms.get_all(fields=[], native=[name])}
        assert only == {name}
        assert used_turns <= 3
        assert all(vm.native for vm in records)

    def test_an_unknown_native_property_is_refused(self, provider: hvlib.Provider) -> None:
        """Together with a known one too: an unknown property never looks like a property without a value."""
        vms = provider.compute.vms
        known = vms.get_all(fields=[], native=True).first()
        assert known is not None
        names = [sorted(known.native)[0], "no_such_property"]
        with pytest.raises(hvlib.InvalidQuery, match="no_such_property"):
            vms.get_all(fields=[], native=names).all()
        with pytest.raises(hvlib.InvalidQuery, match="no_such_property"):
            vms.get(known.ref, native=names)

    def test_records_survive_json(self, site: Site, provider: hvlib.Provider) -> None:
        """`to_dict` returns values that JSON can hold, and `from_dict` reads them again."""
        for collection in listable(site, provider):
            for record in collection.get_all():
                kept = msgspec.json.decode(msgspec.json.encode(record.to_dict()))
                again = type(record).from_dict(kept, provider=provider)
                assert (again.ref, again.to_dict()) == (record.ref, kept)


def served(site: Site, provider: hvlib.Provider, kind: str) -> list[Collection[Any]]:
    """The collection of a kind, if the server has it and can list it."""
    return [collection for collection in listable(site, provider) if collection.kind.kind == kind]


def check_values(record: hvlib.Resource) -> None:
    """AssertionError unless times are in UTC, and refs have the field's kind and the record's provider."""
    for name in record.loaded:
        value = getattr(record, name)
        for part in value if isinstance(value, tuple) else (value,):
            assert not isinstance(part, datetime) or part.utcoffset() == timedelta(0), f"{name} is not in UTC"
            if isinstance(part, Ref):
                assert (part.provider_uuid, part.provider) == (record.ref.provider_uuid, record.provider)
                assert part.kind in KINDS_OF_REFS.get(name, (part.kind,)), f"{name} can't refer to a {part.kind}"


def refs_in_records(collection: Collection[Any]) -> Iterator[Ref]:
    """The refs in all records of a kind."""
    return (ref for record in collection.get_all() for name in record.loaded for ref in refs_in(record, name))


def refs_in(record: hvlib.Resource, name: str) -> Iterator[Ref]:
    """The refs that a field holds."""
    value = getattr(record, name)
    yield from (part for part in (value if isinstance(value, tuple) else (value,)) if isinstance(part, Ref))


def value_reader(name: str) -> Any:
    """A function that reads a field's value to filter by; if the field holds several values, the first one."""

    def read(record: hvlib.Resource) -> object:
        value = getattr(record, name)
        if isinstance(value, tuple):
            return value[0] if value else None
        return value

    return read


def fits(value: object, wanted: object) -> bool:
    """Whether a field's value is the wanted value of a filter, or holds it."""
    return wanted in value if isinstance(value, tuple) else value == wanted
