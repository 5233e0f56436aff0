"""An operation on a VBD, a VIF or a VDI: checked, and entered in current_operations while it lasts.

ocaml/xapi/message_forwarding.ml, with_vbd_marked, with_vif_marked, with_sr_andor_vdi.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hvlib_xapi_simulator.call import Call
from hvlib_xapi_simulator.devices import find_error, update_operations
from hvlib_xapi_simulator.waiting import wait_until_allowed

__all__ = ["device_operation"]


@contextmanager
def device_operation(call: Call, table: str, ref: str, operation: str) -> Iterator[None]:
    """Run the block as an operation on an object. Raises the first error that forbids the operation."""
    database = call.database
    with database.changed:
        wait_until_allowed(call, lambda: find_error(database, table, ref, operation))
        _write(call, table, ref, {**database.get(table, ref)["current_operations"], call.key: operation})
    try:
        yield
    finally:
        with database.lock:
            if database.exists(ref):
                current = database.get(table, ref)["current_operations"]
                _write(call, table, ref, {key: name for key, name in current.items() if key != call.key})


def _write(call: Call, table: str, ref: str, current: dict[str, str]) -> None:
    call.database.write(table, ref, current_operations=current)
    update_operations(call.database, table, ref)
