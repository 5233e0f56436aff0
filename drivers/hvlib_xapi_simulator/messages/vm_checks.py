"""Messages that ask which operations a VM allows, and on which hosts it can run."""

from __future__ import annotations

from hvlib_xapi_simulator.call import Call, handles
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.operation import guest_of, update_allowed_operations
from hvlib_xapi_simulator.placement import assert_can_run, find_error
from hvlib_xapi_simulator.vm_operations import check

__all__: list[str] = []


@handles("VM.update_allowed_operations")
def update(call: Call, vm: str) -> None:
    """Bring allowed_operations up to date."""
    update_allowed_operations(call.database, vm)


@handles("VM.assert_operation_valid")
def assert_operation_valid(call: Call, vm: str, operation: str) -> None:
    """Raise the error that forbids an operation."""
    error = check(vm, call.database.get("VM", vm), guest_of(call.database, vm), operation)
    if error:
        raise Failure(*error)


@handles("VM.get_possible_hosts")
def get_possible_hosts(call: Call, vm: str) -> list[str]:
    """Return the hosts that a VM can run on."""
    call.database.get("VM", vm)
    return [host for host in call.database.tables["host"].rows if not find_error(call.database, vm, host)]


@handles("VM.assert_can_boot_here")
def assert_can_boot_here(call: Call, vm: str, host: str) -> None:
    """Raise the error that keeps a VM from running on a host."""
    assert_can_run(call, vm, host)
