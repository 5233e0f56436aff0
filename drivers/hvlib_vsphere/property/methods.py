"""Methods: the server's calls on property collectors and their filters, one round trip each."""

from __future__ import annotations

from hvlib_vsphere.data_objects import MoRef
from hvlib_vsphere.property.spec import FilterSpec
from hvlib_vsphere.property.updates import UpdateSet, WaitOptions, update_set
from hvlib_vsphere.wire.caller import Caller, Calls
from hvlib_vsphere.wire.soap_messages import element

__all__ = [
    "DESTROY_TIMEOUT",
    "create_collector",
    "create_filter",
    "destroy_collector",
    "destroy_filter",
    "wait_for_updates",
]

DESTROY_TIMEOUT = 2.0
"""Seconds within which a collector has to be freed, at the end of a block or of a watch."""


def create_collector(calls: Calls) -> MoRef:
    """PropertyCollector.CreatePropertyCollector."""
    created: MoRef = calls.call("CreatePropertyCollector", calls.login.service("propertyCollector"))
    return created


def destroy_collector(calls: Calls, collector: MoRef) -> None:
    """PropertyCollector.DestroyPropertyCollector, with its filters."""
    calls.call("DestroyPropertyCollector", collector)


def create_filter(calls: Calls, collector: MoRef, spec: FilterSpec, *, partial_updates: bool = False) -> MoRef:
    """PropertyCollector.CreateFilter."""
    arguments = f"<spec>{spec.xml}</spec>{element('partialUpdates', partial_updates)}"
    created: MoRef = calls.call("CreateFilter", collector, arguments)
    return created


def destroy_filter(calls: Calls, filter: MoRef) -> None:
    """PropertyFilter.DestroyPropertyFilter."""
    calls.call("DestroyPropertyFilter", filter)


def wait_for_updates(caller: Caller, collector: MoRef, version: str, options: WaitOptions) -> UpdateSet | None:
    """PropertyCollector.WaitForUpdatesEx; None if nothing changes for ``options.max_wait_seconds``, which must be set.

    | version: that of the last update set; "": all objects are sent as if they entered the filters now
    """
    seconds = options.max_wait_seconds
    assert seconds is not None
    wanted = element("maxWaitSeconds", seconds)
    if options.max_object_updates is not None:
        wanted += element("maxObjectUpdates", options.max_object_updates)
    arguments = element("version", version) + f"<options>{wanted}</options>"
    return update_set(caller.call("WaitForUpdatesEx", collector, arguments, wait=seconds))
