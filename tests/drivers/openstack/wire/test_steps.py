"""Operations of several requests on the real services, and many operations at a time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from servers.openstack.openstack import OpenStack

import hvlib
from hvlib.model.task import ENDED

from .conftest import Connect

pytestmark = pytest.mark.timeout(300)

PATIENCE = 120.0
GIB = 2**30


def actions_on(region: OpenStack, id: str) -> list[str]:
    """The actions that nova was asked for on a server, the oldest first."""
    actions = region.administrator().call("nova", "GET", f"/v2.1/servers/{id}/os-instance-actions")
    return [each["action"] for each in reversed(actions["instanceActions"])]


def follow(region: OpenStack, tasks: Sequence[hvlib.Task[Any]], listing: str, per_end: int) -> None:
    """Read tasks until they have ended. A round is one listing, and ``per_end`` requests for each newly ended task."""
    refs = [task.ref for task in tasks if task.ref is not None]
    provider, ended = tasks[0].provider, 0
    deadline = time.monotonic() + PATIENCE
    while ended < len(refs):
        assert time.monotonic() < deadline
        before = Counter(region.requests())
        found = provider.tasks.get_many(refs)
        requests = Counter(region.requests()) - before
        now = sum(record.state in ENDED for record in found.values())
        if len(refs) - ended > 2:
            assert sum(times for request, times in requests.items() if request.endswith(listing)) == 1
            assert requests.total() <= 1 + per_end * (now - ended)
        else:
            assert requests.total() <= (1 + per_end) * (len(refs) - ended)
        ended = now


def create(provider: hvlib.Provider, name: str) -> hvlib.Task[hvlib.VM]:
    images, flavors = provider.image.images, provider.compute.flavors
    return provider.compute.vms.create(name, image=images.find("tiny-linux"), flavor=flavors.find("m1.tiny"))


def test_a_step_that_is_refused_is_a_failure(region: OpenStack, connect: Connect) -> None:
    administrator, member = region.administrator(), connect("member")
    vm = create(member, "locked").wait(timeout=PATIENCE)
    assert (vm.power_state, actions_on(region, vm.ref.id)) == ("halted", ["create", "stop"])
    administrator.call("nova", "POST", f"/v2.1/servers/{vm.ref.id}/action", {"lock": None})
    with pytest.raises(hvlib.InvalidState, match="is locked"):
        vm.resize(flavor=member.compute.flavors.find("m1.small")).wait(timeout=PATIENCE)
    administrator.delete_server(vm.ref.id)


def test_a_network_with_several_ports_is_detached_port_by_port(region: OpenStack, provider: hvlib.Provider) -> None:
    network = provider.network.networks.find("net-1")
    vm = provider.compute.vms.get_by_uuid(region.copy_server("with three ports")).attach_network(network).wait()
    vm = vm.attach_network(network).wait(timeout=PATIENCE)
    assert len(region.administrator().server(vm.ref.id)["addresses"]["net-1"]) >= 2
    task = vm.detach_network(network)
    assert task.wait(timeout=PATIENCE).networks == ()
    assert region.administrator().server(vm.ref.id)["addresses"] == {}
    with pytest.raises(hvlib.NotFound, match="no interface"):
        vm.detach_network(network).wait(timeout=PATIENCE)
    vm.delete().wait(timeout=PATIENCE)


def test_tasks_of_a_server_that_is_gone(region: OpenStack, connect: Connect) -> None:
    """Tasks that are first read after the server's deletion still count as succeeded."""
    starter, follower = connect(), connect()
    vm = starter.compute.vms.get_by_uuid(region.copy_server("gone"))
    started = vm.start()
    region.administrator().wait_for_server(vm.ref.id, "ACTIVE")
    taken = vm.snapshot("remnant")
    region.administrator().wait_for_image("remnant")
    region.administrator().delete_server(vm.ref.id)
    assert started.ref is not None
    assert taken.ref is not None
    records = [follower.tasks.get(task.ref) for task in (started, taken)]
    assert [record.state for record in records] == ["succeeded", "succeeded"]
    snapshot = taken.wait(timeout=PATIENCE)
    assert snapshot.name_label == "remnant"
    snapshot.delete().wait(timeout=PATIENCE)


def test_many_tasks_take_one_request_a_round(region: OpenStack, provider: hvlib.Provider) -> None:
    vms = [provider.compute.vms.get_by_uuid(region.copy_server(f"many-{number}")) for number in range(12)]
    tasks = [vm.start() for vm in vms]
    follow(region, tasks, "/servers/detail", 1)
    before = Counter(region.requests())
    assert {vm.power_state for vm in hvlib.wait_all(tasks, timeout=PATIENCE)} == {"running"}
    assert not [request for request in Counter(region.requests()) - before if "os-instance-actions" in request]
    assert hvlib.wait_all([vm.delete() for vm in vms], timeout=PATIENCE) == [None] * len(vms)


def test_many_volumes_take_one_request_a_round(region: OpenStack, connect: Connect) -> None:
    provider = connect()
    volumes = provider.storage.volumes
    made = hvlib.wait_all([volumes.create(f"many-{number}", GIB) for number in range(12)], timeout=PATIENCE)
    tasks = [volume.resize(GIB + 1) for volume in made]
    follow(region, tasks, "/volumes/detail", 0)
    assert {volume.size_bytes for volume in hvlib.wait_all(tasks, timeout=PATIENCE)} == {2 * GIB}
    assert made[0].resize(3 * GIB).wait(timeout=PATIENCE).size_bytes == 3 * GIB
    assert tasks[0].ref is not None
    assert connect().tasks.get(tasks[0].ref).state == "succeeded"
    with pytest.raises(hvlib.InvalidQuery, match="greater than"):
        made[0].resize(GIB).wait(timeout=PATIENCE)
    assert hvlib.wait_all([volume.delete() for volume in made], timeout=PATIENCE) == [None] * len(made)


def test_a_volume_that_no_backend_can_hold(region: OpenStack, provider: hvlib.Provider) -> None:
    administrator = region.administrator()
    kind = {"name": "nowhere", "extra_specs": {"volume_backend_name": "nothing"}}
    made = administrator.call("cinder", "POST", "/v3/types", {"volume_type": kind})["volume_type"]["id"]
    task = provider.storage.volumes.create("homeless", GIB, pool=provider.storage.pools.find("nowhere"))
    with pytest.raises(hvlib.TaskFailed, match=r"(?i)scheduler|backend"):
        task.wait(timeout=PATIENCE)
    provider.storage.volumes.find("homeless").delete().wait(timeout=PATIENCE)
    administrator.call("cinder", "DELETE", f"/v3/types/{made}")
