"""Migration of a VM with its disks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hvlib import actions
from hvlib.driver import Started
from hvlib.errors import InvalidQuery
from hvlib_xenapi.attachment import find
from hvlib_xenapi.values import is_null

if TYPE_CHECKING:
    from hvlib_xenapi.session import XenAPISession

__all__ = ["move_disks"]


def move_disks(session: XenAPISession, vm: str, resident_on: str, migrate: actions.Migrate) -> Started:
    """host.migrate_receive, VM.migrate_send: to another storage pool, and to another host if one is named."""
    assert migrate.pool is not None
    host = resident_on if migrate.host is None else migrate.host.id
    if is_null(host):
        host = session.current.master
    condition = f'(field "host" = "{host}") and (field "management" = "true")'
    interface = next(iter(find(session, "PIF", condition, "network").values()), None)
    if interface is None:
        raise InvalidQuery(f"the host {host} has no management interface")
    disks = [
        row.VDI for row in find(session, "VBD", f'field "VM" = "{vm}"', "VDI", "type").values() if row.type == "Disk"
    ]
    destination = session.call("host.migrate_receive", host, interface.network, {})
    places = dict.fromkeys([disk for disk in disks if not is_null(disk)], migrate.pool.id)
    return session.start_task("VM.migrate_send", vm, destination, migrate.live, places, {}, {})
