"""Starting and stopping VMs: VM.start, clean_shutdown, suspend, pool_migrate (ocaml/xapi/message_forwarding.ml)."""

from __future__ import annotations

from collections.abc import Mapping

from hvlib_xapi_simulator import power
from hvlib_xapi_simulator.call import Call, handles
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.operation import vm_operation
from hvlib_xapi_simulator.placement import assert_can_run, choose_host

__all__: list[str] = []

INFORMATION = 5


@handles("VM.start")
def start(call: Call, vm: str, paused: bool, _force: bool) -> None:
    """Start a VM on the host that suits it best."""
    with vm_operation(call, vm, "start"):
        host = choose_host(call, vm)
        call.work()
        power.boot(call, vm, host, paused)
    _add_message(call, vm, "VM_STARTED", f"started on host: {call.database.get('host', host)['name_label']}")


@handles("VM.start_on")
def start_on(call: Call, vm: str, host: str, paused: bool, _force: bool) -> None:
    """Start a VM on a host."""
    call.database.get("host", host)
    with vm_operation(call, vm, "start_on"):
        assert_can_run(call, vm, host)
        call.work()
        power.boot(call, vm, host, paused)
    _add_message(call, vm, "VM_STARTED", f"started on host: {call.database.get('host', host)['name_label']}")


@handles("VM.resume")
def resume(call: Call, vm: str, paused: bool, _force: bool) -> None:
    """Resume a suspended VM."""
    with vm_operation(call, vm, "resume"):
        _resume(call, vm, choose_host(call, vm), paused)
    _add_message(call, vm, "VM_RESUMED", "resumed")


@handles("VM.resume_on")
def resume_on(call: Call, vm: str, host: str, paused: bool, _force: bool) -> None:
    """Resume a suspended VM on a host."""
    call.database.get("host", host)
    with vm_operation(call, vm, "resume_on"):
        assert_can_run(call, vm, host)
        _resume(call, vm, host, paused)
    _add_message(call, vm, "VM_RESUMED", "resumed")


@handles("VM.pause")
def pause(call: Call, vm: str) -> None:
    """Stop a VM's processors."""
    with vm_operation(call, vm, "pause"):
        call.work()
        power.set_state(call.database, vm, "Paused")


@handles("VM.unpause")
def unpause(call: Call, vm: str) -> None:
    """Start a VM's processors again."""
    with vm_operation(call, vm, "unpause"):
        call.work()
        power.set_state(call.database, vm, "Running")


@handles("VM.clean_shutdown")
def clean_shutdown(call: Call, vm: str) -> None:
    """Ask the guest to shut down, and wait until it has."""
    with vm_operation(call, vm, "clean_shutdown"):
        call.work()
        power.halt(call, vm)
    _add_message(call, vm, "VM_SHUTDOWN", "shutdown")


@handles("VM.shutdown")
def shutdown(call: Call, vm: str) -> None:
    """Shut a VM down, whether its guest agrees or not."""
    with vm_operation(call, vm, "shutdown"):
        _halt(call, vm)
    _add_message(call, vm, "VM_SHUTDOWN", "shutdown")


@handles("VM.hard_shutdown")
def hard_shutdown(call: Call, vm: str) -> None:
    """Switch a VM off. Other operations on it are cancelled."""
    with vm_operation(call, vm, "hard_shutdown"):
        _cancel(call, vm, "clean_shutdown", "clean_reboot", "hard_reboot", "pool_migrate", "shutdown", "suspend")
        _halt(call, vm)
    _add_message(call, vm, "VM_SHUTDOWN", "shutdown forcibly")


@handles("VM.clean_reboot")
def clean_reboot(call: Call, vm: str) -> None:
    """Ask the guest to reboot."""
    with vm_operation(call, vm, "clean_reboot"):
        call.work()
        power.reboot(call, vm)
    _add_message(call, vm, "VM_REBOOTED", "rebooted cleanly")


@handles("VM.hard_reboot")
def hard_reboot(call: Call, vm: str) -> None:
    """Restart a VM without asking its guest."""
    with vm_operation(call, vm, "hard_reboot"):
        _cancel(call, vm, "clean_shutdown", "clean_reboot", "pool_migrate", "suspend")
        call.work()
        power.reboot(call, vm)
    _add_message(call, vm, "VM_REBOOTED", "rebooted forcibly")


@handles("VM.suspend")
def suspend(call: Call, vm: str) -> None:
    """Write a VM's memory to disk and stop it."""
    with vm_operation(call, vm, "suspend"):
        call.work()
        power.suspend(call, vm)
    _add_message(call, vm, "VM_SUSPENDED", "suspended")


@handles("VM.power_state_reset")
def power_state_reset(call: Call, vm: str) -> None:
    """Mark a VM as off, whatever its state, without asking its host."""
    with call.database.lock:
        fields = call.database.get("VM", vm)
        if fields["is_control_domain"]:
            raise Failure("OPERATION_NOT_ALLOWED", "Cannot perform a power-state-reset on a control domain.")
        call.database.write("VM", vm, current_operations={})
        power.halt(call, vm)


@handles("VM.pool_migrate")
def pool_migrate(call: Call, vm: str, host: str, options: Mapping[str, str]) -> None:
    """Move a running VM to another host of the pool."""
    call.database.get("host", host)
    with vm_operation(call, vm, "pool_migrate", strict=options.get("force") != "true"):
        source = call.database.get("VM", vm)["resident_on"]
        if host != source:
            assert_can_run(call, vm, host)
        call.work()
        power.move(call, vm, host)
    _add_message(call, vm, "VM_MIGRATED", f"migrated from host {source} to {host}")


def _resume(call: Call, vm: str, host: str, paused: bool) -> None:
    call.work()
    with call.database.lock:
        power.boot(call, vm, host, paused)
        power.delete_suspend_image(call.database, vm)


def _halt(call: Call, vm: str) -> None:
    call.work()
    with call.database.lock:
        power.delete_suspend_image(call.database, vm)
        power.halt(call, vm)


def _cancel(call: Call, vm: str, *operations: str) -> None:
    for task, operation in call.database.get("VM", vm)["current_operations"].items():
        if operation in operations and call.database.table_of(task) == "task":
            call.pool.tasks.cancel(task, call.key)


def _add_message(call: Call, vm: str, name: str, event: str) -> None:
    """Add a message about a VM."""
    fields = call.database.get("VM", vm)
    body = f"VM '{fields['name_label']}' (uuid: {fields['uuid']}) {event}"
    call.pool.alerts.add(name, INFORMATION, "VM", fields["uuid"], body)
