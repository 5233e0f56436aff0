"""Operations of several requests on the real services: who takes the next step, and what becomes of one refused."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from servers.openstack.openstack import OpenStack

import hvlib
from hvlib.ref import Ref

from .conftest import Connect

pytestmark = pytest.mark.timeout(300)

PATIENCE = 120.0
GIB = 2**30


def done(region: OpenStack, id: str) -> list[str]:
    """What nova was asked to do with a server, the oldest first."""
    actions = region.administrator().call("nova", "GET", f"/v2.1/servers/{id}/os-instance-actions")
    return [each["action"] for each in reversed(actions["instanceActions"])]


def create(provider: hvlib.Provider, name: str) -> hvlib.Task[hvlib.VM]:
    images, flavors = provider.image.images, provider.compute.flavors
    return provider.compute.vms.create(name, image=images.find("tiny-linux"), flavor=flavors.find("m1.tiny"))


def test_a_step_is_taken_once_whoever_looks(region: OpenStack, connect: Connect) -> None:
    providers = [connect() for _ in range(3)]
    begun = create(providers[0], "looked at by three")
    assert begun.ref is not None
    tasks = [provider.tasks.get(Ref.parse(str(begun.ref))).follow() for provider in providers]
    with ThreadPoolExecutor(len(tasks)) as threads:
        waits = [threads.submit(partial(task.wait, timeout=PATIENCE)) for task in tasks]
    vm = begun.wait(timeout=PATIENCE)
    assert [wait.result().power_state for wait in waits] == ["halted"] * len(tasks)
    assert done(region, vm.ref.id) == ["create", "stop"]
    size = vm.resize(flavor=providers[0].compute.flavors.find("m1.small"))
    assert size.ref is not None
    tasks = [size, providers[1].tasks.get(Ref.parse(str(size.ref))).follow()]
    with ThreadPoolExecutor(len(tasks)) as threads:
        waits = [threads.submit(partial(task.wait, timeout=PATIENCE)) for task in tasks]
    assert [wait.result().vcpus for wait in waits] == [2, 2]
    assert done(region, vm.ref.id)[2:] == ["resize", "confirmResize"]
    vm.delete().wait(timeout=PATIENCE)


def test_a_step_that_is_refused_is_a_failure(region: OpenStack, connect: Connect) -> None:
    administrator = region.administrator()
    task = create(connect("member"), "locked")
    assert task.ref is not None
    [id] = [server["id"] for server in region.administrator("member").servers() if server["name"] == "locked"]
    administrator.wait_for_server(id, "ACTIVE")
    administrator.call("nova", "POST", f"/v2.1/servers/{id}/action", {"lock": None})
    with pytest.raises(hvlib.InvalidState, match="is locked"):
        task.wait(timeout=PATIENCE)
    assert administrator.server(id)["status"] == "ACTIVE"
    administrator.delete_server(id)


def test_a_network_with_several_ports_is_detached_port_by_port(region: OpenStack, provider: hvlib.Provider) -> None:
    network = provider.network.networks.find("net-1")
    vm = provider.compute.vms.get_by_uuid(region.copy_server("with three ports")).attach_network(network).wait()
    vm = vm.attach_network(network).wait(timeout=PATIENCE)
    assert len(region.administrator().server(vm.ref.id)["addresses"]["net-1"]) >= 2
    task = vm.detach_network(network)
    assert task.wait(timeout=PATIENCE).networks == ()
    assert region.administrator().server(vm.ref.id)["addresses"] == {}
    with pytest.raises(hvlib.NotFound, match="no interface"):
        vm.detach_network(network)
    vm.delete().wait(timeout=PATIENCE)


def test_many_volumes_take_one_request_a_round(region: OpenStack, provider: hvlib.Provider) -> None:
    volumes = provider.storage.volumes
    made = hvlib.wait_all([volumes.create(f"many-{number}", GIB) for number in range(12)], timeout=PATIENCE)
    tasks = [volume.resize(GIB + 1) for volume in made]
    before = Counter(region.requests())
    assert {volume.size_bytes for volume in hvlib.wait_all(tasks, timeout=PATIENCE)} == {2 * GIB}
    asked = Counter(region.requests()) - before
    assert all("/volumes/detail" in request for request in asked), asked
    with pytest.raises(hvlib.InvalidQuery, match="greater than"):
        made[0].resize(GIB).wait(timeout=PATIENCE)
    assert hvlib.wait_all([volume.delete() for volume in made], timeout=PATIENCE) == [None] * len(made)


def test_a_volume_that_nothing_can_hold(region: OpenStack, provider: hvlib.Provider) -> None:
    administrator = region.administrator()
    kind = {"name": "nowhere", "extra_specs": {"volume_backend_name": "nothing"}}
    made = administrator.call("cinder", "POST", "/v3/types", {"volume_type": kind})["volume_type"]["id"]
    task = provider.storage.volumes.create("homeless", GIB, pool=provider.storage.pools.find("nowhere"))
    with pytest.raises(hvlib.TaskFailed, match=r"(?i)scheduler|backend"):
        task.wait(timeout=PATIENCE)
    provider.storage.volumes.find("homeless").delete().wait(timeout=PATIENCE)
    administrator.call("cinder", "DELETE", f"/v3/types/{made}")
