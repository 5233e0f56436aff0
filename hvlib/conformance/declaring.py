"""What a driver declares is what it delivers: kinds, fields, units, projections, filters."""

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

TOUCHED = ("VM", "Host", "Task")
"""Kinds of which something changes, or comes, when a VM is started."""


class DeclaringConformance(Conformance):
    """Declared, and so delivered."""

    @pytest.fixture
    def task(self, provider: hvlib.Provider, new_vm: NewVM, kind: str) -> None:
        """The server has started a VM, if the driver can ask for it, and may keep a record of that: if it can show."""
        if kind in TOUCHED and Start in provider.compute.vms.actions:
            task = provider.compute.vms.get(Ref(provider.about.uuid, "VM", new_vm("done"))).start()
            with suppress(hvlib.HvlibError):  # whether it starts is another test's
                task.wait(timeout=PATIENCE)

    def test_about(self, site: Site, provider: hvlib.Provider) -> None:
        """The server says what it is, and is the same one in each session."""
        about = provider.about
        assert about.product
        assert about.version
        assert str(UUID(about.uuid)) == about.uuid
        with site.connect() as other:
            assert other.about == about

    def test_kinds(self, provider: hvlib.Provider) -> None:
        """VMs at least; each adapter stands for the kind that it says; a kind that is not there is Unsupported."""
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
        """A whole kind is unverified only where the driver says that the server can't list it; never an empty list."""
        for collection in collections(provider):
            if collection.kind.kind in site.unverified:
                with pytest.raises(hvlib.Unsupported):
                    collection.get_all().all()

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.usefixtures("task")
    def test_every_declared_field_has_the_servers_value(self, site: Site, provider: hvlib.Provider, kind: str) -> None:
        """In hvlib's units and types, of every object; a field that no truth is told of is named in ``unverified``."""
        for collection in served(site, provider, kind):
            records = {ref.id: record for ref, record in collection.get_all_records().items()}
            expected = site.truth(collection.kind)
            assert records.keys() == expected.keys()
            told = {name for values in expected.values() for name in values}
            untold = {name for name in collection.fields if f"{kind}.{name}" in site.unverified}
            assert told | untold == collection.fields
            for id, values in expected.items():
                assert {name: plain(records[id])[name] for name in values} == values
                check_values(records[id])

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.usefixtures("task")
    def test_every_ref_can_be_read(self, site: Site, provider: hvlib.Provider, kind: str) -> None:
        """A record refers to objects that the provider finds; those of a task may be gone, but not their kinds."""
        for collection in served(site, provider, kind):
            refs = set(named_by(collection))
            found = provider.get_many(refs)
            assert kind == "Task" or found.keys() == refs

    def test_every_ref_to_a_vm_that_became_an_image_can_be_read(
        self, site: Site, admin: Administrator, provider: hvlib.Provider, new_vm: NewVM
    ) -> None:
        """As what it is now, or it is not named any more: the server's records of tasks may know its former kind."""
        id = new_vm("turned")
        for action in (Start(), Stop()):
            if type(action) in provider.compute.vms.actions:
                provider.compute.vms.do(Ref(provider.about.uuid, "VM", id), action).wait(timeout=site.patience)
        admin.make_image(id)
        try:
            refs = {ref for collection in listable(site, provider) for ref in named_by(collection) if ref.id == id}
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
        """On each field, whether or not the server can filter by it: just what fits, and with no field more."""
        for collection in served(site, provider, kind):
            records = collection.get_all().all()
            for name in sorted(collection.fields):
                wanted = next((value for value in map(first_of(name), records) if value is not None), None)
                if wanted is None:
                    continue
                found = collection.get_all(fields=[], **{name: wanted}).all()
                fitting = [record for record in records if fits(getattr(record, name), wanted)]
                assert {record.ref for record in found} == {record.ref for record in fitting}
                assert all(record.loaded == {name} for record in found)

    def test_filters_of_several_values(self, site: Site, provider: hvlib.Provider) -> None:
        """A list means any of them, a pattern the whole of a name; several filters must all fit."""
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

    def test_what_is_not_declared_is_refused_before_anything_is_sent(self, wired: Wired) -> None:
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
        """In the same round trips, all or by name, and are there in each record."""
        with counted(wired.wire) as turns:
            records = wired.vms.get_all(native=True).all()
            every = turns()
            name = sorted(records[0].native)[0]
            [only] = {frozenset(vm.native) for vm in wired.vms.get_all(fields=[], native=[name])}
        assert only == {name}
        assert every <= 3
        assert all(vm.native for vm in records)

    def test_an_unknown_native_property_is_refused(self, provider: hvlib.Provider) -> None:
        """Beside a known one too: it never looks like a property without a value."""
        vms = provider.compute.vms
        known = vms.get_all(fields=[], native=True).first()
        assert known is not None
        names = [sorted(known.native)[0], "no_such_property"]
        with pytest.raises(hvlib.InvalidQuery, match="no_such_property"):
            vms.get_all(fields=[], native=names).all()
        with pytest.raises(hvlib.InvalidQuery, match="no_such_property"):
            vms.get(known.ref, native=names)

    def test_records_keep_as_plain_values(self, site: Site, provider: hvlib.Provider) -> None:
        """`to_dict` is what JSON can hold, and `from_dict` reads it again."""
        for collection in listable(site, provider):
            for record in collection.get_all():
                kept = msgspec.json.decode(msgspec.json.encode(record.to_dict()))
                again = type(record).from_dict(kept, provider=provider)
                assert (again.ref, again.to_dict()) == (record.ref, kept)


def served(site: Site, provider: hvlib.Provider, kind: str) -> list[Collection[Any]]:
    """The collection of a kind, if the server has it and can list it."""
    return [collection for collection in listable(site, provider) if collection.kind.kind == kind]


def check_values(record: hvlib.Resource) -> None:
    """AssertionError unless dates are in UTC, and refs of the right kind and bound to the record's provider."""
    for name in record.loaded:
        value = getattr(record, name)
        for each in value if isinstance(value, tuple) else (value,):
            assert not isinstance(each, datetime) or each.utcoffset() == timedelta(0), f"{name} is not in UTC"
            if isinstance(each, Ref):
                assert (each.provider_uuid, each.provider) == (record.ref.provider_uuid, record.provider)
                assert each.kind in KINDS_OF_REFS.get(name, (each.kind,)), f"{name} is no {each.kind}"


def named_by(collection: Collection[Any]) -> Iterator[Ref]:
    """The refs in all records of a kind."""
    return (ref for record in collection.get_all() for name in record.loaded for ref in refs_in(record, name))


def refs_in(record: hvlib.Resource, name: str) -> Iterator[Ref]:
    """The refs that a field holds."""
    value = getattr(record, name)
    yield from (each for each in (value if isinstance(value, tuple) else (value,)) if isinstance(each, Ref))


def first_of(name: str) -> Any:
    """What reads one value to filter by: of a field that holds several, the first."""

    def read(record: hvlib.Resource) -> object:
        value = getattr(record, name)
        if isinstance(value, tuple):
            return value[0] if value else None
        return value

    return read


def fits(value: object, wanted: object) -> bool:
    """Whether a field's value is one, or holds one, that a filter wants."""
    return wanted in value if isinstance(value, tuple) else value == wanted
