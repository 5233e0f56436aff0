"""Migration of a VM with its disks."""

from __future__ import annotations

from hvlib.model import actions
from hvlib.model.errors import InvalidQuery, InvalidState
from hvlib_xenapi.operations.calls import Calls
from hvlib_xenapi.values import is_null

__all__ = ["move_disks"]


def move_disks(calls: Calls, vm: str, resident_on: str, migrate: actions.Migrate) -> None:
    """host.migrate_receive, VM.migrate_send: move a VM to another storage pool, and to another host if one is named.

    If none is named, the VM stays on its host if that has the storage pool. Otherwise a host that has it is chosen.
    """
    assert migrate.pool is not None
    host = _host_with(calls, migrate.pool.id, resident_on) if migrate.host is None else migrate.host.id
    condition = f'(field "host" = "{host}") and (field "management" = "true")'
    interface = next(iter(calls.find("PIF", condition, "network").values()), None)
    if interface is None:
        raise InvalidQuery(f"the host {host} has no management interface")
    disks = [row.VDI for row in calls.find("VBD", f'field "VM" = "{vm}"', "VDI", "type").values() if row.type == "Disk"]
    destination = calls.call("host.migrate_receive", host, interface.network, {})
    places = dict.fromkeys([disk for disk in disks if not is_null(disk)], migrate.pool.id)
    calls.run("VM.migrate_send", vm, destination, migrate.live, places, {}, {})


def _host_with(calls: Calls, storage: str, resident_on: str) -> str:
    """Return a host that has a storage pool: the VM's own host if possible, else the master, else another one."""
    condition = f'(field "SR" = "{storage}") and (field "currently_attached" = "true")'
    hosts: list[str] = sorted(row.host for row in calls.find("PBD", condition, "host").values())
    preferred = [host for host in (resident_on, calls.client.login.master) if host in hosts]
    if not hosts:
        raise InvalidState(f"no host has the storage pool {storage} now")
    return [*preferred, *hosts][0]
