"""A check for each action that attaches a volume or a network to a VM, or detaches it."""

from __future__ import annotations

from typing import Any

import hvlib
from hvlib.conformance.acting import PATIENCE, Acting, refused
from hvlib.model import actions
from hvlib.model.resources import VM, Network, Resource, Volume

__all__ = ["attach_network", "attach_volume", "detach_network", "detach_volume"]


def attach_volume(acting: Acting) -> None:
    vm, other = acting.halted(), acting.halted()
    volume = acting.require(Volume, lambda volume: not volume.vms)
    assert volume.ref in vm.attach_volume(volume).wait(timeout=PATIENCE).volumes
    assert volume.refresh().vms == (vm.ref,)
    _check_has(acting, vm, "volumes", volume)
    acting.check_values(volume, vms=(vm.ref.id,))
    with refused(hvlib.Conflict, hvlib.InvalidState):
        other.attach_volume(volume).wait(timeout=PATIENCE)
    if acting.declares(VM, actions.Delete):
        # The volume was attached after the VM's creation, so it outlives the VM.
        vm.delete().wait(timeout=PATIENCE)
        assert volume.refresh().vms == ()
        acting.check_values(volume, vms=())


def detach_volume(acting: Acting) -> None:
    vm = acting.halted()
    volume = acting.require(Volume, lambda volume: not volume.vms)
    vm.attach_volume(volume).wait(timeout=PATIENCE)
    assert volume.ref not in vm.detach_volume(volume).wait(timeout=PATIENCE).volumes
    assert volume.refresh().vms == ()
    _check_has_not(acting, vm, "volumes", volume)
    acting.check_values(volume, vms=())


def attach_network(acting: Acting) -> None:
    vm = acting.halted()
    network = acting.require(Network, lambda network: network.ref not in vm.networks)
    assert network.ref in vm.attach_network(network).wait(timeout=PATIENCE).networks
    _check_has(acting, vm, "networks", network)


def detach_network(acting: Acting) -> None:
    vm = acting.halted()
    network = acting.require(Network, lambda network: network.ref not in vm.networks)
    vm.attach_network(network).wait(timeout=PATIENCE)
    assert network.ref not in vm.detach_network(network).wait(timeout=PATIENCE).networks
    _check_has_not(acting, vm, "networks", network)


def _check_has(acting: Acting, vm: hvlib.VM, field: str, part: Resource) -> None:
    ids: Any = acting.fields(vm).get(field)
    assert ids is None or part.ref.id in ids


def _check_has_not(acting: Acting, vm: hvlib.VM, field: str, part: Resource) -> None:
    ids: Any = acting.fields(vm).get(field)
    assert ids is None or part.ref.id not in ids
