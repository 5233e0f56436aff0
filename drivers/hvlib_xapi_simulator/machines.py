"""The machines of a new pool: control domains, templates, and VMs, most of which run."""

from __future__ import annotations

from typing import Any

from hvlib_xapi_simulator.guests import guest_fields, metrics_fields
from hvlib_xapi_simulator.inventory import Inventory
from hvlib_xapi_simulator.values import EPOCH, NULL, DateTime
from hvlib_xapi_simulator.vm_operations import Guest, allowed_operations

__all__ = ["BOOTABLE", "VBD_OPERATIONS", "VDI_OPERATIONS", "VIF_OPERATIONS", "add"]

GIB = 2**30
STATES = ("Running", "Running", "Running", "Halted", "Running", "Running", "Suspended", "Running", "Paused", "Running")
BOOTABLE: dict[str, Any] = {
    "HVM_boot_policy": "BIOS order",
    "HVM_boot_params": {"order": "cdn", "firmware": "bios"},
    "platform": {
        "acpi": "1",
        "apic": "true",
        "pae": "true",
        "viridian": "false",
        "device-model": "qemu-upstream-compat",
    },
    "actions_after_shutdown": "destroy",
    "actions_after_reboot": "restart",
    "actions_after_crash": "restart",
    "domain_type": "hvm",
    "has_vendor_device": False,
}
VDI_OPERATIONS = [
    "clone", "copy", "resize", "resize_online", "snapshot", "mirror", "destroy", "forget", "update", "force_unlock",
    "generate_config", "enable_cbt", "disable_cbt", "data_destroy", "list_changed_blocks", "set_on_boot", "blocked",
]  # fmt: skip
ATTACHED_VDI_OPERATIONS = ["clone", "snapshot", "resize_online", "mirror", "blocked", "enable_cbt", "disable_cbt"]
VBD_OPERATIONS = {True: ["attach", "unpause", "pause", "unplug", "unplug_force"], False: ["attach"]}
VIF_OPERATIONS = {True: ["attach", "unplug"], False: ["attach"]}
DISK_TEMPLATE = "Debian 12 with a disk"
DEFAULT_TEMPLATE = "Other install media"


def add(inventory: Inventory, vms: int, hosts: list[str], storage: str, network: str) -> None:
    """Add all machines: this number of VMs, the templates, and each host's control domain."""
    for number, host in enumerate(hosts):
        _add_control_domain(inventory, number, host)
    _add_template(inventory, DEFAULT_TEMPLATE, default=True)
    template = _add_template(inventory, DISK_TEMPLATE, default=False)
    _add_devices(inventory, template, DISK_TEMPLATE, storage, network, 0, attached=False)
    maker = _Maker(inventory, hosts, storage, network)
    for number in range(vms):
        maker.add_vm(number)


class _Maker:
    def __init__(self, inventory: Inventory, hosts: list[str], storage: str, network: str) -> None:
        self._inventory = inventory
        self._hosts = hosts
        self._storage = storage
        self._network = network
        self._allowed: dict[str, list[str]] = {}

    def add_vm(self, number: int) -> None:
        state = STATES[number % len(STATES)]
        live = state in ("Running", "Paused")
        name = f"vm-{number + 1:05d}"
        memory = (1 + number % 4) * GIB
        host = self._hosts[number % len(self._hosts)]
        vm = self._inventory.add(
            "VM",
            name_label=name,
            name_description=f"Simulated machine {number + 1}",
            power_state=state,
            resident_on=host if live else NULL,
            affinity=host if number % 3 == 0 else NULL,
            domid=number + 1 if live else -1,
            domarch="x64" if live else "",
            tags=["simulated"] if number % 5 == 0 else [],
            other_config={"mac_seed": self._inventory.uuid(), "base_template_name": DISK_TEMPLATE},
            **memory_fields(memory),
            **processor_fields(1 + number % 4),
            **BOOTABLE,
        )
        fields = self._inventory.objects["VM"][vm]
        self._reserve(host, memory if live else 0)
        fields["metrics"] = self._inventory.add("VM_metrics", **metrics_fields(fields, live))
        if live:
            fields["guest_metrics"] = self._inventory.add("VM_guest_metrics", **guest_fields(number + 1))
            fields["last_boot_CPU_flags"] = {"vendor": "GenuineIntel", "features": ""}
            location = f"https://127.0.0.1/console?uuid={self._inventory.uuid()}"
            self._inventory.add("console", VM=vm, protocol="rfb", location=location)
        if state == "Suspended":
            fields["suspend_VDI"] = _add_suspend_image(self._inventory, self._storage, memory)
        _add_devices(self._inventory, vm, name, self._storage, self._network, number + 1, attached=live)
        fields["allowed_operations"] = self._allowed_in(state, vm, fields, live)

    def _allowed_in(self, state: str, vm: str, fields: dict[str, Any], live: bool) -> list[str]:
        if state not in self._allowed:
            self._allowed[state] = allowed_operations(vm, fields, Guest(live, drivers=live))
        return self._allowed[state]

    def _reserve(self, host: str, memory: int) -> None:
        metrics = self._inventory.objects["host"][host]["metrics"]
        self._inventory.objects["host_metrics"][metrics]["memory_free"] -= memory


def memory_fields(memory: int) -> dict[str, int]:
    """Return the limits of a machine's memory."""
    return {
        "memory_static_min": GIB // 4,
        "memory_dynamic_min": memory,
        "memory_dynamic_max": memory,
        "memory_static_max": memory,
        "memory_target": memory,
        "memory_overhead": 20 * 2**20,
    }


def processor_fields(count: int) -> dict[str, int]:
    """Return a machine's number of processors."""
    return {"VCPUs_max": count, "VCPUs_at_startup": count}


def _add_control_domain(inventory: Inventory, number: int, host: str) -> None:
    vm = inventory.add(
        "VM",
        name_label=f"Control domain on host: host-{number + 1}",
        name_description="The domain which manages physical devices and manages other domains",
        power_state="Running",
        is_control_domain=True,
        resident_on=host,
        affinity=host,
        domid=0,
        domain_type="pv",
        has_vendor_device=False,
        **memory_fields(4 * GIB),
        **processor_fields(4),
        actions_after_shutdown="destroy",
        actions_after_reboot="destroy",
        actions_after_crash="destroy",
    )
    fields = inventory.objects["VM"][vm]
    fields["metrics"] = inventory.add("VM_metrics", **metrics_fields(fields, True))
    fields["allowed_operations"] = allowed_operations(vm, fields, Guest(live=True, paravirtual=True))
    inventory.objects["host"][host]["control_domain"] = vm


def _add_template(inventory: Inventory, name: str, default: bool) -> str:
    vm = inventory.add(
        "VM",
        name_label=name,
        name_description="A template",
        is_a_template=True,
        is_default_template=default,
        domid=-1,
        other_config={"default_template": "true"} if default else {},
        **memory_fields(GIB),
        **processor_fields(1),
        **BOOTABLE,
    )
    fields = inventory.objects["VM"][vm]
    fields["allowed_operations"] = allowed_operations(vm, fields, Guest(live=False))
    return vm


def _add_devices(
    inventory: Inventory, vm: str, name: str, storage: str, network: str, number: int, attached: bool
) -> None:
    """Add a disk, an empty CD drive and an interface.

    Disks that a template describes are of type system, and their VBDs say that the VM owns them
    (ocaml/xapi/xapi_templates.ml).
    """
    disk = inventory.add(
        "VDI",
        name_label=f"{name} disk 0",
        SR=storage,
        virtual_size=8 * GIB,
        physical_utilisation=2 * GIB,
        type="system",
        managed=True,
        location=inventory.uuid(),
        snapshot_time=DateTime(EPOCH),
        allowed_operations=ATTACHED_VDI_OPERATIONS if attached else VDI_OPERATIONS,
    )
    repository = inventory.objects["SR"][storage]
    repository["virtual_allocation"] += 8 * GIB
    repository["physical_utilisation"] += 2 * GIB
    common = {"VM": vm, "currently_attached": attached, "allowed_operations": VBD_OPERATIONS[attached]}
    device = "xvda" if attached else ""
    own = {"mode": "RW", "type": "Disk", "bootable": True, "other_config": {"owner": ""}}
    inventory.add("VBD", VDI=disk, userdevice="0", device=device, **own, **common)
    inventory.add("VBD", userdevice="3", device="xvdd" if attached else "", mode="RO", type="CD", empty=True, **common)
    inventory.add(
        "VIF",
        VM=vm,
        network=network,
        device="0",
        MAC=f"02:10:00:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}",
        MTU=1500,
        currently_attached=attached,
        allowed_operations=VIF_OPERATIONS[attached],
    )


def _add_suspend_image(inventory: Inventory, storage: str, size: int) -> str:
    return inventory.add("VDI", name_label="Suspend image", SR=storage, virtual_size=size, type="suspend", managed=True)
