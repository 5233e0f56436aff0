"""An operation on a VM: checked, entered in current_operations while it lasts, allowed_operations kept up to date.

ocaml/xapi/xapi_vm_helpers.ml, with_vm_operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from hvlib_xapi_simulator.call import Call
from hvlib_xapi_simulator.database import Database
from hvlib_xapi_simulator.vm_operations import Error, Guest, allowed_operations, check
from hvlib_xapi_simulator.waiting import wait_until_allowed

__all__ = ["guest_of", "update_allowed_operations", "vm_operation"]

LIVE = ("Running", "Paused")


@contextmanager
def vm_operation(call: Call, vm: str, operation: str, strict: bool = True) -> Iterator[None]:
    """Run the block as an operation on a VM. Raises the first error that forbids the operation."""
    database = call.database

    def find_error() -> Error | None:
        return check(vm, database.get("VM", vm), guest_of(database, vm), operation, strict)

    with database.changed:
        wait_until_allowed(call, find_error)
        _write_operations(database, vm, {**database.get("VM", vm)["current_operations"], call.key: operation})
    try:
        yield
    finally:
        with database.lock:
            if database.exists(vm):
                current = database.get("VM", vm)["current_operations"]
                _write_operations(database, vm, {key: name for key, name in current.items() if key != call.key})


def update_allowed_operations(database: Database, vm: str) -> None:
    """Bring the field allowed_operations up to date."""
    with database.lock:
        fields = database.get("VM", vm)
        database.write("VM", vm, allowed_operations=allowed_operations(vm, fields, guest_of(database, vm)))


def guest_of(database: Database, vm: str) -> Guest:
    """Return the known facts about a VM's guest."""
    fields = database.get("VM", vm)
    metrics = _record(database, "VM_metrics", fields["metrics"])
    guest = _record(database, "VM_guest_metrics", fields["guest_metrics"])
    return Guest(
        live=fields["power_state"] in LIVE,
        drivers=guest.get("PV_drivers_detected", False),
        paravirtual=metrics.get("current_domain_type") in ("pv", "pv_in_pvh", "pvh"),
        features=guest.get("other"),
    )


def _record(database: Database, table: str, ref: str) -> Mapping[str, Any]:
    row = database.tables[table].rows.get(ref)
    return row.fields if row else {}


def _write_operations(database: Database, vm: str, current: dict[str, str]) -> None:
    database.write("VM", vm, current_operations=current)
    update_allowed_operations(database, vm)
