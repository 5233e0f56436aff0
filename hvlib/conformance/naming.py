"""Names and uuids: lookups are exact, and names are decoded where the server escapes characters."""

from __future__ import annotations

import pytest

import hvlib
from hvlib.conformance.fixtures import Conformance, NewVM, Wired, counted, listable, skip_unverified
from hvlib.conformance.site import Site
from hvlib.model.resources import VM

__all__ = ["NamingConformance"]

EXTRA_TURNS = 2
"""Round trips of a lookup besides the pages of names or, where uuids are derived, of uuids."""

UNUSED_UUID = "00000000-0000-4000-8000-00000000dead"

ODD_NAMES = (
    "a/b",
    "a\\b",
    "a%2fb",
    "100%",
    "%25",
    "a+b c",
    "a&b=c;d",
    "'quoted' \"twice\"",
    "<b>&amp;</b>",
    "Prüfstand Größe",
    "日本語 🙂",
    "web-*",
    "we?",
    "[abc]",
    "^a.*$",
    "a.b|c",
    "{name}",
    "x" * 78,
)
"""Names with characters that have a meaning in addresses, XML, patterns and queries."""

SIMILAR_NAMES = (
    "conformance-Ab",
    "conformance-ab",
    "conformance-a.",
    "conformance-a",
    "conformance-abc",
    "onformance-ab",
)
"""Names that a lookup confuses if it ignores case, matches patterns or matches parts of names."""


class NamingConformance(Conformance):
    """Tests of `get_by_name_label`, `get_by_uuid` and `find`."""

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_odd_names(self, site: Site, provider: hvlib.Provider, new_vm: NewVM, name: str) -> None:
        """Listings, lookups and filters use the name as its author wrote it."""
        skip_unverified(site, "name")
        id = new_vm("before")
        site.rename_vm(id, name)
        ids = {vm_id for vm_id, values in site.truth(VM).items() if values["name_label"] == name}
        assert id in ids
        vms = provider.compute.vms
        assert {vm.ref.id for vm in vms.get_by_name_label(name)} == ids
        assert {vm.ref.id for vm in vms.get_all(fields=["name_label"]) if vm.name_label == name} == ids
        assert {vm.ref.id for vm in vms.get_all(fields=[], name_label=name)} == ids
        assert vms.get_by_name_label("before") == []

    def test_every_kind_is_looked_up(self, site: Site, wired: Wired) -> None:
        """Lookups by uuid, name and ref return the listing's record; unknown values are not found."""
        for collection in listable(site, wired.provider):
            records = collection.get_all_records()
            record = next(iter(records.values()), None)
            if record is None:
                continue
            pages = len(list(collection.get_all(fields=[]).pages()))
            with counted(wired.wire) as turns:
                assert collection.get_by_uuid(record.uuid).ref == record.ref
                assert turns() <= pages + EXTRA_TURNS
            with counted(wired.wire) as turns:
                found = {namesake.ref for namesake in collection.get_by_name_label(record.name_label)}
                assert turns() <= pages + EXTRA_TURNS
            assert found == {ref for ref, listed in records.items() if listed.name_label == record.name_label}
            assert collection.get(record.ref).ref == record.ref
            assert collection.get_by_name_label("nobody's name") == []
            with pytest.raises(hvlib.NotFound):
                collection.get_by_uuid(UNUSED_UUID)

    def test_names_are_exact(self, provider: hvlib.Provider, new_vm: NewVM) -> None:
        ids = {name: new_vm(name) for name in SIMILAR_NAMES}
        for name, id in ids.items():
            assert [vm.ref.id for vm in provider.compute.vms.get_by_name_label(name)] == [id]
            assert provider.compute.vms.find(name).ref.id == id
        for absent in ("conformance-AB", "conformance-", "conformance-a*", "conformance-..", "", " "):
            assert provider.compute.vms.get_by_name_label(absent) == []
            with pytest.raises(hvlib.NotFound):
                provider.compute.vms.find(absent)

    def test_names_repeat(self, site: Site, provider: hvlib.Provider) -> None:
        """The site has VMs that share a name: a lookup returns all of them, and `find` names the candidates."""
        by_name: dict[object, set[str]] = {}
        for id, values in site.truth(VM).items():
            by_name.setdefault(values["name_label"], set()).add(id)
        name, ids = next((str(name), ids) for name, ids in by_name.items() if len(ids) > 1)
        assert {vm.ref.id for vm in provider.compute.vms.get_by_name_label(name)} == ids
        with pytest.raises(hvlib.AmbiguousName) as caught:
            provider.compute.vms.find(name)
        assert {vm.ref.id for vm in caught.value.candidates} == ids

    def test_uuids_in_any_spelling(self, site: Site, provider: hvlib.Provider) -> None:
        id, values = next(iter(site.truth(VM).items()))
        uuid = str(values["uuid"])
        for spelling in (uuid, uuid.upper(), uuid.replace("-", "")):
            assert provider.compute.vms.get_by_uuid(spelling).ref.id == id
            assert provider.compute.vms.find(spelling).ref.id == id

    def test_a_uuid_goes_before_a_name(self, site: Site, provider: hvlib.Provider, new_vm: NewVM) -> None:
        id, values = next(iter(site.truth(VM).items()))
        site.rename_vm(new_vm("before"), str(values["uuid"]))
        assert provider.compute.vms.find(str(values["uuid"])).ref.id == id

    def test_what_is_not_there(self, provider: hvlib.Provider) -> None:
        vms = provider.compute.vms
        assert vms.get_by_name_label("no VM is called so") == []
        for uuid in (UNUSED_UUID, "no uuid at all", ""):
            with pytest.raises(hvlib.NotFound):
                vms.get_by_uuid(uuid)
        gone = hvlib.Ref(provider.about.uuid, "VM", "no-such-id")
        assert vms.get_many([gone]) == {}
        with pytest.raises(hvlib.NotFound):
            vms.get(gone)

    def test_what_was_there_is_gone(self, site: Site, provider: hvlib.Provider, new_vm: NewVM) -> None:
        """Each lookup asks the server: hvlib caches nothing."""
        id = new_vm("passing")
        vm = provider.compute.vms.find("passing")
        assert provider.compute.vms.get_by_uuid(vm.uuid) == vm
        site.delete_vm(id)
        assert provider.compute.vms.get_by_name_label("passing") == []
        assert provider.compute.vms.get_many([vm.ref]) == {}
        with pytest.raises(hvlib.NotFound):
            vm.refresh()
        with pytest.raises(hvlib.NotFound):
            provider.compute.vms.get_by_uuid(vm.uuid)

    def test_lookups_take_few_round_trips(self, wired: Wired) -> None:
        """At most two by uuid or ref; at most three by name: a page of all names, and two more."""
        vm = wired.vms.get_all().first()
        assert vm is not None
        wired.vms.get_by_uuid(vm.uuid)
        with counted(wired.wire) as turns:
            assert wired.vms.get_by_uuid(vm.uuid) == vm
            assert turns() <= 2
        with counted(wired.wire) as turns:
            assert vm in wired.vms.get_by_name_label(vm.name_label)
            assert turns() <= 3
        with counted(wired.wire) as turns:
            assert wired.vms.get(vm.ref) == vm
            assert turns() <= 2
