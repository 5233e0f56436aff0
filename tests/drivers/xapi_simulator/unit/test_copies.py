"""Copies of VMs: clones, machines from templates, snapshots, checkpoints.

What is asserted follows the server's source (ocaml/xapi/xapi_vm_clone.ml, xapi_vm_snapshot.ml), or what a test cites.
"""

from __future__ import annotations

from typing import Any

from drivers.xapi_simulator.clients.plain import Client
from hvlib_xapi_simulator.machines import DISK_TEMPLATE

NULL = "OpaqueRef:NULL"


def record_of(client: Client, vm: str) -> dict[str, Any]:
    return dict(client("VM.get_record", vm))


def test_a_clone_has_disks_of_its_own(client: Client) -> None:
    """ocaml/xapi/xapi_vm_clone.ml, copy_vm_record."""
    vm = client.vm()
    clone = client("VM.clone", vm, "clone")
    record, source = record_of(client, clone), record_of(client, vm)
    assert record["name_label"] == "clone"
    assert record["uuid"] != source["uuid"]
    disks = {client("VBD.get_VDI", vbd) for vbd in record["VBDs"]} - {NULL}
    assert disks
    assert disks.isdisjoint(client("VBD.get_VDI", vbd) for vbd in source["VBDs"])
    assert record["other_config"]["mac_seed"] != source["other_config"]["mac_seed"]
    assert not record["is_a_snapshot"]
    client("VM.start", clone, False, False)


def test_a_template_becomes_a_machine(client: Client) -> None:
    """ocaml/xapi/xapi_vm.ml, provision; xapi_vm_clone.ml: the template's name is kept."""
    template = client.named("VM", DISK_TEMPLATE)
    vm = client("VM.clone", template, "made")
    assert client("VM.get_is_a_template", vm)
    client("VM.provision", vm)
    record = record_of(client, vm)
    assert not record["is_a_template"]
    assert record["other_config"]["base_template_name"] == DISK_TEMPLATE
    client("VM.start", vm, False, False)


def test_snapshots(client: Client) -> None:
    """ocaml/xapi/xapi_vm_clone.ml: the snapshot is the VM's parent, and its disks are snapshots too."""
    vm = client.vm("Running")
    first = client("VM.snapshot", vm, "first")
    second = client("VM.snapshot", vm, "second")
    assert set(client("VM.get_snapshots", vm)) == {first, second}
    assert (client("VM.get_parent", vm), client("VM.get_parent", second)) == (second, first)
    record = record_of(client, first)
    assert (record["power_state"], record["is_a_template"], record["is_a_snapshot"]) == ("Halted", True, True)
    assert record["snapshot_info"] == {"power-state-at-snapshot": "Running", "disk-snapshot-type": "crash_consistent"}
    disks = [client("VBD.get_VDI", vbd) for vbd in record["VBDs"]]
    assert all(client("VDI.get_is_a_snapshot", disk) for disk in disks if disk != NULL)
    client("VM.destroy", second)
    assert client("VM.get_parent", vm) == first


def test_a_snapshot_without_some_disks(client: Client) -> None:
    vm = client.vm()
    disks = [client("VBD.get_VDI", vbd) for vbd in client("VM.get_VBDs", vm)]
    snapshot = client("VM.snapshot", vm, "s", [disk for disk in disks if disk != NULL])
    assert len(client("VM.get_VBDs", snapshot)) == 1


def test_revert(client: Client) -> None:
    """ocaml/xapi/message_forwarding.ml, revert: a VM that runs is switched off first."""
    vm = client.vm("Running")
    name, disks = client("VM.get_name_label", vm), client("VM.get_VBDs", vm)
    snapshot = client("VM.snapshot", vm, "s")
    client("VM.set_name_label", vm, "renamed")
    client("VM.revert", snapshot)
    record = record_of(client, vm)
    assert (record["name_label"], record["power_state"], record["parent"]) == (name, "Halted", snapshot)
    assert set(record["VBDs"]).isdisjoint(disks)
    assert len(record["VBDs"]) == len(disks)


def test_a_checkpoint_keeps_memory(client: Client) -> None:
    """ocaml/xapi/xapi_vm_snapshot.ml, checkpoint."""
    vm = client.vm("Running")
    checkpoint = client("VM.checkpoint", vm, "c")
    assert client("VM.get_power_state", vm) == "Running"
    assert client("VM.get_power_state", checkpoint) == "Suspended"
    client("VM.revert", checkpoint)
    assert client("VM.get_power_state", vm) == "Suspended"
    client("VM.resume", vm, False, False)
