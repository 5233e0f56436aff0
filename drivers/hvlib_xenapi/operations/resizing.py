"""Sizes: a VM's processors and memory."""

from __future__ import annotations

from hvlib_xenapi.operations.calls import Calls

__all__ = ["resize"]

LIMITS = ("memory_static_min", "memory_static_max", "memory_dynamic_min", "memory_dynamic_max")


def resize(calls: Calls, vm: str, vcpus: int | None, memory_bytes: int | None) -> None:
    """Set each value that is not None: all of them, or none."""
    before = calls.record("VM", vm, "VCPUs_max", "VCPUs_at_startup", *LIMITS)
    if memory_bytes is not None:
        low = min(before.memory_static_min, memory_bytes)
        limits = [getattr(before, name) for name in LIMITS]
        calls.call(
            "VM.set_memory_limits",
            *(vm, low, memory_bytes, memory_bytes, memory_bytes),
            undo=lambda _: calls.call("VM.set_memory_limits", vm, *limits),
        )
    if vcpus is None:
        return
    # The server's check VCPUs_at_startup <= VCPUs_max must hold between the calls too.
    names = ["VM.set_VCPUs_max", "VM.set_VCPUs_at_startup"]
    values = [before.VCPUs_max, before.VCPUs_at_startup]
    first, second = (0, 1) if vcpus >= before.VCPUs_at_startup else (1, 0)
    calls.call(names[first], vm, vcpus, undo=lambda _: calls.call(names[first], vm, values[first]))
    calls.call(names[second], vm, vcpus)
