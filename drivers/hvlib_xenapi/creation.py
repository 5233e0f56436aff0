"""Creation of VMs from templates."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from hvlib import actions
from hvlib.driver import Started
from hvlib.errors import HvlibError, Unsupported
from hvlib.resources import VM
from hvlib_xenapi.attachment import attach_network, attach_volume, find
from hvlib_xenapi.removal import own_disks
from hvlib_xenapi.sizes import resize
from hvlib_xenapi.values import is_null

if TYPE_CHECKING:
    from hvlib_xenapi.session import XenAPISession

__all__ = ["create_vm"]

DISKS = "disks"
"""The key in a template's other_config that says which disks VM.provision makes, in XML."""


def create_vm(session: XenAPISession, create: actions.CreateVM) -> Started:
    """VM.clone (with a storage pool VM.copy), settings, VM.provision, VM.start; the last is the task.

    What fails before that leaves nothing.
    """
    if create.flavor is not None or create.user_data is not None:
        raise Unsupported("XenAPI has no flavors and takes no user data", hint="vcpus= and memory_bytes=")
    vm = _copy(session, create)
    result = session.context.ref(VM, vm)
    try:
        _prepare(session, vm, create)
        if not create.start:
            return session.start_task("VM.provision", vm, result=result)
        session.call("VM.provision", vm)
        if create.host is None:
            return session.start_task("VM.start", vm, False, False, result=result)
        return session.start_task("VM.start_on", vm, create.host.id, False, False, result=result)
    except BaseException:
        with suppress(HvlibError):
            _undo(session, vm)
        raise


def _copy(session: XenAPISession, create: actions.CreateVM) -> str:
    if create.pool is None:
        vm: str = session.call("VM.clone", create.image.id, create.name_label)
    else:
        vm = session.call("VM.copy", create.image.id, create.name_label, create.pool.id)
    return vm


def _prepare(session: XenAPISession, vm: str, create: actions.CreateVM) -> None:
    _place_disks(session, vm, create)
    if create.vcpus is not None or create.memory_bytes is not None:
        resize(session, vm, create.vcpus, create.memory_bytes)
    if create.host is not None:
        session.call("VM.set_affinity", vm, create.host.id)
    if create.networks:
        for interface in find(session, "VIF", f'field "VM" = "{vm}"', "device"):
            session.call("VIF.destroy", interface)
    for network in create.networks:
        attach_network(session, vm, network.id, running=False)
    for volume in create.volumes:
        attach_volume(session, vm, volume.id, running=False)
    for field, value in (create.native or {}).items():
        session.call(f"VM.set_{field}", vm, value)


def _place_disks(session: XenAPISession, vm: str, create: actions.CreateVM) -> None:
    """Say where VM.provision makes the disks that the template describes."""
    config = session.record("VM", vm, "other_config").other_config
    if DISKS not in config:
        return
    storage = session.current.default_storage if create.pool is None else create.pool.id
    root = ElementTree.fromstring(config[DISKS])
    for disk in root.iter("disk"):
        if (create.pool is not None or not disk.get("sr")) and not is_null(storage):
            disk.set("sr", session.record("SR", storage, "uuid").uuid)
    provision = ElementTree.tostring(root, encoding="unicode")
    session.call("VM.set_other_config", vm, {**config, DISKS: provision})


def _undo(session: XenAPISession, vm: str) -> None:
    disks = own_disks(session, vm, kept=())
    session.call("VM.destroy", vm)
    for disk in disks:
        session.call("VDI.destroy", disk)
