"""VSphereSite: vcsim, administered through the vendor's SDK."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from drivers.vsphere.wire.administrator import Administrator
from pyVmomi import vim, vmodl
from servers.vcenter.vcenter import VCenter
from servers.vcsim import Vcsim

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

__all__ = ["POWER", "VSphereSite", "stored"]

Leaves = Mapping[str, Any]

PROBLEMS = {"connected": None}
POWER = {"poweredOn": "running", "poweredOff": "halted", "suspended": "suspended"}
TASKS = {"queued": "queued", "running": "running", "success": "succeeded", "error": "failed"}


class VSphereSite(Site):
    """A vCenter. Each VM that the administrator makes has a folder of its own, so that names may repeat."""

    unverified = {
        "set_problem": "vcsim has no questions, and loses no machine",
        "log": "the driver carries out no action in several requests",
        "lose_cursors": "no cursor of vSphere outlives its watch: since= raises CursorLost always",
        "Task.error": "the SDK can't read a task's error from vcsim",
        "start after reboot": "no event tells that a guest which was asked to reboot has started again",
    }

    def __init__(self, server: Vcsim | VCenter) -> None:
        self.server = server
        self.admin = Administrator(server)
        [vm, *_] = self.admin.objects(vim.VirtualMachine)
        self._tag_group()
        for name in ("first%2fsnapshot", "second"):
            self.admin.finish(vm.CreateSnapshot_Task(name, f"the {name}", False, False))

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def options(self) -> Mapping[str, Any]:
        return {"password": self.server.password, "cacert": str(self.server.cacert)}

    def truth(self, kind: type[Resource]) -> Mapping[str, Mapping[str, object]]:
        readers = {
            VM: self._vms,
            Host: self._hosts,
            Cluster: self._clusters,
            Network: self._networks,
            StoragePool: self._storage_pools,
            Image: self._images,
            Snapshot: self._snapshots,
            Volume: self._volumes,
            TaskRecord: self._tasks,
        }
        return readers[kind]()

    def create_vm(self, name_label: str) -> str:
        root = self._folder()
        config = vim.vm.ConfigSpec(
            name=secrets.token_hex(8),
            guestId="debian12_64Guest",
            numCPUs=1,
            memoryMB=512,
            files=vim.vm.FileInfo(vmPathName="[LocalDS_0]"),
            # This makes vcsim report that guest tools run.
            extraConfig=[vim.option.OptionValue(key="SET.guest.toolsRunningStatus", value="guestToolsRunning")],
        )
        folder = root.CreateFolder(secrets.token_hex(8))
        [pool, *_] = self.admin.objects(vim.ResourcePool)
        vm = self.admin.finish(folder.CreateVM_Task(config, pool, None))
        self.rename_vm(vm._moId, name_label)
        return str(vm._moId)

    def delete_vm(self, id: str) -> None:
        self.admin.remove(self.admin.vm(id))

    def rename_vm(self, id: str, name_label: str) -> None:
        self.admin.finish(self.admin.vm(id).Rename_Task(stored(name_label)))

    def set_power(self, id: str, state: PowerState) -> None:
        vm = self.admin.vm(id)
        if POWER[self.admin.leaf(vm, "runtime.powerState")] != state:
            self.admin.finish(vm.PowerOnVM_Task() if state == "running" else vm.PowerOffVM_Task())

    def make_image(self, id: str) -> None:
        self.admin.vm(id).MarkAsTemplate()

    def make_vm(self, id: str) -> None:
        [pool, *_] = self.admin.objects(vim.ResourcePool)
        self.admin.vm(id).MarkAsVirtualMachine(pool)

    def last_boot(self, id: str) -> object:
        """How often the VM was powered on; a reset counts too."""
        entity = vim.event.EventFilterSpec.ByEntity(entity=self.admin.vm(id), recursion="self")
        spec = vim.event.EventFilterSpec(entity=entity, eventTypeId=["VmPoweredOnEvent"])
        return len(self.admin.content.eventManager.QueryEvents(spec))

    def guest_requests(self, id: str) -> Mapping[str, int]:
        """The requests to all guests: the server does not count them for each guest."""
        calls = self.server.calls()
        return {"shutdown": calls.get("ShutdownGuest", 0), "reboot": calls.get("RebootGuest", 0)}

    def expire_sessions(self) -> None:
        self.admin.expire_sessions()

    def restart(self) -> None:
        self.admin.close()
        self.server.stop()
        self.server.start()
        self.admin = Administrator(self.server)

    def leftovers(self) -> Mapping[str, int]:
        return self.server.leftovers()

    def _tag_group(self) -> None:
        """Give a port group a VLAN."""
        kinds = vim.dvs.VmwareDistributedVirtualSwitch
        group = next(
            each for each in self.admin.objects(vim.dvs.DistributedVirtualPortgroup) if each.name == "DC0_DVPG0"
        )
        vlan = kinds.VlanIdSpec(vlanId=12, inherited=False)
        spec = vim.dvs.DistributedVirtualPortgroup.ConfigSpec(
            configVersion=group.config.configVersion, defaultPortConfig=kinds.VmwarePortConfigPolicy(vlan=vlan)
        )
        self.admin.finish(group.ReconfigureDVPortgroup_Task(spec))

    def _folder(self) -> Any:
        [datacenter] = self.admin.objects(vim.Datacenter)
        return datacenter.vmFolder

    def _vms(self) -> Mapping[str, Mapping[str, object]]:
        paths = (
            "config.template config.instanceUuid name config.annotation config.createDate runtime.powerState"
            " runtime.connectionState runtime.bootTime"
            " config.hardware.numCPU config.hardware.memoryMB config.guestFullName guest.hostName guest.ipAddress"
            " guest.net runtime.host network config.hardware.device"
        )
        leaves_by_id = self._leaves(vim.VirtualMachine, self.admin.objects(vim.VirtualMachine), paths.split())
        return {id: _vm(id, leaves) for id, leaves in leaves_by_id.items() if not leaves["config.template"]}

    def _images(self) -> Mapping[str, Mapping[str, object]]:
        paths = (
            "config.template config.instanceUuid name config.annotation config.createDate summary.storage.committed"
            " runtime.connectionState"
            " config.guestFullName"
        )
        leaves_by_id = self._leaves(vim.VirtualMachine, self.admin.objects(vim.VirtualMachine), paths.split())
        return {id: _image(leaves) for id, leaves in leaves_by_id.items() if leaves["config.template"]}

    def _snapshots(self) -> Mapping[str, Mapping[str, object]]:
        server = UUID(self.admin.content.about.instanceUuid)
        found: dict[str, Mapping[str, object]] = {}

        def add(vm: str, parent: str | None, trees: Sequence[Any]) -> None:
            for tree in trees:
                id = tree.snapshot._moId
                found[id] = {
                    "uuid": str(uuid5(server, id)),
                    "name_label": _name(tree.name),
                    "description": tree.description or None,
                    "created_at": _moment(tree.createTime),
                    "vm": vm,
                    "parent": parent,
                    "has_memory": tree.state != "poweredOff",
                }
                add(vm, id, tree.childSnapshotList)

        for vm, leaves in self._leaves(
            vim.VirtualMachine, self.admin.objects(vim.VirtualMachine), ["snapshot"]
        ).items():
            add(vm, None, leaves["snapshot"].rootSnapshotList if leaves["snapshot"] else ())
        return found

    def _volumes(self) -> Mapping[str, Mapping[str, object]]:
        machines = self._leaves(vim.VirtualMachine, self.admin.objects(vim.VirtualMachine), ["config.hardware.device"])
        return {
            f"{vm}:{device.key}": {
                "uuid": device.backing.uuid,
                "name_label": device.backing.fileName,
                "description": device.deviceInfo.label,
                "size_bytes": device.capacityInKB * 1024,
                "pool": device.backing.datastore._moId,
                "vms": (vm,),
            }
            for vm, leaves in machines.items()
            for device in leaves["config.hardware.device"] or ()
            if isinstance(device, vim.vm.device.VirtualDisk)
        }

    def _storage_pools(self) -> Mapping[str, Mapping[str, object]]:
        paths = ["summary.type", "summary.capacity", "summary.freeSpace", "summary.multipleHostAccess"]
        datastores = self.admin.objects(vim.Datastore)
        leaves_by_id = self._leaves(vim.Datastore, datastores, paths)
        return {
            each._moId: {
                **self._named(each),
                **dict(
                    zip(
                        ("type", "capacity_bytes", "free_bytes", "shared"),
                        leaves_by_id[each._moId].values(),
                        strict=True,
                    )
                ),
            }
            for each in datastores
        }

    def _hosts(self) -> Mapping[str, Mapping[str, object]]:
        paths = (
            "hardware.systemInfo.uuid name runtime.connectionState runtime.inMaintenanceMode config.product.name"
            " config.product.version hardware.cpuInfo.numCpuThreads hardware.memorySize"
            " summary.quickStats.overallMemoryUsage parent"
        )
        leaves_by_id = self._leaves(vim.HostSystem, self.admin.objects(vim.HostSystem), paths.split())
        return {id: _host(leaves) for id, leaves in leaves_by_id.items()}

    def _clusters(self) -> Mapping[str, Mapping[str, object]]:
        clusters = self.admin.objects(vim.ClusterComputeResource)
        return {
            cluster._moId: {**self._named(cluster), "hosts": tuple(host._moId for host in cluster.host)}
            for cluster in clusters
        }

    def _networks(self) -> Mapping[str, Mapping[str, object]]:
        networks = self.admin.objects(vim.Network)
        groups = [each for each in networks if isinstance(each, vim.dvs.DistributedVirtualPortgroup)]
        settings = self._leaves(vim.dvs.DistributedVirtualPortgroup, groups, ["config.defaultPortConfig"])
        tags = {id: leaves["config.defaultPortConfig"] for id, leaves in settings.items()}
        return {each._moId: {**self._named(each), "vlan_id": _tag(tags.get(each._moId))} for each in networks}

    def _named(self, entity: Any) -> Mapping[str, object]:
        """The uuid and the name of an object that the server has no uuid for."""
        server = UUID(self.admin.content.about.instanceUuid)
        return {"uuid": str(uuid5(server, entity._moId)), "name_label": _name(entity.name)}

    def _tasks(self) -> Mapping[str, Mapping[str, object]]:
        server = UUID(self.admin.content.about.instanceUuid)
        paths = "info.descriptionId info.state info.queueTime info.startTime info.progress info.entity info.result"
        recent = self.admin.content.taskManager.recentTask
        leaves_by_id = self._leaves(vim.Task, recent, paths.split())
        return {id: _task(uuid5(server, id), leaves) for id, leaves in leaves_by_id.items()}

    def _leaves(self, native_type: Any, objects: Sequence[Any], paths: Sequence[str]) -> Mapping[str, Leaves]:
        if not objects:
            return {}
        query = vmodl.query.PropertyCollector
        spec = query.FilterSpec(
            objectSet=[query.ObjectSpec(obj=one) for one in objects],
            propSet=[query.PropertySpec(type=native_type, pathSet=list(paths))],
        )
        contents = self.admin.content.propertyCollector.RetrieveContents([spec])
        empty = dict.fromkeys(paths)
        return {each.obj._moId: {**empty, **{leaf.name: leaf.val for leaf in each.propSet}} for each in contents}


def _tag(setting: Any) -> int | None:
    """The VLAN in a port group's setting."""
    tag = getattr(getattr(setting, "vlan", None), "vlanId", None)
    return tag if isinstance(tag, int) and tag else None


def _vm(id: str, leaves: Leaves) -> Mapping[str, object]:
    devices = leaves["config.hardware.device"] or ()
    cards = [address for card in leaves["guest.net"] or () for address in card.ipAddress]
    first = [leaves["guest.ipAddress"]] if leaves["guest.ipAddress"] else []
    return {
        "uuid": leaves["config.instanceUuid"],
        "name_label": _name(leaves["name"]),
        "description": leaves["config.annotation"] or None,
        "created_at": _moment(leaves["config.createDate"]),
        "power_state": POWER[leaves["runtime.powerState"]],
        "vcpus": leaves["config.hardware.numCPU"],
        "memory_bytes": leaves["config.hardware.memoryMB"] * 1024 * 1024,
        "guest_os": leaves["config.guestFullName"] or None,
        "guest_hostname": leaves["guest.hostName"] or None,
        "ip_addresses": tuple(dict.fromkeys([*first, *cards])),
        "host": leaves["runtime.host"]._moId,
        "networks": tuple(network._moId for network in leaves["network"] or ()),
        "status": leaves["runtime.powerState"],
        "problem": PROBLEMS[leaves["runtime.connectionState"]],
        "booted_at": _moment(leaves["runtime.bootTime"]),
        "volumes": tuple(f"{id}:{each.key}" for each in devices if isinstance(each, vim.vm.device.VirtualDisk)),
    }


def _image(leaves: Leaves) -> Mapping[str, object]:
    return {
        "uuid": leaves["config.instanceUuid"],
        "name_label": _name(leaves["name"]),
        "description": leaves["config.annotation"] or None,
        "created_at": _moment(leaves["config.createDate"]),
        "size_bytes": leaves["summary.storage.committed"],
        "guest_os": leaves["config.guestFullName"] or None,
        "format": "template",
        "status": leaves["runtime.connectionState"],
        "problem": PROBLEMS[leaves["runtime.connectionState"]],
    }


def _host(leaves: Leaves) -> Mapping[str, object]:
    assert leaves["runtime.connectionState"] == "connected"
    parent = leaves["parent"]
    used = leaves["summary.quickStats.overallMemoryUsage"] * 1024 * 1024
    return {
        "uuid": leaves["hardware.systemInfo.uuid"],
        "name_label": leaves["name"],
        "state": "maintenance" if leaves["runtime.inMaintenanceMode"] else "up",
        "address": leaves["name"],
        "product": leaves["config.product.name"],
        "version": leaves["config.product.version"],
        "cpus": leaves["hardware.cpuInfo.numCpuThreads"],
        "memory_bytes": leaves["hardware.memorySize"],
        "memory_free_bytes": leaves["hardware.memorySize"] - used,
        "status": leaves["runtime.connectionState"],
        "problem": PROBLEMS[leaves["runtime.connectionState"]],
        "cluster": parent._moId if isinstance(parent, vim.ClusterComputeResource) else None,
    }


def _task(uuid: UUID, leaves: Leaves) -> Mapping[str, object]:
    succeeded = leaves["info.state"] == "success"
    operation = leaves["info.descriptionId"].rpartition(".")[2]
    return {
        "uuid": str(uuid),
        # The names that vcsim gives to its tasks.
        "name_label": operation[:1].upper() + operation[1:],
        "operation": leaves["info.descriptionId"],
        "state": TASKS[leaves["info.state"]],
        "created_at": _moment(leaves["info.queueTime"]),
        "started_at": _moment(leaves["info.startTime"]),
        "progress": 1.0 if succeeded else leaves["info.progress"] and leaves["info.progress"] / 100,
        "target": _of_a_kind(leaves["info.entity"]),
        "result": _of_a_kind(leaves["info.result"]),
    }


def _of_a_kind(native: object) -> str | None:
    """The identifier of an object; None if hvlib has no kind for it."""
    kinds = (
        vim.VirtualMachine,
        vim.HostSystem,
        vim.ClusterComputeResource,
        vim.Network,
        vim.Datastore,
        vim.vm.Snapshot,
    )
    return native._moId if isinstance(native, kinds) else None


def stored(name_label: str) -> str:
    """A name as a vCenter stores it."""
    return name_label.replace("%", "%25").replace("/", "%2f").replace("\\", "%5c")


def _name(stored: str) -> str:
    return stored.replace("%2f", "/").replace("%5c", "\\").replace("%25", "%")


def _moment(value: datetime | None) -> datetime | None:
    return None if value is None or value.year <= 1970 else value.astimezone(UTC)
