"""Disks, interfaces and networks, and the errors of forbidden operations.

What is asserted follows the server's source (ocaml/xapi/xapi_vbd.ml, xapi_vdi.ml, xapi_vif.ml, xapi_network.ml),
or what a test cites.
"""

from __future__ import annotations

import pytest
from drivers.xapi_simulator.clients.held import Held
from drivers.xapi_simulator.clients.plain import Background, Client, until

NULL = "OpaqueRef:NULL"
GIB = 2**30


def make_disk(client: Client, size: int = GIB) -> str:
    (pool,) = client("pool.get_all_records").values()
    record = {"name_label": "disk", "SR": pool["default_SR"], "virtual_size": size, "type": "user", "sharable": False}
    return str(client("VDI.create", {**record, "read_only": False, "other_config": {}}))


def make_vbd(client: Client, vm: str, disk: str, **fields: object) -> str:
    return str(client("VBD.create", vbd_record(vm, disk, **fields)))


def vbd_record(vm: str, disk: str, **fields: object) -> dict[str, object]:
    record = {"VM": vm, "VDI": disk, "userdevice": "autodetect", "bootable": False, "mode": "RW", "type": "Disk"}
    rest = {"empty": False, "other_config": {}, "qos_algorithm_type": "", "qos_algorithm_params": {}}
    return {**record, **rest, **fields}


def vif_record(vm: str, network: str, device: str, mac: str = "") -> dict[str, object]:
    record = {"VM": vm, "network": network, "device": device, "MAC": mac, "MTU": 1500, "other_config": {}}
    return {**record, "qos_algorithm_type": "", "qos_algorithm_params": {}}


def test_a_disk(client: Client) -> None:
    (pool,) = client("pool.get_all_records").values()
    allocated = client("SR.get_virtual_allocation", pool["default_SR"])
    disk = make_disk(client)
    assert client("SR.get_virtual_allocation", pool["default_SR"]) == allocated + GIB
    assert disk in client("SR.get_VDIs", pool["default_SR"])
    client("VDI.resize", disk, 2 * GIB)
    assert client("VDI.get_virtual_size", disk) == 2 * GIB
    assert client("VDI.get_snapshot_of", client("VDI.snapshot", disk)) == disk
    assert client("VDI.get_snapshot_of", client("VDI.clone", disk)) == NULL
    client("VDI.destroy", disk)
    assert client.refused("VDI.get_record", disk)[0] == "HANDLE_INVALID"


def test_full_and_unreachable_repositories(client: Client) -> None:
    """ocaml/xapi/sm.ml, assert_pbd_is_plugged."""
    (pool,) = client("pool.get_all_records").values()
    record = {"SR": pool["default_SR"], "type": "user", "sharable": False, "read_only": False, "other_config": {}}
    assert client.refused("VDI.create", {**record, "virtual_size": 2**60})[0] == "SR_FULL"
    for attachment in client("SR.get_PBDs", pool["default_SR"]):
        client.simulator.administrator.write("PBD", attachment, {"currently_attached": False})
    assert client.refused("VDI.create", {**record, "virtual_size": 1}) == ["SR_NO_PBDS", pool["default_SR"]]


def test_hot_plugging_a_disk(client: Client) -> None:
    """ocaml/xapi/xapi_vbd_helpers.ml, valid_operations."""
    vm = client.vm("Running")
    vbd = make_vbd(client, vm, make_disk(client))
    assert client("VBD.get_userdevice", vbd) == "1"
    assert client.refused("VBD.unplug", vbd) == ["DEVICE_ALREADY_DETACHED", vbd]
    assert "plug" in client("VBD.get_allowed_operations", vbd)
    client("VBD.plug", vbd)
    assert client("VBD.get_device", vbd) == "xvdb"
    assert client.refused("VBD.plug", vbd) == ["DEVICE_ALREADY_ATTACHED", vbd]
    assert client.refused("VBD.destroy", vbd)[0] == "OPERATION_NOT_ALLOWED"
    client("VBD.unplug", vbd)
    client("VBD.destroy", vbd)


def test_no_disk_is_plugged_into_a_machine_that_is_off(client: Client) -> None:
    vm = client.vm()
    vbd = make_vbd(client, vm, make_disk(client))
    assert client.refused("VBD.plug", vbd) == ["VM_BAD_POWER_STATE", vm, "running", "halted"]


def test_disks_are_not_shared(client: Client) -> None:
    """ocaml/xapi/xapi_vbd_helpers.ml: unless they are sharable, or all users only read."""
    disk = make_disk(client)
    first, second = (make_vbd(client, client.vm("Running"), disk, userdevice=device) for device in ("5", "6"))
    client("VBD.plug", first)
    assert client.refused("VBD.plug", second) == ["VDI_IN_USE", disk]
    client("VDI.set_sharable", disk, True)
    client("VBD.plug", second)


def test_a_disk_in_use(client: Client) -> None:
    """ocaml/xapi/xapi_vdi.ml, check_operation_error."""
    disk = make_disk(client)
    client("VBD.plug", make_vbd(client, client.vm("Running"), disk))
    assert client.refused("VDI.destroy", disk) == ["VDI_IN_USE", disk, "destroy"]
    assert client.refused("VDI.resize", disk, 2 * GIB) == ["VDI_IN_USE", disk, "resize"]
    client("VDI.resize_online", disk, 2 * GIB)
    client("VDI.snapshot", disk)
    assert "destroy" not in client("VDI.get_allowed_operations", disk)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"userdevice": "0"}, "DEVICE_ALREADY_EXISTS"),
        ({"userdevice": "x"}, "INVALID_DEVICE"),
        ({"type": "CD"}, "VBD_CDS_MUST_BE_READONLY"),
        ({"empty": True}, "VBD_NOT_REMOVABLE_MEDIA"),
        ({"VM": "OpaqueRef:none"}, "HANDLE_INVALID"),
        ({"VDI": "OpaqueRef:none"}, "HANDLE_INVALID"),
    ],
)
def test_errors_of_vbd_create(client: Client, fields: dict[str, object], code: str) -> None:
    """ocaml/xapi/xapi_vbd.ml, create."""
    record = vbd_record(client.vm(), make_disk(client), **fields)
    assert client.refused("VBD.create", record)[0] == code


def test_a_cd_drive(client: Client) -> None:
    """ocaml/xapi/xapi_vbd_helpers.ml: empty drives cannot be ejected, full ones accept no other CD."""
    drives = client("VBD.get_all_records_where", f'field "VM" = "{client.vm()}" and field "type" = "CD"')
    (drive,) = drives
    disk = make_disk(client)
    assert client.refused("VBD.eject", drive) == ["VBD_IS_EMPTY", drive]
    client("VBD.insert", drive, disk)
    assert client.refused("VBD.insert", drive, disk) == ["VBD_NOT_EMPTY", drive]
    client("VBD.eject", drive)
    assert client("VBD.get_VDI", drive) == NULL


def test_interfaces_and_networks(client: Client) -> None:
    """ocaml/xapi/xapi_vif_helpers.ml, xapi_network.ml."""
    vm = client.vm("Running")
    network = client("network.create", {"name_label": "n", "name_description": "", "other_config": {}, "tags": []})
    assert client("network.get_bridge", network) == "xapi0"
    vif = client("VIF.create", vif_record(vm, network, "1"))
    assert client("VIF.get_MAC", vif).startswith("02:")
    client("VIF.plug", vif)
    assert client.refused("network.destroy", network) == ["NETWORK_CONTAINS_VIF", vif]
    assert client.refused("VIF.destroy", vif)[0] == "OPERATION_NOT_ALLOWED"
    client("VIF.unplug", vif)
    client("VIF.destroy", vif)
    client("network.destroy", network)
    (physical, *_) = client("network.get_all_where", 'field "bridge" = "xenbr0"')
    client("network.set_MTU", physical, 9000)
    assert client.refused("network.destroy", physical)[0] in ("NETWORK_CONTAINS_VIF", "NETWORK_CONTAINS_PIF")


@pytest.mark.parametrize(
    ("device", "mac", "code"),
    [("0", "", "DEVICE_ALREADY_EXISTS"), ("x", "", "INVALID_DEVICE"), ("1", "x", "MAC_INVALID")],
)
def test_errors_of_vif_create(client: Client, device: str, mac: str, code: str) -> None:
    (network, *_) = client("network.get_all")
    assert client.refused("VIF.create", vif_record(client.vm(), network, device, mac))[0] == code


def test_a_vlan(client: Client) -> None:
    """ocaml/xapi/xapi_pool.ml, create_VLAN_from_PIF: one for each host."""
    network = client("network.create", {"name_label": "v", "name_description": "", "other_config": {}, "tags": []})
    (pif, *_) = client("PIF.get_all")
    made = client("pool.create_VLAN_from_PIF", pif, network, 42)
    assert set(client("network.get_PIFs", network)) == set(made)
    assert len(made) == 3
    assert {client("PIF.get_VLAN", ref) for ref in made} == {42}
    assert client.refused("pool.create_VLAN_from_PIF", pif, network, 5000) == ["VLAN_TAG_INVALID", "5000"]


def test_a_disk_moves_to_another_repository(client: Client) -> None:
    """ocaml/xapi/xapi_vm_migrate.ml, vdi_pool_migrate: the moved disk is another object."""
    vm = client.vm("Running")
    (local, *_) = client("SR.get_all_where", 'field "shared" = "false"')
    disk = next(disk for disk in (client("VBD.get_VDI", vbd) for vbd in client("VM.get_VBDs", vm)) if disk != NULL)
    moved = client("VDI.pool_migrate", disk, local, {})
    assert moved != disk
    assert client("VDI.get_SR", moved) == local
    assert moved in {client("VBD.get_VDI", vbd) for vbd in client("VM.get_VBDs", vm)}
    assert client.refused("VDI.get_record", disk)[0] == "HANDLE_INVALID"
    alone = make_disk(client)
    assert client.refused("VDI.pool_migrate", alone, local, {}) == ["VDI_NEEDS_VM_FOR_MIGRATE", alone]


def test_a_machine_moves_with_its_disks(client: Client) -> None:
    vm = client.vm("Running")
    target = next(host for host in client("host.get_all") if host != client("VM.get_resident_on", vm))
    (network, *_) = client("network.get_all_where", 'field "bridge" = "xenbr0"')
    destination = client("host.migrate_receive", target, network, {})
    (local,) = {client("PBD.get_SR", pbd) for pbd in client("host.get_PBDs", target)} - {
        client("pool.get_default_SR", client("pool.get_all")[0])
    }
    disk = next(disk for disk in (client("VBD.get_VDI", vbd) for vbd in client("VM.get_VBDs", vm)) if disk != NULL)
    assert client("VM.migrate_send", vm, destination, True, {disk: local}, {}, {}) == vm
    assert client("VM.get_resident_on", vm) == target
    assert local in {client("VDI.get_SR", d) for d in map_disks(client, vm)}


def map_disks(client: Client, vm: str) -> list[str]:
    disks = [client("VBD.get_VDI", vbd) for vbd in client("VM.get_VBDs", vm)]
    return [disk for disk in disks if disk != NULL]


def test_repositories(client: Client) -> None:
    """ocaml/xapi/xapi_sr.ml, xapi_pbd.ml."""
    (host, *_) = client("host.get_all")
    arguments = ("made", "", "nfs", "user", True, {})
    repository = client("SR.create", host, {"server": "x"}, 10 * GIB, *arguments)
    attachments = client("SR.get_PBDs", repository)
    assert len(attachments) == 3
    assert client.refused("SR.forget", repository) == ["SR_HAS_PBD", repository]
    for attachment in attachments:
        client("PBD.unplug", attachment)
    client("PBD.plug", attachments[0])
    client("PBD.unplug", attachments[0])
    client("SR.destroy", repository)
    assert client.refused("SR.create", host, {}, 1, "x", "", "none", "user", False, {}) == ["SR_UNKNOWN_DRIVER", "none"]


def test_a_repository_in_use_stays_attached(client: Client) -> None:
    vm = client.vm("Running")
    host = client("VM.get_resident_on", vm)
    (pool,) = client("pool.get_all_records").values()
    pbds = set(client("host.get_PBDs", host)) & set(client("SR.get_PBDs", pool["default_SR"]))
    assert client.refused("PBD.unplug", pbds.pop())[0] == "VDI_IN_USE"


def test_operations_on_a_disk_are_listed_and_waited_for(client: Client, held: Held) -> None:
    """ocaml/xapi/message_forwarding.ml, with_sr_andor_vdi."""
    settings = client.simulator.pool.settings
    disk = make_disk(client)
    held.hold()
    task = client("Async.VDI.snapshot", disk)
    until(lambda: client("VDI.get_current_operations", disk) == {task: "snapshot"})
    assert client("VDI.get_allowed_operations", disk) == []
    settings.patience = 0.0
    assert client.refused("VDI.destroy", disk) == ["OTHER_OPERATION_IN_PROGRESS", "VDI", disk, "snapshot", task]
    settings.patience = 20.0
    destroying = Background(lambda: client("VDI.destroy", disk))
    held.release()
    assert destroying.result() == ""
    assert client.finished(task)["status"] == "success"
