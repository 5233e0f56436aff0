"""Sizes: a VM's processors and memory."""

from __future__ import annotations

from contextlib import suppress

from hvlib.model.errors import HvlibError
from hvlib_xenapi.operations.steps import Steps

__all__ = ["resize"]

LIMITS = ("memory_static_min", "memory_static_max", "memory_dynamic_min", "memory_dynamic_max")


def resize(steps: Steps, vm: str, vcpus: int | None, memory_bytes: int | None) -> None:
    """Set what is not None: both, or neither."""
    before = steps.record("VM", vm, "VCPUs_max", "VCPUs_at_startup", *LIMITS)
    if memory_bytes is not None:
        low = min(before.memory_static_min, memory_bytes)
        steps.call("VM.set_memory_limits", vm, low, memory_bytes, memory_bytes, memory_bytes)
    if vcpus is None:
        return
    try:
        _set_processors(steps, vm, vcpus, before.VCPUs_at_startup)
    except BaseException:
        if memory_bytes is not None:
            with suppress(HvlibError):
                steps.call("VM.set_memory_limits", vm, *[getattr(before, name) for name in LIMITS])
        raise


def _set_processors(steps: Steps, vm: str, vcpus: int, before: int) -> None:
    """Set both in the order in which the server's check, at the start <= at most, holds between the calls."""
    if vcpus >= before:
        steps.call("VM.set_VCPUs_max", vm, vcpus)
        steps.call("VM.set_VCPUs_at_startup", vm, vcpus)
    else:
        steps.call("VM.set_VCPUs_at_startup", vm, vcpus)
        try:
            steps.call("VM.set_VCPUs_max", vm, vcpus)
        except BaseException:
            with suppress(HvlibError):
                steps.call("VM.set_VCPUs_at_startup", vm, before)
            raise
