"""Actions on the objects of a lab, and their refusals."""

from __future__ import annotations

from typing import Any

import pytest
from hvlib_sim.lab import lifecycle

from hvlib import actions
from hvlib.driver import Done, Reached
from hvlib.errors import InvalidQuery, InvalidState, NotFound, Unsupported
from hvlib.model.ref import Ref
from hvlib.model.resources import (
    VM,
    Cluster,
    Flavor,
    Host,
    Image,
    Network,
    PowerState,
    Resource,
    Snapshot,
    StoragePool,
    TaskRecord,
    Volume,
)

GIB = 2**30


def in_state(site: Any, state: PowerState) -> Any:
    return site.caller.all(VM, filters={"power_state": state})[0]


def reread(site: Any, record: Resource) -> Any:
    return site.caller.get(record.ref, type(record).__mro__[1])


def new_volume(site: Any, size_bytes: int = GIB) -> Ref:
    result: Ref = site.do(Volume, None, actions.CreateVolume("extra", size_bytes)).result
    return result


STATES: dict[type[actions.Action], dict[str, str]] = {
    actions.Start: {"halted": "running"},
    actions.Stop: {"running": "halted", "paused": "halted", "suspended": "halted"},
    actions.Suspend: {"running": "suspended"},
    actions.Resume: {"suspended": "running"},
    actions.Pause: {"running": "paused"},
    actions.Unpause: {"paused": "running"},
}


@pytest.mark.parametrize("state", ["running", "halted", "paused", "suspended"])
@pytest.mark.parametrize("action", STATES)
def test_power(site: Any, state: PowerState, action: type[actions.Action]) -> None:
    vm = in_state(site, state)
    task = site.do(VM, vm.ref, action())
    after = reread(site, vm)
    if state in STATES[action]:
        assert (task.state, task.error, task.target) == ("succeeded", None, vm.ref)
        assert after.power_state == STATES[action][state]
        assert bool(after.ip_addresses) == (after.power_state == "running")
    else:
        assert (task.state, task.error.error) == ("failed", "InvalidState")
        assert after == vm


def test_a_task_takes_its_time(site: Any) -> None:
    vm = in_state(site, "halted")
    ref = site.caller.submit(VM, vm.ref, actions.Start()).task
    progress = []
    for _ in range(7):
        task = site.caller.get(ref, TaskRecord)
        progress.append((task.state, round(task.progress, 2)))
        site.sleep(0.06001)
    running = [("running", 0.2 * step) for step in range(5)]
    assert progress == [
        (state, pytest.approx(value)) for state, value in [*running, ("succeeded", 1.0), ("succeeded", 1.0)]
    ]
    assert reread(site, vm).power_state == "running"


def test_a_task_is_queued_behind_another_task_on_its_object(site: Any) -> None:
    vm = in_state(site, "running")
    stop = site.caller.submit(VM, vm.ref, actions.Stop()).task
    start = site.caller.submit(VM, vm.ref, actions.Start()).task
    assert [site.caller.get(ref, TaskRecord).state for ref in (stop, start)] == ["running", "queued"]
    site.sleep(0.31)
    assert [site.caller.get(ref, TaskRecord).state for ref in (stop, start)] == ["succeeded", "running"]
    site.sleep(0.31)
    assert reread(site, vm).power_state == "running"


@pytest.mark.parametrize("which", [0, 1])
def test_cancel(site: Any, which: int) -> None:
    vm = in_state(site, "running")
    refs = [site.caller.submit(VM, vm.ref, action).task for action in (actions.Stop(), actions.Stop())]
    site.sleep(0.1)
    assert site.caller.submit(TaskRecord, refs[which], actions.Cancel()) == Done(refs[which])
    assert site.caller.get(refs[which], TaskRecord).state == "cancelled"
    assert reread(site, vm).power_state == "running"
    with pytest.raises(InvalidState):
        site.caller.submit(TaskRecord, refs[which], actions.Cancel())
    site.sleep(1)
    assert site.caller.get(refs[1 - which], TaskRecord).state == "succeeded"
    assert reread(site, vm).power_state == "halted"


def test_an_ended_task_is_removed_later(site: Any) -> None:
    task = site.do(VM, in_state(site, "halted").ref, actions.Start())
    site.sleep(590)
    assert site.caller.get(task.ref, TaskRecord).state == "succeeded"
    site.sleep(20)
    assert site.caller.get(task.ref, TaskRecord) is None


def test_a_guest_is_off_some_time_after_the_shutdown_request(site: Any) -> None:
    vm = in_state(site, "running")
    asked = site.caller.submit(VM, vm.ref, actions.Shutdown())
    assert asked == Reached(vm.ref, {"power_state": "halted"}, fails={"power_state": "suspended"})
    assert reread(site, vm).power_state == "running"
    site.sleep(0.31)
    assert reread(site, vm).power_state == "halted"
    with pytest.raises(InvalidState):
        site.caller.submit(VM, vm.ref, actions.Shutdown())


def test_a_restarted_guest_ignores_an_earlier_shutdown_request(site: Any) -> None:
    vm = in_state(site, "running")
    site.caller.submit(VM, vm.ref, actions.Reboot())
    site.clock.now += 0.1
    site.caller.submit(VM, vm.ref, actions.Shutdown())
    site.sleep(1)
    assert reread(site, vm).power_state == "running"


def test_reboot(site: Any) -> None:
    vm = in_state(site, "running")

    def booted() -> str:
        [found] = site.caller.session.adapters[VM].get([vm.ref], site.caller.query(VM, native=["sim.booted_at"]))
        return str(found.native["sim.booted_at"])

    times = [booted()]
    assert site.do(VM, vm.ref, actions.Reboot()).state == "succeeded"
    times.append(booted())
    assert site.do(VM, vm.ref, actions.Reboot(hard=True)).state == "succeeded"
    times.append(booted())
    assert times == sorted(set(times))
    assert site.do(VM, in_state(site, "halted").ref, actions.Reboot()).error.error == "InvalidState"


def test_the_free_memory_of_the_host_follows_the_power_state(site: Any) -> None:
    vm = in_state(site, "halted")
    before = site.caller.get(vm.host, Host).memory_free_bytes
    site.do(VM, vm.ref, actions.Start())
    assert site.caller.get(vm.host, Host).memory_free_bytes == before - vm.memory_bytes
    site.do(VM, vm.ref, actions.Suspend())
    assert site.caller.get(vm.host, Host).memory_free_bytes == before


def test_a_vm_too_large_to_start(site: Any) -> None:
    vm = in_state(site, "halted")
    assert site.do(VM, vm.ref, actions.Resize(memory_bytes=2**60)).state == "succeeded"
    assert site.do(VM, vm.ref, actions.Start()).error.error == "TaskFailed"
    assert reread(site, vm).power_state == "halted"


def test_resize(site: Any) -> None:
    vm = in_state(site, "halted")
    flavor = site.caller.all(Flavor)[-1]
    site.do(VM, vm.ref, actions.Resize(flavor=flavor.ref))
    after = reread(site, vm)
    assert (after.vcpus, after.memory_bytes, after.flavor) == (flavor.vcpus, flavor.memory_bytes, flavor.ref)
    site.do(VM, vm.ref, actions.Resize(vcpus=3))
    after = reread(site, vm)
    assert (after.vcpus, after.memory_bytes, after.flavor) == (3, flavor.memory_bytes, None)
    assert site.do(VM, in_state(site, "running").ref, actions.Resize(vcpus=3)).error.error == "InvalidState"
    with pytest.raises(InvalidQuery):
        site.caller.submit(VM, vm.ref, actions.Resize(vcpus=0))


def test_snapshots_form_a_tree(site: Any) -> None:
    vm = in_state(site, "halted")

    def take(name: str, memory: bool = False) -> Any:
        return site.caller.get(site.do(VM, vm.ref, actions.TakeSnapshot(name, memory)).result, Snapshot)

    first, second = take("first", memory=True), take("second")
    assert (first.vm, first.has_memory, second.parent) == (vm.ref, False, first.ref)
    site.do(VM, vm.ref, actions.Start())
    warm = take("warm", memory=True)
    assert (warm.has_memory, warm.parent) == (True, second.ref)
    assert site.do(VM, vm.ref, actions.Revert(first.ref)).result == vm.ref
    assert reread(site, vm).power_state == "halted"
    assert take("branch").parent == first.ref
    site.do(VM, vm.ref, actions.Revert(warm.ref))
    assert reread(site, vm).power_state == "running"
    assert site.do(Snapshot, second.ref, actions.Delete()).state == "succeeded"
    assert site.caller.get(warm.ref, Snapshot).parent == first.ref
    assert site.caller.get(second.ref, Snapshot) is None


def test_revert_to_another_size(site: Any) -> None:
    vm = in_state(site, "running")
    snapshot = site.do(VM, vm.ref, actions.TakeSnapshot("warm", memory=True)).result
    free = site.caller.get(vm.host, Host).memory_free_bytes
    for action in (actions.Stop(), actions.Resize(memory_bytes=vm.memory_bytes + GIB), actions.Start()):
        site.do(VM, vm.ref, action)
    assert site.caller.get(vm.host, Host).memory_free_bytes == free - GIB
    assert site.do(VM, vm.ref, actions.Revert(snapshot)).state == "succeeded"
    after = reread(site, vm)
    assert (after.power_state, after.memory_bytes) == ("running", vm.memory_bytes)
    assert site.caller.get(vm.host, Host).memory_free_bytes == free


def test_revert_needs_a_snapshot_of_the_vm(site: Any) -> None:
    vm, other = in_state(site, "halted"), in_state(site, "running")
    snapshot = site.do(VM, vm.ref, actions.TakeSnapshot("one")).result
    assert site.do(VM, other.ref, actions.Revert(snapshot)).error.error == "NotFound"
    with pytest.raises(NotFound):
        site.caller.submit(VM, vm.ref, actions.Revert(site.caller.ref(Snapshot, "snapshot-99999999")))


def test_clone(site: Any) -> None:
    vm = in_state(site, "running")
    extra = new_volume(site)
    site.do(VM, vm.ref, actions.AttachVolume(extra))
    vm = reread(site, vm)
    clone = site.caller.get(site.do(VM, vm.ref, actions.Clone("copy")).result, VM)
    assert (clone.name_label, clone.power_state, clone.networks) == ("copy", "halted", vm.networks)
    assert clone.uuid != vm.uuid
    assert not set(clone.volumes) & set(vm.volumes)
    assert len(clone.volumes) == len(vm.volumes) - 1
    assert [site.caller.get(ref, Volume).vms for ref in clone.volumes] == [(clone.ref,)] * len(clone.volumes)


def test_migrate(site: Any) -> None:
    caller, vm = site.caller, in_state(site, "running")
    host = next(host for host in caller.all(Host) if host.ref != vm.host)
    pool = next(pool for pool in caller.all(StoragePool) if pool.ref != caller.get(vm.volumes[0], Volume).pool)
    free = {host.ref: host.memory_free_bytes for host in caller.all(Host)}
    assert site.do(VM, vm.ref, actions.Migrate(host.ref, pool.ref)).state == "succeeded"
    after = reread(site, vm)
    assert (after.host, after.power_state) == (host.ref, "running")
    assert caller.get(vm.volumes[0], Volume).pool == pool.ref
    now = {host.ref: host.memory_free_bytes for host in caller.all(Host)}
    assert now[host.ref] == free[host.ref] - vm.memory_bytes
    assert now[vm.host] == free[vm.host] + vm.memory_bytes
    assert site.do(VM, vm.ref, actions.Migrate(host.ref)).error.error == "InvalidState"
    assert site.do(VM, vm.ref, actions.Migrate()).state == "succeeded"


def test_migrate_to_a_host_that_is_not_up(make_site: Any) -> None:
    site = make_site(hosts=8)
    down = site.caller.all(Host, filters={"state": ["down", "maintenance"]})[0]
    assert site.do(VM, in_state(site, "running").ref, actions.Migrate(down.ref)).error.error == "InvalidState"


def test_volumes(site: Any) -> None:
    caller, (one, two) = site.caller, site.caller.all(VM)[:2]
    volume = new_volume(site)
    assert site.do(VM, one.ref, actions.AttachVolume(volume)).state == "succeeded"
    assert volume in reread(site, one).volumes
    assert caller.get(volume, Volume).vms == (one.ref,)
    for vm in (one, two):
        assert site.do(VM, vm.ref, actions.AttachVolume(volume)).error.error == "Conflict"
    assert site.do(VM, two.ref, actions.DetachVolume(volume)).error.error == "NotFound"
    assert site.do(Volume, volume, actions.Delete()).error.error == "Conflict"
    assert site.do(VM, one.ref, actions.DetachVolume(volume)).state == "succeeded"
    assert reread(site, one).volumes == one.volumes
    assert site.do(Volume, volume, actions.ResizeVolume(2 * GIB)).state == "succeeded"
    assert caller.get(volume, Volume).size_bytes == 2 * GIB
    assert site.do(Volume, volume, actions.ResizeVolume(GIB)).error.error == "InvalidQuery"
    assert site.do(Volume, volume, actions.Delete()).state == "succeeded"
    assert caller.get(volume, Volume) is None
    assert site.do(Volume, None, actions.CreateVolume("vast", 2**60)).error.error == "TaskFailed"


def test_the_free_space_of_the_pool_follows_its_volumes(site: Any) -> None:
    pool = site.caller.all(StoragePool)[0]
    volume = site.do(Volume, None, actions.CreateVolume("extra", GIB, pool.ref)).result
    assert reread(site, pool).free_bytes == pool.free_bytes - GIB
    site.do(Volume, volume, actions.Delete())
    assert reread(site, pool) == pool


def test_networks(site: Any) -> None:
    caller, vm = site.caller, in_state(site, "running")
    network = site.do(Network, None, actions.CreateNetwork("lab", vlan_id=7)).result
    assert (caller.get(network, Network).vlan_id, caller.get(network, Network).mtu) == (7, 1500)
    assert site.do(VM, vm.ref, actions.AttachNetwork(network)).state == "succeeded"
    assert len(reread(site, vm).ip_addresses) == len(vm.ip_addresses) + 1
    assert site.do(VM, vm.ref, actions.AttachNetwork(network)).error.error == "Conflict"
    assert site.do(Network, network, actions.Delete()).error.error == "Conflict"
    assert site.do(VM, vm.ref, actions.DetachNetwork(network)).state == "succeeded"
    assert reread(site, vm) == vm
    assert site.do(VM, vm.ref, actions.DetachNetwork(network)).error.error == "NotFound"
    assert site.do(Network, network, actions.Delete()).state == "succeeded"
    with pytest.raises(InvalidQuery):
        caller.submit(Network, None, actions.CreateNetwork("lab", vlan_id=4095))


def test_create(site: Any) -> None:
    caller, volume = site.caller, new_volume(site)
    image, flavor, network = caller.all(Image)[0], caller.all(Flavor)[1], caller.all(Network)[0]
    cluster = caller.all(Cluster)[0]
    action = actions.CreateVM(
        "new",
        image=image.ref,
        flavor=flavor.ref,
        networks=(network.ref,),
        volumes=(volume,),
        cluster=cluster.ref,
        start=True,
    )
    vm = caller.get(site.do(VM, None, action).result, VM)
    assert (vm.name_label, vm.power_state, vm.vcpus, vm.memory_bytes) == (
        "new",
        "running",
        flavor.vcpus,
        flavor.memory_bytes,
    )
    assert (vm.image, vm.flavor, vm.networks, vm.cluster) == (image.ref, flavor.ref, (network.ref,), cluster.ref)
    assert volume in vm.volumes
    assert len(vm.volumes) == 2
    assert vm.guest_os == image.guest_os
    assert vm.ip_addresses
    assert site.do(VM, None, actions.CreateVM("two", image=image.ref, volumes=(volume,))).error.error == "Conflict"
    missing = actions.CreateVM("three", image=caller.ref(Image, "image-99999999"))
    assert site.do(VM, None, missing).error.error == "NotFound"


def test_delete(site: Any) -> None:
    caller, image = site.caller, site.caller.all(Image)[0].ref
    apart = new_volume(site)
    ref = site.do(VM, None, actions.CreateVM("new", image=image, volumes=(apart,))).result
    own = caller.get(ref, VM).volumes[0]
    snapshot = site.do(VM, ref, actions.TakeSnapshot("one")).result
    site.do(VM, ref, actions.Start())
    assert site.do(VM, ref, actions.Delete()).error.error == "InvalidState"
    site.do(VM, ref, actions.Stop())
    assert site.do(VM, ref, actions.Delete()).state == "succeeded"
    assert caller.get(ref, VM) is caller.get(own, Volume) is caller.get(snapshot, Snapshot) is None
    assert caller.get(apart, Volume).vms == ()
    with pytest.raises(NotFound):
        caller.submit(VM, ref, actions.Start())


def test_delete_keeps_volumes(site: Any) -> None:
    vm = in_state(site, "halted")
    site.do(VM, vm.ref, actions.Delete(keep_volumes=(vm.volumes[0],)))
    assert site.caller.get(vm.volumes[0], Volume).vms == ()


def test_an_object_that_is_deleted_while_its_task_is_queued(site: Any) -> None:
    vm = in_state(site, "halted")
    site.caller.session.adapters[VM].run(lifecycle.delete_vm, vm.ref, actions.Delete())
    start = site.caller.submit(VM, vm.ref, actions.Start()).task
    site.sleep(1)
    assert site.caller.get(start, TaskRecord).error.error == "NotFound"


@pytest.mark.parametrize("kind", [VM, Volume, Network, Image])
def test_names_and_tags(site: Any, kind: type[Resource]) -> None:
    record = site.caller.all(kind)[0]
    assert site.do(kind, record.ref, actions.Rename("näme/1%")) == Done(record.ref)
    assert site.do(kind, record.ref, actions.SetTags(("b", "a", "a"))) == Done(record.ref)
    after = reread(site, record)
    assert (after.name_label, after.tags) == ("näme/1%", ("a", "b"))
    with pytest.raises(InvalidQuery):
        site.caller.submit(kind, record.ref, actions.Rename(""))


def test_an_action_that_a_kind_does_not_have(site: Any) -> None:
    assert site.caller.session.adapters[Host].actions == frozenset()
    with pytest.raises(Unsupported):
        site.caller.submit(Host, site.caller.all(Host)[0].ref, actions.Delete())


def test_a_ref_of_another_provider(site: Any) -> None:
    with pytest.raises(NotFound):
        site.caller.submit(VM, Ref("elsewhere", "VM", site.caller.all(VM)[0].ref.id), actions.Start())
