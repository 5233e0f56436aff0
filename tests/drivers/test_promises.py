"""What hvlib promises of every driver."""

from __future__ import annotations

import gc
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from drivers.conftest import Site

import hvlib


def running(provider: hvlib.Provider) -> hvlib.VM:
    vm = provider.compute.vms.get_all(power_state="running").first()
    assert vm is not None
    return vm


def next_of(watch: hvlib.Watch, ref: hvlib.Ref, **fields: object) -> hvlib.Event:
    """The first event of one object in which its fields have these values."""
    while True:
        event = watch.next(timeout=20)
        assert event is not None
        if event.ref == ref and all(getattr(event.resource, name) == value for name, value in fields.items()):
            return event


def synced(watch: hvlib.Watch) -> dict[hvlib.Ref, hvlib.Resource]:
    found: dict[hvlib.Ref, hvlib.Resource] = {}
    for event in watch:
        if event.type == "SYNCED":
            break
        assert event.type == "ADDED"
        assert event.ref is not None
        assert event.resource is not None
        found[event.ref] = event.resource
    return found


def test_round_trips_are_bounded(provider: hvlib.Provider) -> None:
    vms = provider.compute.vms
    assert vms.get_all().count() == 20
    one = vms.get_all(page_size=5).first()
    assert one is not None
    with provider.count_requests() as requests:
        everything = vms.get_all(page_size=5).all()
    assert len(everything) == len({vm.ref for vm in everything}) == 20
    assert requests.total <= 4 + 1
    with provider.count_requests() as requests:
        assert vms.get_by_uuid(one.uuid) == one
    assert requests.total <= 2
    with provider.count_requests() as requests:
        assert one in vms.get_by_name_label(one.name_label)
    assert requests.total <= 1 + 2
    with provider.count_requests() as requests:
        assert vms.get_many([vm.ref for vm in everything]).keys() == {vm.ref for vm in everything}
    assert requests.total == 1
    with provider.count_requests() as requests:
        vms.get_all(page_size=5).first()
    assert requests.calls.total() - requests.calls["CancelRetrievePropertiesEx"] <= 1


def test_projection_and_filters_give_the_same_everywhere(provider: hvlib.Provider) -> None:
    vms = provider.compute.vms
    everything = vms.get_all().all()
    host = everything[0].host
    assert host is not None
    assert {vm.ref for vm in vms.get_all(fields=[], host=host)} == {vm.ref for vm in everything if vm.host == host}
    halted = vms.get_all(fields=["name_label"], power_state=["halted", "suspended"]).all()
    assert {vm.ref for vm in halted} == {vm.ref for vm in everything if vm.power_state in ("halted", "suspended")}
    with pytest.raises(hvlib.FieldNotLoaded):
        _ = halted[0].vcpus
    assert all(vm.ref.kind == "VM" for vm in vms.get_all(fields=[]))


def test_names_repeat_and_are_exact(provider: hvlib.Provider) -> None:
    vms = provider.compute.vms
    by_name: dict[str, list[hvlib.VM]] = {}
    for vm in vms.get_all():
        by_name.setdefault(vm.name_label, []).append(vm)
    for name, named in by_name.items():
        assert {vm.ref for vm in vms.get_by_name_label(name)} == {vm.ref for vm in named}
    twins = next(named for named in by_name.values() if len(named) > 1)
    with pytest.raises(hvlib.AmbiguousName) as caught:
        vms.find(twins[0].name_label)
    assert {vm.ref for vm in caught.value.candidates} == {vm.ref for vm in twins}
    assert vms.find(twins[0].uuid) == twins[0]
    assert vms.get_by_name_label(twins[0].name_label[:-1]) == []
    with pytest.raises(hvlib.NotFound):
        vms.get_by_uuid("00000000-0000-4000-8000-00000000dead")


def test_native_properties_come_in_the_same_round_trips(provider: hvlib.Provider) -> None:
    vms = provider.compute.vms
    vms.get_all().all()
    with provider.count_requests() as requests:
        native = [vm.native for vm in vms.get_all(fields=["name_label"], native=True)]
    assert requests.total == 1
    assert all(native)


def test_power_and_its_refusals(provider: hvlib.Provider) -> None:
    vm = running(provider)
    assert vm.stop().wait(timeout=30).power_state == "halted"
    with pytest.raises(hvlib.InvalidState):
        vm.stop().wait(timeout=30)
    started = vm.start().wait(timeout=30)
    assert (started.ref, started.power_state) == (vm.ref, "running")
    assert vm.suspend().wait(timeout=30).power_state == "suspended"
    assert vm.resume().wait(timeout=30).power_state == "running"
    with pytest.raises(hvlib.InvalidState):
        vm.start().wait(timeout=30)
    tasks = [vm.suspend() for vm in provider.compute.vms.get_all(power_state="running").all()[:4]]
    assert [vm.power_state for vm in hvlib.wait_all(tasks, timeout=30)] == ["suspended"] * 4
    hvlib.wait_all([task.result.resume() for task in tasks], timeout=30)


def test_a_watch_tells_what_others_do(provider: hvlib.Provider, admin: hvlib.Provider) -> None:
    vm = running(admin)
    with provider.compute.vms.watch(fields=["name_label", "power_state"]) as watch:
        assert synced(watch).keys() == admin.compute.vms.get_all_records(fields=[]).keys()
        vm.stop().wait(timeout=30)
        event = next_of(watch, vm.ref, power_state="halted")
        assert (event.type, event.changed) == ("MODIFIED", {"power_state"})
        vm.start().wait(timeout=30)
        assert next_of(watch, vm.ref, power_state="running").type == "MODIFIED"
        with pytest.raises(hvlib.WaitTimeout):
            watch.next(timeout=0.05)


def test_an_idle_watch_asks_for_nothing_but_changes(provider: hvlib.Provider) -> None:
    with provider.compute.vms.watch() as watch:
        synced(watch)
        with provider.count_requests() as requests:
            for _ in range(3):
                with pytest.raises(hvlib.WaitTimeout):
                    watch.next(timeout=0.05)
        assert not {"RetrievePropertiesEx", "Page", "Get"} & requests.calls.keys()


def test_a_filtered_watch_and_wait_for(provider: hvlib.Provider, admin: hvlib.Provider) -> None:
    vm = running(admin)
    with provider.compute.vms.watch(fields=["name_label"], power_state="running") as watch:
        assert vm.ref in synced(watch)
        vm.stop().wait(timeout=30)
        gone = next_of(watch, vm.ref)
        assert gone.type == "DELETED"
        assert gone.resource is not None
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(provider.compute.vms.get(vm.ref).wait_for, power_state="running", timeout=30)
            vm.start().wait(timeout=30)
            assert waiting.result(30).power_state == "running"
        assert next_of(watch, vm.ref).type == "ADDED"


def test_several_collections_in_one_stream(provider: hvlib.Provider) -> None:
    with provider.watch(provider.compute.vms, provider.compute.hosts) as watch:
        kinds = [ref.kind for ref in synced(watch)]
    assert (kinds.count("VM"), kinds.count("Host")) == (20, 4)


def test_a_watch_of_refs_alone_sees_every_object(provider: hvlib.Provider) -> None:
    for collection in (provider.compute.vms, provider.compute.hosts):
        refs = {record.ref for record in collection.get_all(fields=[])}
        with collection.watch(fields=[]) as watch:
            assert synced(watch).keys() == refs


def test_uuids_are_found_in_any_spelling(provider: hvlib.Provider) -> None:
    vm = running(provider)
    for spelling in (vm.uuid.upper(), vm.uuid.replace("-", "")):
        assert provider.compute.vms.get_by_uuid(spelling).ref == vm.ref
        assert provider.compute.vms.find(spelling).ref == vm.ref


def test_known_goes_on_from_own_records(provider: hvlib.Provider, admin: hvlib.Provider) -> None:
    known = provider.compute.vms.get_all_records(fields=["power_state"])
    vm = running(admin)
    vm.stop().wait(timeout=30)
    with provider.compute.vms.watch(fields=["power_state"], known=known) as watch:
        event = next(watch)
        assert (event.type, event.ref, event.changed) == ("MODIFIED", vm.ref, {"power_state"})
        assert next(watch).type == "SYNCED"
    vm.start().wait(timeout=30)


def test_a_lost_session_is_made_good_or_said(site: Site, provider: hvlib.Provider) -> None:
    vms = provider.compute.vms
    assert len(vms.get_all().all()) == 20
    site.expire_sessions()
    assert len(vms.get_all().all()) == 20
    site.expire_sessions()
    assert vms.get_by_uuid(running(provider).uuid).power_state == "running"
    pages = vms.get_all(page_size=5).pages()
    seen = list(next(pages).items)
    site.expire_sessions()
    try:
        seen += [vm for page in pages for vm in page.items]
    except hvlib.CursorLost:
        assert len(seen) == 5
    else:
        assert len({vm.ref for vm in seen}) == len(seen) == 20


def test_a_watch_outlives_its_session_with_just_the_difference(
    site: Site, provider: hvlib.Provider, admin: hvlib.Provider
) -> None:
    with provider.compute.vms.watch(fields=["power_state"]) as watch:
        synced(watch)
        site.expire_sessions()
        vm = running(admin)
        vm.stop().wait(timeout=30)
        event = watch.next(timeout=20)
        assert event is not None
        assert (event.type, event.ref, event.resynced) == ("MODIFIED", vm.ref, True)
        vm.start().wait(timeout=30)
        assert next_of(watch, vm.ref, power_state="running").type == "MODIFIED"


def test_threads_share_a_provider_and_its_login(site: Site, provider: hvlib.Provider) -> None:
    vms = provider.compute.vms
    uuid = running(provider).uuid
    site.expire_sessions()
    with provider.count_requests() as requests, ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: vms.get_by_uuid(uuid).uuid, range(32)))
    assert found == [uuid] * 32
    assert requests.calls["Login"] == 1


def test_close_ends_a_wait_within_a_second(site: Site) -> None:
    provider = site.connect()
    watch = provider.compute.vms.watch()
    synced(watch)
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(watch.next)
        while not watch._turn.locked():
            time.sleep(0)
        with pytest.raises(hvlib.ConcurrentWatch):
            next(watch)
        watch.close()
        assert waiting.result(3.0) is None
        other = provider.compute.vms.watch()
        synced(other)
        waiting = pool.submit(other.next)
        provider.close()
        assert isinstance(waiting.exception(3.0), hvlib.Closed)


def test_nothing_is_left_on_the_server(site: Site) -> None:
    before = site.sessions()
    provider = site.connect()
    watch = provider.compute.vms.watch()
    next(watch)
    next(provider.compute.vms.get_all(page_size=5).pages())
    assert site.sessions() == before + 1
    provider.close()
    assert site.sessions() == before
    forgotten = site.connect()
    forgotten.compute.vms.get_all().first()
    del forgotten
    gc.collect()
    assert site.sessions() == before


def test_records_keep_as_plain_values(provider: hvlib.Provider) -> None:
    for vm in provider.compute.vms.get_all():
        again = hvlib.VM.from_dict(vm.to_dict(), provider=provider)
        assert again.to_dict() == vm.to_dict()
        assert again.ref == vm.ref
    assert again.refresh().ref == again.ref
