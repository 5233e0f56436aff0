"""The hosts that a VM can run on (ocaml/xapi/xapi_vm_helpers.ml, xapi_vm_placement.ml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hvlib_xapi_simulator.call import Call
from hvlib_xapi_simulator.database import Database
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.values import NULL

__all__ = ["assert_can_run", "assert_reaches", "choose_host", "find_error", "release_memory", "reserve_memory"]

NO_MOVES: Mapping[str, str] = {}


def choose_host(call: Call, vm: str) -> str:
    """Return the host on which a VM starts: its affinity if possible, else the host with most free memory."""
    database = call.database
    possible = [host for host in database.tables["host"].rows if not find_error(database, vm, host)]
    if not possible:
        raise Failure("NO_HOSTS_AVAILABLE")
    affinity = database.get("VM", vm)["affinity"]
    return affinity if affinity in possible else max(possible, key=lambda host: _memory_free(database, host))


def assert_can_run(call: Call, vm: str, host: str, moved: Mapping[str, str] = NO_MOVES) -> None:
    """Raise the error that keeps a VM from running on a host. ``moved``: new repositories by disk that moves along."""
    if error := find_error(call.database, vm, host, moved):
        raise Failure(*error)


def assert_reaches(call: Call, vm: str, host: str, moved: Mapping[str, str]) -> None:
    """Raise VM_REQUIRES_SR if a VM's disk is in, or moves to, a repository that a host has no access to."""
    if error := _unreachable(call.database, vm, host, moved):
        raise Failure(*error)


def reserve_memory(database: Database, host: str, memory: int) -> None:
    """Subtract memory from a host's free memory."""
    with database.lock:
        metrics = database.get("host", host)["metrics"]
        free = database.get("host_metrics", metrics)["memory_free"]
        database.write("host_metrics", metrics, memory_free=free - memory)


def release_memory(database: Database, vm: dict[str, Any]) -> None:
    """Add the memory of a VM to its host's free memory again."""
    if vm["resident_on"] != NULL:
        reserve_memory(database, vm["resident_on"], -vm["memory_dynamic_max"])


def find_error(database: Database, vm: str, host: str, moved: Mapping[str, str] = NO_MOVES) -> tuple[str, ...] | None:
    """Return the error that keeps a VM from running on a host; None if it can run there."""
    fields = database.get("host", host)
    if not fields["enabled"]:
        return "HOST_DISABLED", host
    if not database.get("host_metrics", fields["metrics"])["live"]:
        return "HOST_NOT_LIVE", host
    needed, free = database.get("VM", vm)["memory_dynamic_max"], _memory_free(database, host)
    if free < needed:
        return "HOST_NOT_ENOUGH_FREE_MEMORY", str(needed), str(free)
    return _unreachable(database, vm, host, moved)


def _unreachable(database: Database, vm: str, host: str, moved: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the error of a VM's disk that a host has no access to; None if it has access to all."""
    reachable = {
        row.fields["SR"]
        for row in database.tables["PBD"].rows.values()
        if row.fields["host"] == host and row.fields["currently_attached"]
    }
    for vbd in database.get("VM", vm)["VBDs"]:
        disk = database.get("VBD", vbd)["VDI"]
        stays = disk != NULL and disk not in moved
        repository = database.get("VDI", disk)["SR"] if stays else moved.get(disk, NULL)
        if repository != NULL and repository not in reachable:
            return "VM_REQUIRES_SR", vm, repository
    return None


def _memory_free(database: Database, host: str) -> int:
    free: int = database.get("host_metrics", database.get("host", host)["metrics"])["memory_free"]
    return free
