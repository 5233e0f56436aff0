"""Estate: the objects with which the server starts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid5

from servers.vcenter.inventory import Entity, Inventory, complete
from servers.vcenter.machines import Machines
from servers.vcenter.sdk import vim

__all__ = ["add_estate"]

GIB = 1 << 30

GROUP_TYPES = {"vm": "VirtualMachine", "host": "ComputeResource", "datastore": "Datastore", "network": "Network"}


def add_estate(inventory: Inventory, machines: Machines, uuid: str, vms: int, hosts: int) -> Entity:
    """Add a datacenter with a cluster, its hosts, a datastore, three networks, machines and a template.

    The last machine has the name of the first one, in a folder of its own. Returns the root folder.
    """
    root = _folder(inventory, "group-d1", "Datacenters", None, ["Folder", "Datacenter"])
    datacenter = inventory.add(vim.Datacenter("datacenter-2"), name="lab", parent=root.ref)
    inventory.add_to(root, "childEntity", datacenter.ref)
    folders = {
        kind: _folder(inventory, f"group-{kind[0]}3", kind, datacenter.ref, ["Folder", child])
        for kind, child in GROUP_TYPES.items()
    }
    for kind, folder in folders.items():
        inventory.change(datacenter, f"{kind}Folder", folder.ref)
    store = _datastore(inventory, folders["datastore"])
    networks = list(_networks(inventory, folders["network"]))
    cluster, pool = _cluster(inventory, folders["host"], store, networks)
    for number in range(hosts):
        host = _host(inventory, number, cluster, store, networks, str(uuid5(UUID(uuid), f"host {number}")))
        inventory.add_to(cluster, "host", host.ref)
    others = inventory.find(machines.create_folder(folders["vm"], "others"))
    for number in range(vms):
        host, last = cluster.values["host"][number % hosts], number == vms - 1
        machines.add(others if last else folders["vm"], f"vm-{0 if last else number:05}", pool.ref, host)
    template = inventory.find(machines.add(folders["vm"], "template", pool.ref))
    machines.mark(template, True)
    return root


def _folder(inventory: Inventory, id: str, name: str, parent: Any, types: list[str]) -> Entity:
    children = vim.ManagedEntity.Array([])
    return inventory.add(vim.Folder(id), name=name, parent=parent, childEntity=children, childType=types)


def _datastore(inventory: Inventory, folder: Entity) -> Entity:
    ref = vim.Datastore("datastore-10")
    summary = complete(
        vim.Datastore.Summary,
        datastore=ref,
        name="pool%2f1",
        url="ds:///vmfs/volumes/pool/",
        type="VMFS",
        capacity=4096 * GIB,
        freeSpace=1024 * GIB,
        multipleHostAccess=True,
        accessible=True,
    )
    store = inventory.add(ref, name="pool%2f1", parent=folder.ref, summary=summary, vm=vim.VirtualMachine.Array([]))
    inventory.add_to(folder, "childEntity", ref)
    return store


def _networks(inventory: Inventory, folder: Entity) -> Iterator[Entity]:
    vlan = vim.dvs.VmwareDistributedVirtualSwitch.VlanIdSpec(vlanId=12, inherited=False)
    setting = vim.dvs.VmwareDistributedVirtualSwitch.VmwarePortConfigPolicy(vlan=vlan)
    group = complete(vim.dvs.DistributedVirtualPortgroup.ConfigInfo, name="tagged", defaultPortConfig=setting)
    for ref, name, more in (
        (vim.Network("network-11"), "VM Network", {}),
        (vim.dvs.DistributedVirtualPortgroup("dvportgroup-12"), "tagged", {"config": group}),
        (vim.OpaqueNetwork("network-o13"), "opaque", {}),
    ):
        empty = vim.VirtualMachine.Array([])
        made = inventory.add(ref, name=name, parent=folder.ref, vm=empty, host=vim.HostSystem.Array([]), **more)
        inventory.add_to(folder, "childEntity", ref)
        yield made


def _cluster(inventory: Inventory, folder: Entity, store: Entity, networks: list[Entity]) -> tuple[Entity, Entity]:
    ref, pool = vim.ClusterComputeResource("domain-c20"), vim.ResourcePool("resgroup-21")
    cluster = inventory.add(
        ref,
        name="cluster",
        parent=folder.ref,
        resourcePool=pool,
        host=vim.HostSystem.Array([]),
        datastore=vim.Datastore.Array([store.ref]),
        network=vim.Network.Array([each.ref for each in networks]),
    )
    made = inventory.add(
        pool,
        name="Resources",
        parent=ref,
        owner=ref,
        resourcePool=vim.ResourcePool.Array([]),
        vm=vim.VirtualMachine.Array([]),
    )
    inventory.add_to(folder, "childEntity", ref)
    return cluster, made


def _host(
    inventory: Inventory, number: int, cluster: Entity, store: Entity, networks: list[Entity], uuid: str
) -> Entity:
    ref, name = vim.HostSystem(f"host-{30 + number}"), f"esx-{number:02}.example.org"
    runtime = complete(
        vim.host.RuntimeInfo, connectionState="connected", powerState="poweredOn", inMaintenanceMode=False
    )
    product = complete(vim.AboutInfo, name="VMware ESXi", fullName="VMware ESXi 8.0.3", version="8.0.3")
    hardware = complete(
        vim.host.Summary.HardwareSummary, uuid=uuid, numCpuThreads=32, numCpuCores=16, memorySize=256 * GIB
    )
    return inventory.add(
        ref,
        name=name,
        parent=cluster.ref,
        runtime=runtime,
        config=complete(vim.host.ConfigInfo, product=product, network=_addresses(f"10.1.0.{10 + number}")),
        hardware=_hardware(uuid),
        summary=complete(
            vim.host.Summary,
            host=ref,
            hardware=hardware,
            config=complete(vim.host.Summary.ConfigSummary, name=name, port=443, product=product),
            quickStats=complete(vim.host.Summary.QuickStats, overallMemoryUsage=8192),
            runtime=runtime,
        ),
        vm=vim.VirtualMachine.Array([]),
        datastore=vim.Datastore.Array([store.ref]),
        network=vim.Network.Array([each.ref for each in networks]),
    )


def _addresses(ip: str) -> Any:
    """A host's network with one address."""
    spec = complete(vim.host.VirtualNic.Specification, ip=vim.host.IpConfig(dhcp=False, ipAddress=ip))
    return complete(vim.host.NetworkInfo, vnic=[complete(vim.host.VirtualNic, device="vmk0", key="vmk0", spec=spec)])


def _hardware(uuid: str) -> Any:
    """A host's hardware, which its summary repeats."""
    return complete(
        vim.host.HardwareInfo,
        systemInfo=complete(vim.host.SystemInfo, uuid=uuid),
        cpuInfo=complete(vim.host.CpuInfo, numCpuThreads=32, numCpuCores=16),
        memorySize=256 * GIB,
    )
