"""Creation of VMs from templates."""

from __future__ import annotations

from functools import partial
from xml.etree import ElementTree

from hvlib.model import actions
from hvlib.model.errors import ProtocolError
from hvlib.model.ref import Ref
from hvlib.model.resources import VM
from hvlib_xenapi.operations.attachment import attach_network, attach_volume
from hvlib_xenapi.operations.calls import Calls
from hvlib_xenapi.operations.removal import clear_away
from hvlib_xenapi.operations.resizing import resize
from hvlib_xenapi.values import is_null

__all__ = ["create_vm"]

DISKS = "disks"
"""The key in a template's other_config that says which disks VM.provision makes, in XML."""


def create_vm(calls: Calls, create: actions.CreateVM) -> Ref:
    """VM.clone (with a storage pool VM.copy), settings, VM.provision; if it is to start VM.start."""
    image, name = create.image.id, create.name_label
    message, where = ("VM.clone", []) if create.pool is None else ("VM.copy", [create.pool.id])
    made = calls.run(message, image, name, *where, undo=partial(_remove, calls))
    if made is None:
        raise ProtocolError(f"{message} made no VM")
    # The server's record says what was copied, which is no template any more.
    vm = made.id
    _prepare(calls, vm, create)
    calls.run("VM.provision", vm)
    if create.start and create.host is None:
        calls.run("VM.start", vm, False, False)
    elif create.start and create.host is not None:
        calls.run("VM.start_on", vm, create.host.id, False, False)
    return calls.client.context.ref(VM, vm)


def _remove(calls: Calls, made: Ref) -> None:
    clear_away(calls, made.id)


def _prepare(calls: Calls, vm: str, create: actions.CreateVM) -> None:
    _place_disks(calls, vm, create)
    if create.vcpus is not None or create.memory_bytes is not None:
        resize(calls, vm, create.vcpus, create.memory_bytes)
    if create.host is not None:
        calls.call("VM.set_affinity", vm, create.host.id)
    if create.networks:
        for interface in calls.find("VIF", f'field "VM" = "{vm}"', "device"):
            calls.call("VIF.destroy", interface)
    for network in create.networks:
        attach_network(calls, vm, network.id, running=False)
    for volume in create.volumes:
        attach_volume(calls, vm, volume.id, running=False)
    for field, value in (create.native or {}).items():
        calls.call(f"VM.set_{field}", vm, value)


def _place_disks(calls: Calls, vm: str, create: actions.CreateVM) -> None:
    """Say where VM.provision makes the disks that the template describes."""
    config = calls.record("VM", vm, "other_config").other_config
    if DISKS not in config:
        return
    storage = calls.client.login.default_storage if create.pool is None else create.pool.id
    root = ElementTree.fromstring(config[DISKS])
    for disk in root.iter("disk"):
        if (create.pool is not None or not disk.get("sr")) and not is_null(storage):
            disk.set("sr", calls.record("SR", storage, "uuid").uuid)
    provision = ElementTree.tostring(root, encoding="unicode")
    calls.call("VM.set_other_config", vm, {**config, DISKS: provision})
