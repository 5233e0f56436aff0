"""Creation of VMs from templates."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree

from hvlib.model import actions
from hvlib.model.errors import HvlibError, InvalidState, NotFound, ProtocolError
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Image, Resource
from hvlib_xenapi.operations.attachment import attach_network, attach_volume
from hvlib_xenapi.operations.calls import Calls
from hvlib_xenapi.operations.removal import clear_away
from hvlib_xenapi.operations.resizing import resize
from hvlib_xenapi.values import is_null
from hvlib_xenapi.vm_class import FLAGS, kind_of

__all__ = ["create_vm"]

DISKS = "disks"
"""The key in a template's other_config that describes, in XML, the disks that VM.provision makes."""


def create_vm(calls: Calls, create: actions.CreateVM) -> Ref:
    """VM.clone (VM.copy if a storage pool is named), the settings, VM.provision, and VM.start if the VM is to start."""
    image, name = create.image.id, create.name_label
    message, where = ("VM.clone", []) if create.pool is None else ("VM.copy", [create.pool.id])
    kinds: tuple[type[Resource], ...] = (Image,)
    made = calls.run(message, image, name, *where, undo=lambda made: _remove(calls, made.id, kinds))
    if made is None:
        raise ProtocolError(f"{message} made no VM")
    vm = made.id
    _prepare(calls, vm, create)
    kinds = (Image, VM)  # Until VM.provision, the copy of a template is a template too.
    calls.run("VM.provision", vm)
    kinds = (VM,)
    if create.start and create.host is None:
        calls.run("VM.start", vm, False, False)
    elif create.start and create.host is not None:
        calls.run("VM.start_on", vm, create.host.id, False, False)
    return calls.client.context.ref(VM, vm)


def _remove(calls: Calls, vm: str, kinds: Sequence[type[Resource]]) -> None:
    """`clear_away`; if the VM runs, VM.hard_shutdown and `clear_away`.

    If that fails, the error's ``left`` also names the object: by its kind, or by all ``kinds`` if it can't be read.
    """
    try:
        try:
            clear_away(calls, vm)
        except InvalidState as error:
            if error.left or calls.record("VM", vm, "power_state").power_state == "Halted":
                raise
            calls.run("VM.hard_shutdown", vm)
            clear_away(calls, vm)
    except HvlibError as error:
        error.left = [*(calls.client.context.ref(kind, vm) for kind in _kinds_now(calls, vm, kinds)), *error.left]
        raise


def _kinds_now(calls: Calls, vm: str, kinds: Sequence[type[Resource]]) -> Sequence[type[Resource]]:
    try:
        kind = kind_of(calls.record("VM", vm, *FLAGS))
    except NotFound:
        return []
    except HvlibError:
        return kinds
    return [] if kind is None else [kind]


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
    """Set the SR in which VM.provision makes each disk that the template describes."""
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
