"""Problems: why a person is needed, from the state of a machine's or a host's connection, and from a VM's question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["host_problem", "machine_problem"]

MACHINES: Mapping[object, str] = {
    "disconnected": "the host of the VM is not connected",
    "inaccessible": "the host can't read the files of the VM",
    "invalid": "the configuration of the VM is invalid",
    "orphaned": "the host does not have the VM any more, or has it under another vCenter",
}
"""The problem for each VirtualMachineConnectionState but connected."""

HOSTS: Mapping[object, str] = {
    "disconnected": "the host was disconnected from the vCenter",
    "notResponding": "the host does not respond",
}
"""The problem for each HostSystemConnectionState but connected."""


def machine_problem(connection: str | None, question: Mapping[str, Any] | None = None) -> str | None:
    """The question that a VM waits with, as the server words it, or why the VM can't be reached; None: neither."""
    unreachable = MACHINES.get(connection)
    asked = None if question is None else f"the VM waits for an answer: {question['text']}"
    return "; ".join(filter(None, (f"{connection}: {unreachable}" if unreachable else None, asked))) or None


def host_problem(connection: str | None) -> str | None:
    """Why a host can't be reached; None if it can."""
    unreachable = HOSTS.get(connection)
    return f"{connection}: {unreachable}" if unreachable else None
