"""The properties of a virtual machine, as the SDK's structures."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid4, uuid5

from servers.vcenter.inventory import Entity, complete
from servers.vcenter.sdk import vim

__all__ = ["machine_values"]

GIB = 1024 * 1024


def machine_values(ref: Any, name: str, folder: Any, pool: Any, host: Entity, config: Any) -> dict[str, Any]:
    """The properties of a new machine that is off, with a disk and a network card.

    | config: the ConfigSpec, or None
    """
    datastore, network = host.values["datastore"][0], host.values["network"][0]
    hardware = complete(vim.vm.VirtualHardware, numCPU=2, memoryMB=4096, device=_devices(ref, name, datastore, network))
    if config is not None:
        hardware.numCPU, hardware.memoryMB = config.numCPUs or 1, config.memoryMB or 512
    instance = str(uuid4())
    info = complete(
        vim.vm.ConfigInfo,
        name=name,
        uuid=str(uuid5(NAMESPACE_OID, instance)),
        instanceUuid=instance,
        template=False,
        guestId="debian12_64Guest",
        guestFullName="Debian GNU/Linux 12 (64-bit)",
        version="vmx-21",
        annotation=config.annotation if config is not None else None,
        createDate=datetime.now(UTC),
        hardware=hardware,
    )
    return {
        "name": name,
        "parent": folder,
        "resourcePool": pool,
        "datastore": vim.Datastore.Array([datastore]),
        "network": vim.Network.Array([network]),
        "config": info,
        "runtime": complete(vim.vm.RuntimeInfo, host=host.ref, powerState="poweredOff", connectionState="connected"),
        "guest": complete(vim.vm.GuestInfo, toolsRunningStatus="guestToolsNotRunning"),
        "summary": _summary(ref, name, info),
        "layoutEx": complete(
            vim.vm.FileLayoutEx,
            timestamp=datetime.now(UTC),
            disk=[vim.vm.FileLayoutEx.DiskLayout(key=2000, chain=[])],
        ),
        "snapshot": None,
        "rootSnapshot": vim.vm.Snapshot.Array([]),
        "overallStatus": "green",
    }


def _summary(ref: Any, name: str, info: Any) -> Any:
    config = complete(
        vim.vm.Summary.ConfigSummary,
        name=name,
        template=False,
        vmPathName=f"[pool] {name}/{name}.vmx",
        memorySizeMB=info.hardware.memoryMB,
        numCpu=info.hardware.numCPU,
        uuid=info.uuid,
        instanceUuid=info.instanceUuid,
        guestId=info.guestId,
        guestFullName=info.guestFullName,
        annotation=info.annotation,
    )
    storage = complete(vim.vm.Summary.StorageSummary, committed=3 * GIB * 1024, timestamp=datetime.now(UTC))
    return complete(vim.vm.Summary, vm=ref, config=config, storage=storage)


def _devices(ref: Any, name: str, datastore: Any, network: Any) -> list[Any]:
    kinds = vim.vm.device
    file = f"[{datastore._moId}] {name}/{name}.vmdk"
    backing = complete(
        kinds.VirtualDisk.FlatVer2BackingInfo,
        fileName=file,
        datastore=datastore,
        diskMode="persistent",
        uuid=str(uuid5(NAMESPACE_OID, ref._moId)),
    )
    card = complete(kinds.VirtualEthernetCard.NetworkBackingInfo, deviceName="VM Network", network=network)
    return [
        complete(kinds.VirtualIDEController, key=200, busNumber=0),
        complete(
            kinds.VirtualDisk,
            key=2000,
            controllerKey=200,
            capacityInKB=16 * GIB,
            capacityInBytes=16 * GIB * 1024,
            backing=backing,
            deviceInfo=vim.Description(label="Hard disk 1", summary="16 GB"),
        ),
        complete(
            kinds.VirtualVmxnet3,
            key=4000,
            macAddress="00:50:56:00:00:01",
            backing=card,
            deviceInfo=vim.Description(label="Network adapter 1", summary="VM Network"),
        ),
    ]
