"""GroveSite: a Grove server, administered through the methods of the test server."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from servers.grove import Grove

from hvlib.conformance import Site
from hvlib.model.resources import VM, Host, Image, PowerState, Resource, TaskRecord
from hvlib.model.task import Failure

__all__ = ["GroveSite"]

POWER = {"on": "running", "off": "halted", "frozen": "paused", "saved": "suspended"}
HOSTS = {"online": "up", "offline": "down", "draining": "maintenance"}
TASKS = {"running": "running", "done": "succeeded", "failed": "failed", "cancelled": "cancelled"}
FAILURES = {"not_found": "NotFound", "wrong_state": "InvalidState", "busy": "Conflict"}


class GroveSite(Site):
    """A Grove server. Its driver has no feed, so core lists again and again, here at short intervals."""

    unverified = {
        "idle watch": "the server tells nothing: it is listed again and again",
        "lose_cursors": "a watch that lists and compares has no cursor that could be lost",
    }

    def __init__(self, server: Grove) -> None:
        self.server = server

    @property
    def url(self) -> str:
        return f"{self.server.url}?poll_interval=0.05"

    @property
    def options(self) -> Mapping[str, Any]:
        return {"password": self.server.password}

    def truth(self, kind: type[Resource]) -> Mapping[str, Mapping[str, object]]:
        vms = self.server.objects("vms") if kind in (VM, Image) else {}
        if kind is VM:
            return {id: _vm(vm) for id, vm in vms.items() if not vm["template"]}
        if kind is Image:
            return {id: _image(vm) for id, vm in vms.items() if vm["template"]}
        if kind is Host:
            return {id: _host(host) for id, host in self.server.objects("hosts").items()}
        assert kind is TaskRecord
        return {id: _task(task) for id, task in self.server.objects("tasks").items()}

    def create_vm(self, name_label: str) -> str:
        return self.server.add_vm(name_label)

    def delete_vm(self, id: str) -> None:
        self.server.remove(id)

    def rename_vm(self, id: str, name_label: str) -> None:
        self.server.rename(id, name_label)

    def set_power(self, id: str, state: PowerState) -> None:
        self.server.set_state(id, {"running": "on", "halted": "off"}[state])

    def make_image(self, id: str) -> None:
        self.server.set_template(id, True)

    def make_vm(self, id: str) -> None:
        self.server.set_template(id, False)

    def log(self) -> Sequence[Hashable]:
        """The requests that change a machine."""
        return [request for request in self.server.log() if "/tasks/" not in request]

    def expire_sessions(self) -> None:
        self.server.expire_sessions()

    def restart(self) -> None:
        self.server.stop()
        self.server.start()

    def leftovers(self) -> Mapping[str, int]:
        return {"sessions": self.server.sessions()}


def _vm(vm: Mapping[str, Any]) -> Mapping[str, object]:
    return {
        **_labels(vm),
        "power_state": POWER[vm["state"]],
        "vcpus": vm["cores"],
        "memory_bytes": vm["memory_mib"] * 1024 * 1024,
        "guest_os": vm["os"],
        "ip_addresses": tuple(vm["addresses"]),
        "host": vm["host"],
        "image": vm["from"],
    }


def _image(vm: Mapping[str, Any]) -> Mapping[str, object]:
    return {**_labels(vm), "size_bytes": vm["disk_mib"] * 1024 * 1024, "guest_os": vm["os"]}


def _labels(vm: Mapping[str, Any]) -> Mapping[str, object]:
    return {
        "uuid": vm["uuid"],
        "name_label": vm["name"],
        "description": vm["note"],
        "tags": tuple(sorted(vm["tags"])),
        "created_at": _moment(vm["created"]),
    }


def _host(host: Mapping[str, Any]) -> Mapping[str, object]:
    return {
        "uuid": host["uuid"],
        "name_label": host["name"],
        "state": HOSTS[host["state"]],
        "address": host["address"],
        "cpus": host["cores"],
        "memory_bytes": host["memory_mib"] * 1024 * 1024,
        "memory_free_bytes": host["free_mib"] * 1024 * 1024,
    }


def _task(task: Mapping[str, Any]) -> Mapping[str, object]:
    error = task["error"]
    return {
        "uuid": task["uuid"],
        "name_label": task["kind"],
        "created_at": _moment(task["created"]),
        "operation": task["kind"],
        "state": TASKS[task["state"]],
        "progress": task["percent"] / 100,
        "target": task["target"],
        "started_at": _moment(task["started"]),
        "error": error and Failure(FAILURES[error["code"]], error["message"], error),
        "result": task["made"],
    }


def _moment(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
