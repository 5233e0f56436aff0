"""Changes of the power state: the VM's record and the records that belong to it (ocaml/xapi/xapi_xenops.ml)."""

from __future__ import annotations

import itertools
from typing import Any

from hvlib_xapi_simulator.call import Call
from hvlib_xapi_simulator.classes import CLASSES
from hvlib_xapi_simulator.database import Database, new_ref, new_uuid
from hvlib_xapi_simulator.devices import update_device_operations
from hvlib_xapi_simulator.guests import guest_fields, metrics_fields
from hvlib_xapi_simulator.operation import update_allowed_operations
from hvlib_xapi_simulator.placement import release_memory, reserve_memory
from hvlib_xapi_simulator.records import blank
from hvlib_xapi_simulator.values import NULL

__all__ = ["boot", "delete_suspend_image", "halt", "move", "reboot", "set_state", "suspend"]

_domains = itertools.count(100_000)


def boot(call: Call, vm: str, host: str, paused: bool) -> None:
    """Start a VM on a host, from scratch or from its suspend image."""
    database = call.database
    with database.lock:
        fields = dict(database.get("VM", vm))
        reserve_memory(database, host, fields["memory_dynamic_max"])
        domain = next(_domains)
        database.write("VM", vm, resident_on=host, domid=domain, domarch="x64", scheduled_to_be_resident_on=NULL)
        _measure(database, vm, fields, running=True)
        _set_guest(database, vm, domain)
        _set_devices(database, fields, attached=True)
        console = {"VM": vm, "protocol": "rfb", "location": _console_location(database, host)}
        database.create("console", new_ref(), blank(CLASSES["console"], **console))
        database.write("VM", vm, last_boot_CPU_flags={"vendor": "GenuineIntel", "features": ""})
        set_state(database, vm, "Paused" if paused else "Running")


def halt(call: Call, vm: str) -> None:
    """Switch a VM off: all devices are detached."""
    with call.database.lock:
        _leave_host(call.database, vm)
        _set_devices(call.database, call.database.get("VM", vm), attached=False)
        call.database.write("VM", vm, requires_reboot=False)
        set_state(call.database, vm, "Halted")


def suspend(call: Call, vm: str) -> None:
    """Write a VM's memory to a disk of its own. Its devices stay attached."""
    database = call.database
    with database.lock:
        fields = database.get("VM", vm)
        pool = next(iter(database.tables["pool"].rows.values())).fields
        image = {
            "name_label": "Suspend image",
            "SR": fields["suspend_SR"] if fields["suspend_SR"] != NULL else pool["suspend_image_SR"],
            "virtual_size": fields["memory_static_max"],
            "type": "suspend",
            "managed": True,
            "location": new_uuid(),
        }
        disk = database.create("VDI", new_ref(), blank(CLASSES["VDI"], **image))
        database.write("VM", vm, suspend_VDI=disk)
        _leave_host(database, vm)
        set_state(database, vm, "Suspended")


def delete_suspend_image(database: Database, vm: str) -> None:
    """Remove a VM's suspend image, if it has one."""
    with database.lock:
        image = database.get("VM", vm)["suspend_VDI"]
        database.write("VM", vm, suspend_VDI=NULL)
        if database.exists(image):
            database.delete("VDI", image)


def reboot(call: Call, vm: str) -> None:
    """Restart a running VM on its host."""
    with call.database.lock:
        domain = next(_domains)
        call.database.write("VM", vm, domid=domain, requires_reboot=False)
        _measure(call.database, vm, call.database.get("VM", vm), running=True)
        _set_guest(call.database, vm, domain)
        set_state(call.database, vm, "Running")


def move(call: Call, vm: str, host: str) -> None:
    """Move a running VM to another host."""
    with call.database.lock:
        fields = dict(call.database.get("VM", vm))
        release_memory(call.database, fields)
        reserve_memory(call.database, host, fields["memory_dynamic_max"])
        call.database.write("VM", vm, resident_on=host, domid=next(_domains), scheduled_to_be_resident_on=NULL)
        for console in fields["consoles"]:
            call.database.write("console", console, location=_console_location(call.database, host))


def set_state(database: Database, vm: str, state: str) -> None:
    """Write a VM's power state, and update the allowed operations."""
    with database.lock:
        database.write("VM", vm, power_state=state)
        update_allowed_operations(database, vm)
        update_device_operations(database, vm)


def _leave_host(database: Database, vm: str) -> None:
    fields = dict(database.get("VM", vm))
    release_memory(database, fields)
    _measure(database, vm, fields, running=False)
    for console in fields["consoles"]:
        database.delete("console", console)
    database.write("VM", vm, resident_on=NULL, scheduled_to_be_resident_on=NULL, domid=-1, domarch="")


def _measure(database: Database, vm: str, fields: Any, running: bool) -> None:
    if database.exists(fields["metrics"]):
        database.write("VM_metrics", fields["metrics"], **metrics_fields(fields, running))
    else:
        record = blank(CLASSES["VM_metrics"], **metrics_fields(fields, running))
        database.write("VM", vm, metrics=database.create("VM_metrics", new_ref(), record))


def _set_guest(database: Database, vm: str, domain: int) -> None:
    """Replace the guest's metrics from before the start: the old record is deleted."""
    old = database.get("VM", vm)["guest_metrics"]
    record = blank(CLASSES["VM_guest_metrics"], **guest_fields(domain))
    database.write("VM", vm, guest_metrics=database.create("VM_guest_metrics", new_ref(), record))
    if database.exists(old):
        database.delete("VM_guest_metrics", old)


def _set_devices(database: Database, fields: Any, attached: bool) -> None:
    for number, vbd in enumerate(fields["VBDs"]):
        device = f"xvd{chr(ord('a') + number % 26)}" if attached else ""
        database.write("VBD", vbd, currently_attached=attached, device=device)
    for vif in fields["VIFs"]:
        database.write("VIF", vif, currently_attached=attached)


def _console_location(database: Database, host: str) -> str:
    return f"https://{database.get('host', host)['address']}/console?uuid={new_uuid()}"
