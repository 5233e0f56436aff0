"""A simulated pool, administered through its own door, without hvlib's sessions and round trips."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

from drivers.xenapi.odd_objects import add_odd_objects, attach
from drivers.xenapi.records import (
    NULL,
    Row,
    device,
    guest_fields,
    is_disk,
    is_image,
    is_vm,
    labels,
    made,
    moment,
    new_disk,
    reference,
    unique,
    vm_fields,
)
from servers.xapi import Xapi

from hvlib.conformance import Site
from hvlib.model.resources import (
    VM,
    Cluster,
    Host,
    Image,
    Network,
    PowerState,
    Resource,
    Snapshot,
    StoragePool,
    TaskRecord,
    Volume,
)

__all__ = ["XenAPISite"]

READING = re.compile(r"^(event|session|task)\.|\.(get|assert)_")
"""Names of messages that change no object of the pool, other than sessions and tasks."""

ATTACHED = "hvlib-attached"
REQUESTS = {"VM_SHUTDOWN": "shutdown", "VM_REBOOTED": "reboot"}
TASKS = {"pending": "running", "success": "succeeded", "failure": "failed", "cancelled": "cancelled"}

NETWORK = {"name_description": "", "MTU": 1500, "other_config": {}, "tags": []}

Rows = Mapping[str, Row]


class XenAPISite(Site):
    """A pool with some unattached volumes and a spare template."""

    def __init__(self, server: Xapi) -> None:
        self.server = server
        shared = next(ref for ref, row in self._all("SR").items() if row["shared"])
        for number in range(2):
            self.server.call("VDI.create", new_disk(f"spare {number}", shared))
        self._template = next(ref for ref, row in self._all("VM").items() if row["is_default_template"])
        self._with_disk = next(ref for ref, row in self._all("VM").items() if is_image(row) and row["VBDs"])
        second = self.server.call("VDI.create", new_disk("Debian 12 with a disk disk 1", shared))
        attach(self.server, self._with_disk, second, "RW", owner="")
        vm = next(id for id, row in self._all("VM").items() if is_vm(row))
        self.server.call("VM.snapshot", vm, "kept")
        self.server.call("VM.snapshot", vm, "kept too")
        add_odd_objects(self.server)
        self._fill()
        self._spare = self._clone_template()

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def options(self) -> Mapping[str, Any]:
        cacert = {"cacert": str(self.server.cacert)} if self.url.startswith("xenapi://") else {}
        return {"password": self.server.password, **cacert}

    def truth(self, kind: type[Resource]) -> Mapping[str, Mapping[str, object]]:
        readers = {
            VM: self._vms,
            Host: self._hosts,
            Cluster: self._clusters,
            Snapshot: self._snapshots,
            Image: self._images,
            Network: self._networks,
            StoragePool: self._storage_pools,
            Volume: self._volumes,
            TaskRecord: self._tasks,
        }
        return readers[kind]()

    def create_vm(self, name_label: str) -> str:
        """Create a VM with two disks of its own."""
        vm = self.server.call("VM.clone", self._with_disk, name_label)
        self.server.call("VM.provision", vm)
        return str(vm)

    def delete_vm(self, id: str) -> None:
        if self.server.call("VM.get_power_state", id) != "Halted":
            self.server.call("VM.hard_shutdown", id)
        attached = [row for row in self._all("VBD").values() if row["VM"] == id and row["type"] == "Disk"]
        self.server.call("VM.destroy", id)
        for row in attached:
            if ATTACHED not in row["other_config"]:
                self.server.call("VDI.destroy", row["VDI"])

    def rename_vm(self, id: str, name_label: str) -> None:
        self.server.call("VM.set_name_label", id, name_label)

    def set_power(self, id: str, state: PowerState) -> None:
        if self.server.call("VM.get_power_state", id).lower() != state:
            arguments = ("VM.start", id, False, False) if state == "running" else ("VM.hard_shutdown", id)
            self.server.call(*arguments)

    def make_image(self, id: str) -> None:
        self.server.call("VM.set_is_a_template", id, True)

    def make_vm(self, id: str) -> None:
        self.server.call("VM.set_is_a_template", id, False)

    def last_boot(self, id: str) -> object:
        """The reference of the guest's metrics: new after a start, the same after a migration."""
        return self.server.call("VM.get_guest_metrics", id)

    def guest_requests(self, id: str) -> Mapping[str, int]:
        """The number of requests to a VM's guest, by the pool's messages about the VM."""
        uuid = self.server.call("VM.get_uuid", id)
        messages = [(row["name"], row["body"]) for row in self._all("message").values() if row["obj_uuid"] == uuid]
        return Counter(REQUESTS[name] for name, body in messages if name in REQUESTS and not body.endswith("forcibly"))

    def log(self) -> Sequence[Hashable]:
        """The messages that change something."""
        return [(name, arguments) for name, arguments in self.server.log() if not READING.search(name)]

    def expire_sessions(self) -> None:
        self.server.expire_sessions()

    def lose_cursors(self) -> None:
        """Delete an object, and drop the deletion from the server's log: cursors from before it are lost."""
        self.server.call("VM.destroy", self._spare)
        self.server.forget_deletions()
        self._spare = self._clone_template()

    def restart(self) -> None:
        """Restart the toolstack. The pool's objects stay."""
        self.server.restart_toolstack()

    def leftovers(self) -> Mapping[str, int]:
        return {"sessions": self.server.leftovers()["sessions"]}

    def _fill(self) -> None:
        """Add what a new pool lacks: a network with a VLAN, times, names of guests, tags and descriptions."""
        [master, *_] = self._all("host")
        [interface, *_] = [ref for ref, row in self._all("PIF").items() if row["host"] == master and row["management"]]
        network = self.server.call("network.create", {**NETWORK, "name_label": "tagged"})
        self.server.call("pool.create_VLAN_from_PIF", interface, network, 12)
        for ref in self._all("VM_metrics"):
            self.server.write("VM_metrics", ref, install_time="20260102T03:04:05Z")
        for number, ref in enumerate(self._all("VM_guest_metrics")):
            self.server.write("VM_guest_metrics", ref, netbios_name={"host_name": f"guest-{number}"})
        for cls in ("VM", "host", "SR", "VDI", "network", "pool"):
            for ref in list(self._all(cls))[:2]:
                self.server.write(cls, ref, tags=["b", "a"], name_description=f"one {cls}")

    def _clone_template(self) -> str:
        return str(self.server.call("VM.clone", self._template, "spare"))

    def _all(self, cls: str) -> Rows:
        found: Rows = self.server.call(f"{cls}.get_all_records")
        return found

    def _vms(self) -> Mapping[str, Mapping[str, object]]:
        guests, metrics = self._all("VM_guest_metrics"), self._all("VM_metrics")
        disks, interfaces = self._all("VBD").values(), self._all("VIF").values()
        [pool] = self._all("pool")
        return {
            id: {
                **labels(row),
                **vm_fields(row),
                **guest_fields(guests.get(row["guest_metrics"])),
                "created_at": moment(metrics[row["metrics"]]["install_time"]) if row["metrics"] in metrics else None,
                "cluster": pool,
                "networks": unique(each["network"] for each in sorted(interfaces, key=device) if each["VM"] == id),
                "volumes": unique(
                    each["VDI"]
                    for each in sorted(disks, key=device)
                    if each["VM"] == id and each["type"] == "Disk" and each["VDI"] != NULL
                ),
            }
            for id, row in self._all("VM").items()
            if is_vm(row)
        }

    def _hosts(self) -> Mapping[str, Mapping[str, object]]:
        metrics = self._all("host_metrics")
        [pool] = self._all("pool")
        return {
            id: {
                **labels(row),
                "state": "up" if row["enabled"] else "maintenance",
                "address": row["address"],
                "product": row["software_version"]["product_brand"],
                "version": row["software_version"]["product_version"],
                "cpus": int(row["cpu_info"]["cpu_count"]),
                "memory_bytes": int(metrics[row["metrics"]]["memory_total"]),
                "memory_free_bytes": int(metrics[row["metrics"]]["memory_free"]),
                "cluster": pool,
            }
            for id, row in self._all("host").items()
        }

    def _clusters(self) -> Mapping[str, Mapping[str, object]]:
        hosts = tuple(sorted(self._all("host")))
        return {id: {**labels(row), "hosts": hosts} for id, row in self._all("pool").items()}

    def _snapshots(self) -> Mapping[str, Mapping[str, object]]:
        vms = self._all("VM")
        return {
            id: {
                **labels(row),
                "created_at": moment(row["snapshot_time"]),
                "vm": reference(row["snapshot_of"]) if row["snapshot_of"] in vms else None,
                "parent": reference(row["parent"]),
                "has_memory": row["power_state"] == "Suspended",
            }
            for id, row in vms.items()
            if row["is_a_snapshot"]
        }

    def _images(self) -> Mapping[str, Mapping[str, object]]:
        return {
            id: {**labels(row), "format": "template"}
            for id, row in self._all("VM").items()
            if row["is_a_template"] and not row["is_a_snapshot"]
        }

    def _networks(self) -> Mapping[str, Mapping[str, object]]:
        interfaces = self._all("PIF").values()
        return {
            id: {
                **labels(row),
                "mtu": int(row["MTU"]),
                "vlan_id": next(
                    (int(each["VLAN"]) for each in interfaces if each["network"] == id and int(each["VLAN"]) > 0), None
                ),
            }
            for id, row in self._all("network").items()
        }

    def _storage_pools(self) -> Mapping[str, Mapping[str, object]]:
        return {
            id: {
                **labels(row),
                "type": row["type"],
                "capacity_bytes": int(row["physical_size"]),
                "free_bytes": int(row["physical_size"]) - int(row["physical_utilisation"]),
                "shared": row["shared"],
            }
            for id, row in self._all("SR").items()
        }

    def _volumes(self) -> Mapping[str, Mapping[str, object]]:
        disks, repositories = self._all("VBD").values(), self._all("SR")
        return {
            id: {
                **labels(row),
                "size_bytes": int(row["virtual_size"]),
                "pool": row["SR"],
                "vms": tuple(sorted({each["VM"] for each in disks if each["VDI"] == id})),
                "bootable": any(each["bootable"] for each in disks if each["VDI"] == id),
            }
            for id, row in self._all("VDI").items()
            if is_disk(row, repositories[row["SR"]])
        }

    def _tasks(self) -> Mapping[str, Mapping[str, object]]:
        return {
            id: {
                "uuid": row["uuid"],
                "name_label": row["name_label"],
                "description": row["name_description"] or None,
                "created_at": moment(row["created"]),
                "started_at": moment(row["created"]),
                "operation": row["name_label"].removeprefix("Async."),
                "state": TASKS[row["status"]],
                "progress": 1.0 if row["status"] == "success" else float(row["progress"]),
                "result": made(row["result"]),
                **({} if row["status"] == "failure" else {"error": None}),
            }
            for id, row in self._all("task").items()
        }
