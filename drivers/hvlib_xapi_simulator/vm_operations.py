"""The operations that a VM allows, and the errors of the others, checked as in ocaml/xapi/xapi_vm_lifecycle.ml."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["OPERATIONS", "Error", "Guest", "allowed_operations", "check"]

HALTED, PAUSED, SUSPENDED, RUNNING = STATES = ("Halted", "Paused", "Suspended", "Running")

OPERATIONS: dict[str, tuple[str, ...]] = {
    "snapshot": STATES,
    "clone": (HALTED,),
    "copy": (HALTED,),
    "create_template": (HALTED, SUSPENDED),
    "revert": STATES,
    "checkpoint": (PAUSED, SUSPENDED, RUNNING),
    "snapshot_with_quiesce": (RUNNING,),
    "provision": (HALTED,),
    "start": (HALTED,),
    "start_on": (HALTED,),
    "pause": (RUNNING,),
    "unpause": (PAUSED,),
    "clean_shutdown": (RUNNING,),
    "clean_reboot": (RUNNING,),
    "hard_shutdown": (PAUSED, SUSPENDED, RUNNING),
    "power_state_reset": STATES,
    "hard_reboot": (PAUSED, RUNNING),
    "suspend": (RUNNING,),
    "csvm": (SUSPENDED,),
    "resume": (SUSPENDED,),
    "resume_on": (SUSPENDED,),
    "pool_migrate": (RUNNING,),
    "migrate_send": (HALTED, SUSPENDED, RUNNING),
    "get_boot_record": (PAUSED, SUSPENDED, RUNNING),
    "send_sysrq": (RUNNING,),
    "send_trigger": (RUNNING,),
    "query_services": STATES,
    "shutdown": (PAUSED, SUSPENDED, RUNNING),
    "call_plugin": (RUNNING,),
    "changing_memory_live": (RUNNING,),
    "awaiting_memory_live": (RUNNING,),
    "changing_dynamic_range": (HALTED, RUNNING),
    "changing_static_range": (HALTED,),
    "changing_memory_limits": (HALTED,),
    "changing_shadow_memory": (HALTED,),
    "changing_shadow_memory_live": (RUNNING,),
    "changing_VCPUs": (HALTED,),
    "changing_VCPUs_live": (RUNNING,),
    "changing_NVRAM": (HALTED,),
    "assert_operation_valid": STATES,
    "data_source_op": (RUNNING,),
    "update_allowed_operations": STATES,
    "make_into_template": (HALTED,),
    "import": (),
    "export": (HALTED, SUSPENDED),
    "metadata_export": STATES,
    "reverting": STATES,
    "destroy": (HALTED, SUSPENDED),
    "create_vtpm": (HALTED,),
    "sysprep": (RUNNING,),
}
"""Every operation, and the power states that allow it."""

NEVER_LISTED = frozenset({
    "create_template", "power_state_reset", "csvm", "get_boot_record", "send_sysrq", "send_trigger",
    "query_services", "shutdown", "call_plugin", "changing_memory_live", "awaiting_memory_live",
    "changing_memory_limits", "changing_shadow_memory_live", "changing_VCPUs", "assert_operation_valid",
    "data_source_op", "update_allowed_operations", "import", "reverting",
})  # fmt: skip
WITH_A_TEMPLATE = frozenset({
    "changing_dynamic_range", "changing_static_range", "changing_memory_limits", "changing_shadow_memory",
    "changing_VCPUs", "changing_NVRAM", "clone", "copy", "export", "metadata_export", "provision",
})  # fmt: skip
WITH_ANY_BUT_A_DEFAULT_TEMPLATE = frozenset({"destroy", "migrate_send"})
WITH_A_SNAPSHOT = frozenset({
    "revert", "clone", "copy", "export", "destroy", "hard_shutdown", "metadata_export",
})  # fmt: skip
WITH_A_CONTROL_DOMAIN = frozenset({
    "data_source_op", "changing_memory_live", "awaiting_memory_live", "metadata_export", "changing_dynamic_range",
    "changing_memory_limits", "changing_static_range", "start", "start_on", "changing_VCPUs", "destroy",
})  # fmt: skip
NEVER_WITH_DOMAIN_ZERO = frozenset({"changing_VCPUs", "destroy"})
MOVING = frozenset({"suspend", "checkpoint", "pool_migrate", "migrate_send"})
LONG_COPIES = frozenset({"clone", "copy", "export"})
SNAPSHOTS = frozenset({"snapshot", "checkpoint"})
TOGETHER = {("snapshot_with_quiesce", "snapshot")} | {
    ("migrate_send", operation) for operation in ("metadata_export", "clean_shutdown", "clean_reboot")
}
FEATURES = {
    "clean_shutdown": ("feature-shutdown", "feature-poweroff"),
    "clean_reboot": ("feature-shutdown", "feature-reboot"),
    "changing_VCPUs_live": ("feature-vcpu-hotplug",),
}
ERROR_NAMES = {"data_source_op": "data_sources_op", "assert_operation_valid": "assertoperationvalid"}
WITHOUT_ERROR_NAME = frozenset({"changing_VCPUs", "changing_memory_limits", "query_services", "create_template"})

Fields = Mapping[str, Any]
Error = Sequence[str]


@dataclass(frozen=True, slots=True)
class Guest:
    """Facts about a guest and its drivers. A domain that is not live supports everything."""

    live: bool
    drivers: bool = False
    paravirtual: bool = False
    features: Mapping[str, str] | None = None

    def has(self, feature: str) -> bool:
        """Whether the guest says that it has a feature."""
        return (self.features or {}).get(feature) == "1"


def check(ref: str, vm: Fields, guest: Guest, operation: str, strict: bool = True) -> Error | None:
    """Return the first error that forbids an operation; None if it is allowed."""
    return next(_errors(ref, vm, guest, operation, strict), None)


def allowed_operations(ref: str, vm: Fields, guest: Guest) -> list[str]:
    """Return the allowed operations, of those that the field allowed_operations may list."""
    return [name for name in OPERATIONS if name not in NEVER_LISTED and not check(ref, vm, guest, name)]


def _errors(ref: str, vm: Fields, guest: Guest, operation: str, strict: bool) -> Iterator[Error]:
    if operation in vm["blocked_operations"]:
        yield "OPERATION_BLOCKED", ref, vm["blocked_operations"][operation]
    allowed = _states(vm, operation)
    if vm["power_state"] not in allowed:
        yield "VM_BAD_POWER_STATE", ref, ", ".join(allowed).lower(), vm["power_state"].lower()
    current = vm["current_operations"]
    if current and not _together(operation, list(current.values())):
        yield _busy(ref, current)
    yield from _kind_errors(ref, vm, operation)
    if operation in MOVING and strict and _is_true(vm["platform"], "nomigrate", "nested-virt"):
        yield "VM_IS_IMMOBILE", ref
    yield from _control_domain_errors(vm, operation)
    yield from _guest_errors(ref, guest, operation, strict)
    if operation == "snapshot_with_quiesce":
        yield "VM_SNAPSHOT_WITH_QUIESCE_NOT_SUPPORTED", ref
    if operation == "make_into_template" and vm["appliance"] != "OpaqueRef:NULL":
        yield "VM_IS_PART_OF_AN_APPLIANCE", ref, vm["appliance"]
    if operation == "query_services" and not _is_true(vm["other_config"], "is_system_domain"):
        yield "NOT_SYSTEM_DOMAIN", ref


def _states(vm: Fields, operation: str) -> tuple[str, ...]:
    """Return the power states in which a VM allows an operation: none if the operation is unknown."""
    states = OPERATIONS.get(operation, ())
    if vm["is_control_domain"] and operation in ("changing_VCPUs", "changing_static_range", "changing_memory_limits"):
        return (*states, RUNNING)
    if vm["is_a_snapshot"] and operation in ("clone", "copy"):
        return (*states, SUSPENDED)
    return states


def _together(operation: str, current: Sequence[str]) -> bool:
    """Whether an operation is allowed while others are under way."""
    for group in (LONG_COPIES, SNAPSHOTS, {"get_boot_record"}):
        if operation in group and group.issuperset(current):
            return True
    if operation == "hard_shutdown":
        return operation not in current
    if operation == "hard_reboot":
        return not {"hard_shutdown", "hard_reboot"} & set(current)
    return len(current) == 1 and (current[0], operation) in TOGETHER


def _busy(ref: str, current: Mapping[str, str]) -> Error:
    names = [_name(operation) for operation in current.values()]
    if len(current) == 1:
        return "OTHER_OPERATION_IN_PROGRESS", "VM", ref, names[0], next(iter(current))
    return "OTHER_OPERATION_IN_PROGRESS", "VM", ref, f"{{{','.join(names)}}}", f"{{{','.join(current)}}}"


def _kind_errors(ref: str, vm: Fields, operation: str) -> Iterator[Error]:
    """Yield the errors that forbid an operation on a template, on a snapshot, or on neither."""
    default = vm["is_default_template"] or _is_true(vm["other_config"], "default_template")
    allowed = WITH_A_TEMPLATE if default else WITH_A_TEMPLATE | WITH_ANY_BUT_A_DEFAULT_TEMPLATE
    if vm["is_a_template"] and not vm["is_a_snapshot"] and operation not in allowed:
        yield "VM_IS_TEMPLATE", ref, _name(operation)
    if vm["is_a_snapshot"] and operation not in WITH_A_SNAPSHOT:
        yield "VM_IS_SNAPSHOT", ref, _name(operation)
    if operation == "provision" and not vm["is_a_template"]:
        yield ("ONLY_PROVISION_TEMPLATE",)
    if operation == "revert" and not vm["is_a_snapshot"]:
        yield ("ONLY_REVERT_SNAPSHOT",)


def _control_domain_errors(vm: Fields, operation: str) -> Iterator[Error]:
    if operation in NEVER_WITH_DOMAIN_ZERO and vm["is_control_domain"] and vm["domid"] == 0:
        yield "OPERATION_NOT_ALLOWED", "This operation is not allowed on dom0"
    elif vm["is_control_domain"] and operation not in WITH_A_CONTROL_DOMAIN:
        yield "OPERATION_NOT_ALLOWED", "This operation is not allowed on a control domain"


def _guest_errors(ref: str, guest: Guest, operation: str, strict: bool) -> Iterator[Error]:
    implied = not guest.live or guest.paravirtual or guest.drivers
    if operation in MOVING and guest.live:
        reason = (guest.features or {}).get("data-cant-suspend-reason")
        if reason is not None:
            yield "VM_NON_SUSPENDABLE", ref, reason
        elif not implied and strict and not guest.has("feature-suspend"):
            yield "VM_LACKS_FEATURE", ref
    elif not implied and (strict or operation == "changing_VCPUs_live") and _lacks_feature(guest, operation):
        yield "VM_LACKS_FEATURE", ref


def _lacks_feature(guest: Guest, operation: str) -> bool:
    return operation in FEATURES and not any(map(guest.has, FEATURES[operation]))


def _name(operation: str) -> str:
    """Return an operation's name in errors (ocaml/xapi-cli-server/record_util.ml)."""
    return "(unknown operation)" if operation in WITHOUT_ERROR_NAME else ERROR_NAMES.get(operation, operation)


def _is_true(values: Mapping[str, str], *keys: str) -> bool:
    return any(values.get(key, "").lower() in ("1", "true") for key in keys)
