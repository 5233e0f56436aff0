"""Sizes: a VM's processors and memory."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from hvlib.errors import HvlibError

if TYPE_CHECKING:
    from hvlib_xenapi.session import XenAPISession

__all__ = ["resize"]

LIMITS = ("memory_static_min", "memory_static_max", "memory_dynamic_min", "memory_dynamic_max")


def resize(session: XenAPISession, vm: str, vcpus: int | None, memory_bytes: int | None) -> None:
    """Set what is not None: both, or neither."""
    before = session.record("VM", vm, "VCPUs_max", "VCPUs_at_startup", *LIMITS)
    if memory_bytes is not None:
        low = min(before.memory_static_min, memory_bytes)
        session.call("VM.set_memory_limits", vm, low, memory_bytes, memory_bytes, memory_bytes)
    if vcpus is None:
        return
    try:
        _set_processors(session, vm, vcpus, before.VCPUs_at_startup)
    except BaseException:
        if memory_bytes is not None:
            with suppress(HvlibError):
                session.call("VM.set_memory_limits", vm, *[getattr(before, name) for name in LIMITS])
        raise


def _set_processors(session: XenAPISession, vm: str, vcpus: int, before: int) -> None:
    """In the order in which there are never more at the start than at most."""
    if vcpus >= before:
        session.call("VM.set_VCPUs_max", vm, vcpus)
        session.call("VM.set_VCPUs_at_startup", vm, vcpus)
    else:
        session.call("VM.set_VCPUs_at_startup", vm, vcpus)
        try:
            session.call("VM.set_VCPUs_max", vm, vcpus)
        except BaseException:
            with suppress(HvlibError):
                session.call("VM.set_VCPUs_at_startup", vm, before)
            raise
