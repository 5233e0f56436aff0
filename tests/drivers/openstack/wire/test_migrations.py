"""Migrations on the real services: their outcomes come from nova's record of the migration."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from servers.openstack.openstack import OpenStack

import hvlib
from hvlib.model.resources import TaskRecord

from .conftest import Connect

pytestmark = pytest.mark.timeout(300)

PATIENCE = 120.0
INTERVAL = 0.1


@pytest.fixture
def vm(region: OpenStack, provider: hvlib.Provider, request: pytest.FixtureRequest) -> Iterator[hvlib.VM]:
    """A running server whose live migration is ``long`` or ``broken``, as the test's parameter says."""
    id = region.create_server("moved", networks="none", metadata={"migration": request.param})
    yield provider.compute.vms.get_by_uuid(id)
    region.administrator().delete_server(id)


def wait_until_it_moves(region: OpenStack, vm: hvlib.VM) -> None:
    path = f"/v2.1/servers/{vm.ref.id}/migrations"
    deadline = time.monotonic() + PATIENCE
    while [each["status"] for each in region.administrator().call("nova", "GET", path)["migrations"]] != ["running"]:
        assert time.monotonic() < deadline, "the migration does not begin"
        time.sleep(INTERVAL)


@pytest.mark.parametrize("vm", ["long"], indirect=True)
def test_a_live_migration_can_be_cancelled(region: OpenStack, vm: hvlib.VM) -> None:
    task = vm.migrate()
    wait_until_it_moves(region, vm)
    with pytest.raises(hvlib.TaskTimeout):
        task.wait(timeout=0.5)
    assert (task.state, task.error) == ("running", None)
    task.cancel()
    with pytest.raises(hvlib.TaskCancelled):
        task.wait(timeout=PATIENCE)
    assert task.ref is not None
    record = vm.provider.tasks.get(task.ref)
    assert isinstance(record, TaskRecord)
    assert (record.state, record.target) == ("cancelled", vm.ref)
    server = region.administrator().server(vm.ref.id)
    assert (server["status"], server["OS-EXT-SRV-ATTR:hypervisor_hostname"]) == ("ACTIVE", vm.host and vm.host.id)
    with pytest.raises(hvlib.InvalidState, match="has ended"):
        task.cancel()
    again = vm.migrate()
    wait_until_it_moves(region, vm)
    with pytest.raises(hvlib.InvalidState, match="has ended"):
        task.cancel()
    again.cancel()
    with pytest.raises(hvlib.TaskCancelled):
        again.wait(timeout=PATIENCE)
    stopped = vm.stop()
    with pytest.raises(hvlib.InvalidState, match="can't be cancelled"):
        stopped.cancel()
    assert stopped.wait(timeout=PATIENCE).power_state == "halted"


@pytest.mark.parametrize("vm", ["broken"], indirect=True)
def test_a_live_migration_that_breaks_off_is_a_failure(region: OpenStack, vm: hvlib.VM) -> None:
    """The server runs as before, and nova's record of the action has no error."""
    task = vm.migrate()
    with pytest.raises(hvlib.TaskFailed, match="broke off"):
        task.wait(timeout=PATIENCE)
    path = f"/v2.1/servers/{vm.ref.id}/os-instance-actions"
    [action, _] = region.administrator().call("nova", "GET", path)["instanceActions"]
    assert (action["action"], action["message"]) == ("live-migration", None)
    assert vm.refresh().host == vm.host
    moved = vm.migrate(live=False).wait(timeout=PATIENCE)
    assert (moved.host != vm.host, moved.power_state) == (True, "running")
    with pytest.raises(hvlib.TaskFailed, match="broke off"):
        task.wait(timeout=PATIENCE)


@pytest.mark.parametrize("vm", ["broken"], indirect=True)
def test_migrations_that_are_impossible(provider: hvlib.Provider, connect: Connect, vm: hvlib.VM) -> None:
    assert vm.host is not None
    with pytest.raises(hvlib.TaskFailed, match="No valid host"):
        vm.migrate(host=vm.host).wait(timeout=PATIENCE)
    with pytest.raises(hvlib.Unsupported, match="takes no 'pool'"):
        vm.migrate(pool=provider.storage.pools.find("fast"))
    member = connect("member").compute.vms.find("member-1")
    with pytest.raises(hvlib.PermissionDenied):
        member.migrate().wait(timeout=PATIENCE)
