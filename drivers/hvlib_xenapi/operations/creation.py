"""Creation of VMs from templates."""

from __future__ import annotations

from contextlib import suppress
from xml.etree import ElementTree

from hvlib.driver import Done, Started
from hvlib.model import actions
from hvlib.model.errors import HvlibError, Unsupported
from hvlib.model.resources import VM
from hvlib_xenapi.operations.attachment import attach_network, attach_volume
from hvlib_xenapi.operations.removal import clear_away
from hvlib_xenapi.operations.resizing import resize
from hvlib_xenapi.operations.steps import Steps
from hvlib_xenapi.values import is_null

__all__ = ["create_vm"]

DISKS = "disks"
"""The key in a template's other_config that says which disks VM.provision makes, in XML."""


def create_vm(steps: Steps, create: actions.CreateVM) -> Done | Started:
    """VM.clone (with a storage pool VM.copy), settings, VM.provision; if it is to start VM.start, which is the task.

    What fails before the start leaves nothing.
    """
    if create.flavor is not None or create.user_data is not None:
        raise Unsupported("XenAPI has no flavors and takes no user data", hint="vcpus= and memory_bytes=")
    copying, vm = _begin_copy(steps, create), ""
    try:
        vm = steps.outcome(copying)
        _prepare(steps, vm, create)
        steps.run("VM.provision", vm)
        result = steps.client.context.ref(VM, vm)
        if not create.start:
            return Done(result)
        if create.host is None:
            return steps.start("VM.start", vm, False, False, result=result)
        return steps.start("VM.start_on", vm, create.host.id, False, False, result=result)
    except BaseException:
        with suppress(HvlibError):
            if made := vm or steps.cancel(copying):
                clear_away(steps, made)
        raise


def _begin_copy(steps: Steps, create: actions.CreateVM) -> str:
    """The task."""
    if create.pool is None:
        return steps.begin("VM.clone", create.image.id, create.name_label)
    return steps.begin("VM.copy", create.image.id, create.name_label, create.pool.id)


def _prepare(steps: Steps, vm: str, create: actions.CreateVM) -> None:
    _place_disks(steps, vm, create)
    if create.vcpus is not None or create.memory_bytes is not None:
        resize(steps, vm, create.vcpus, create.memory_bytes)
    if create.host is not None:
        steps.call("VM.set_affinity", vm, create.host.id)
    if create.networks:
        for interface in steps.find("VIF", f'field "VM" = "{vm}"', "device"):
            steps.call("VIF.destroy", interface)
    for network in create.networks:
        attach_network(steps, vm, network.id, running=False)
    for volume in create.volumes:
        attach_volume(steps, vm, volume.id, running=False)
    for field, value in (create.native or {}).items():
        steps.call(f"VM.set_{field}", vm, value)


def _place_disks(steps: Steps, vm: str, create: actions.CreateVM) -> None:
    """Say where VM.provision makes the disks that the template describes."""
    config = steps.record("VM", vm, "other_config").other_config
    if DISKS not in config:
        return
    storage = steps.login.default_storage if create.pool is None else create.pool.id
    root = ElementTree.fromstring(config[DISKS])
    for disk in root.iter("disk"):
        if (create.pool is not None or not disk.get("sr")) and not is_null(storage):
            disk.set("sr", steps.record("SR", storage, "uuid").uuid)
    provision = ElementTree.tostring(root, encoding="unicode")
    steps.call("VM.set_other_config", vm, {**config, DISKS: provision})
