"""The records that belong to a VM: its metrics and its guest's metrics."""

from __future__ import annotations

from typing import Any

from hvlib_xapi_simulator.values import now

__all__ = ["GUEST_FEATURES", "address", "guest_fields", "metrics_fields"]

GUEST_FEATURES = {
    "feature-suspend": "1",
    "feature-shutdown": "1",
    "feature-poweroff": "1",
    "feature-reboot": "1",
    "feature-vcpu-hotplug": "1",
    "feature-balloon": "1",
    "data-updated": "1",
}
DRIVERS = {"major": "6", "minor": "5", "micro": "0", "build": "27"}


def address(number: int) -> str:
    """Return an IPv4 address for a guest, by the number of its domain."""
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def guest_fields(number: int) -> dict[str, Any]:
    """Return the metrics that a Linux guest with all drivers reports."""
    return {
        "os_version": {
            "name": "Debian GNU/Linux 12 (bookworm)",
            "distro": "debian",
            "major": "12",
            "minor": "5",
            "uname": "6.1.0-18-amd64",
        },
        "PV_drivers_version": DRIVERS,
        "PV_drivers_up_to_date": True,
        "PV_drivers_detected": True,
        "networks": {"0/ip": address(number), "0/ipv4/0": address(number)},
        "other": GUEST_FEATURES,
        "live": True,
        "can_use_hotplug_vbd": "yes",
        "can_use_hotplug_vif": "yes",
        "last_updated": now(),
    }


def metrics_fields(vm: dict[str, Any], running: bool) -> dict[str, Any]:
    """Return the metrics of a VM."""
    processors = vm["VCPUs_at_startup"] if running else 0
    return {
        "memory_actual": vm["memory_dynamic_max"] if running else 0,
        "VCPUs_number": processors,
        "VCPUs_CPU": {str(number): number for number in range(processors)},
        "state": [],
        "start_time": now() if running else "19700101T00:00:00Z",
        "last_updated": now(),
        "hvm": True,
        "current_domain_type": "hvm" if running else "unspecified",
    }
