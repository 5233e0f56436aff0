"""Moving VMs with their disks, within the pool (ocaml/xapi/xapi_vm_migrate.ml, xapi_host.ml)."""

from __future__ import annotations

from collections.abc import Mapping

from hvlib_xapi_simulator import power
from hvlib_xapi_simulator.call import Call, handles
from hvlib_xapi_simulator.devices import update_device_operations
from hvlib_xapi_simulator.disks import allocate, copy_disk
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.operation import vm_operation
from hvlib_xapi_simulator.placement import assert_can_run, assert_reaches
from hvlib_xapi_simulator.values import NULL

__all__: list[str] = []


@handles("host.migrate_receive")
def migrate_receive(call: Call, host: str, network: str, _options: Mapping[str, str]) -> dict[str, str]:
    """Return the data that VM.migrate_send needs to reach a host, including a session."""
    interfaces = [call.database.get("PIF", pif) for pif in call.database.get("network", network)["PIFs"]]
    addresses = [interface["IP"] for interface in interfaces if interface["host"] == host]
    if not addresses:
        raise Failure("HOST_CANNOT_ATTACH_NETWORK", host, network)
    session = call.pool.sessions.open(host, call.pool.settings.user, "xapi")
    return {
        "host": host,
        "session_id": session,
        "SM": f"http://{addresses[0]}/services/SM?session_id={session}",
        "xenops": f"http://{addresses[0]}/services/xenops?session_id={session}",
        "master": f"http://{call.pool.members.master.address}/",
    }


@handles("VM.migrate_send")
def migrate_send(
    call: Call,
    vm: str,
    destination: Mapping[str, str],
    live: bool,
    disks: Mapping[str, str],
    _interfaces: Mapping[str, str],
    options: Mapping[str, str],
    _gpus: Mapping[str, str] | None = None,
    _formats: Mapping[str, str] | None = None,
) -> str:
    """Move a VM to a host of this pool, and disks to other repositories; return the VM."""
    host = destination.get("host", NULL)
    call.database.get("host", host)
    with vm_operation(call, vm, "migrate_send", strict=options.get("force") != "true"):
        fields = call.database.get("VM", vm)
        if fields["power_state"] != "Halted" and not live:
            raise Failure("VM_BAD_POWER_STATE", vm, "halted", fields["power_state"].lower())
        assert_reaches(call, vm, host, disks)
        if fields["resident_on"] not in (NULL, host):
            assert_can_run(call, vm, host, disks)
        call.work()
        for disk, repository in disks.items():
            _move_disk(call, disk, repository)
        if fields["power_state"] == "Running" and fields["resident_on"] != host:
            power.move(call, vm, host)
    return vm


@handles("VDI.pool_migrate")
def pool_migrate(call: Call, vdi: str, repository: str, _options: Mapping[str, str]) -> str:
    """Move a disk to another repository, even of a running VM; return the new disk."""
    users = call.database.get("VDI", vdi)["VBDs"]
    call.database.get("SR", repository)
    if not users:
        raise Failure("VDI_NEEDS_VM_FOR_MIGRATE", vdi)
    with vm_operation(call, call.database.get("VBD", users[0])["VM"], "migrate_send"):
        call.work()
        return _move_disk(call, vdi, repository)


def _move_disk(call: Call, disk: str, repository: str) -> str:
    """Replace a disk with a copy, which is another object with another uuid."""
    database = call.database
    with database.lock:
        fields = database.get("VDI", disk)
        if fields["SR"] == repository:
            return disk
        moved = copy_disk(database, disk, repository=repository)
        for vbd in fields["VBDs"]:
            database.write("VBD", vbd, VDI=moved)
            update_device_operations(database, database.get("VBD", vbd)["VM"])
        database.delete("VDI", disk)
        allocate(database, fields["SR"], -fields["virtual_size"])
    return moved
