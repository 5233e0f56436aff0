"""Grove, administered through its own back door."""

from __future__ import annotations

from collections.abc import Mapping
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
    """A Grove server. Its driver is a third party's, and has no feed of its own: core's sweeps are fast here."""

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
            return {id: _vm(one) for id, one in vms.items() if not one["template"]}
        if kind is Image:
            return {id: _image(one) for id, one in vms.items() if one["template"]}
        if kind is Host:
            return {id: _host(one) for id, one in self.server.objects("hosts").items()}
        assert kind is TaskRecord
        return {id: _task(one) for id, one in self.server.objects("tasks").items()}

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

    def expire_sessions(self) -> None:
        self.server.expire_sessions()

    def restart(self) -> None:
        self.server.stop()
        self.server.start()

    def leftovers(self) -> Mapping[str, int]:
        return {"sessions": self.server.sessions()}


def _vm(one: Mapping[str, Any]) -> Mapping[str, object]:
    return {
        **_labels(one),
        "power_state": POWER[one["state"]],
        "vcpus": one["cores"],
        "memory_bytes": one["memory_mib"] * 1024 * 1024,
        "guest_os": one["os"],
        "ip_addresses": tuple(one["addresses"]),
        "host": one["host"],
        "image": one["from"],
    }


def _image(one: Mapping[str, Any]) -> Mapping[str, object]:
    return {**_labels(one), "size_bytes": one["disk_mib"] * 1024 * 1024, "guest_os": one["os"]}


def _labels(one: Mapping[str, Any]) -> Mapping[str, object]:
    return {
        "uuid": one["uuid"],
        "name_label": one["name"],
        "description": one["note"],
        "tags": tuple(sorted(one["tags"])),
        "created_at": _moment(one["created"]),
    }


def _host(one: Mapping[str, Any]) -> Mapping[str, object]:
    return {
        "uuid": one["uuid"],
        "name_label": one["name"],
        "state": HOSTS[one["state"]],
        "address": one["address"],
        "cpus": one["cores"],
        "memory_bytes": one["memory_mib"] * 1024 * 1024,
        "memory_free_bytes": one["free_mib"] * 1024 * 1024,
    }


def _task(one: Mapping[str, Any]) -> Mapping[str, object]:
    error = one["error"]
    return {
        "uuid": one["uuid"],
        "name_label": one["kind"],
        "created_at": _moment(one["created"]),
        "operation": one["kind"],
        "state": TASKS[one["state"]],
        "progress": one["percent"] / 100,
        "target": one["target"],
        "started_at": _moment(one["started"]),
        "error": error and Failure(FAILURES[error["code"]], error["message"], error),
        "result": one["made"],
    }


def _moment(seconds: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
