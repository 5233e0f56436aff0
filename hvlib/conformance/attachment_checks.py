"""A check for each action that gives a VM a volume or a network, or takes it."""

from __future__ import annotations

from typing import Any

import hvlib
from hvlib.conformance.acting import PATIENCE, Acting, refused
from hvlib.model import actions
from hvlib.model.resources import VM, Network, Resource, Volume

__all__ = ["attach_network", "attach_volume", "detach_network", "detach_volume"]


def attach_volume(acting: Acting) -> None:
    vm, other = acting.halted(), acting.halted()
    volume = acting.other(Volume, lambda volume: not volume.vms)
    assert volume.ref in vm.attach_volume(volume).wait(timeout=PATIENCE).volumes
    assert volume.refresh().vms == (vm.ref,)
    _has(acting, vm, "volumes", volume)
    acting.shows(volume, vms=(vm.ref.id,))
    with refused(hvlib.Conflict, hvlib.InvalidState):
        other.attach_volume(volume).wait(timeout=PATIENCE)
    if acting.declares(VM, actions.Delete):
        # Attached apart: it stays.
        vm.delete().wait(timeout=PATIENCE)
        assert volume.refresh().vms == ()
        acting.shows(volume, vms=())


def detach_volume(acting: Acting) -> None:
    vm = acting.halted()
    volume = acting.other(Volume, lambda volume: not volume.vms)
    vm.attach_volume(volume).wait(timeout=PATIENCE)
    assert volume.ref not in vm.detach_volume(volume).wait(timeout=PATIENCE).volumes
    assert volume.refresh().vms == ()
    _has_not(acting, vm, "volumes", volume)
    acting.shows(volume, vms=())


def attach_network(acting: Acting) -> None:
    vm = acting.halted()
    network = acting.other(Network, lambda network: network.ref not in vm.networks)
    assert network.ref in vm.attach_network(network).wait(timeout=PATIENCE).networks
    _has(acting, vm, "networks", network)


def detach_network(acting: Acting) -> None:
    vm = acting.halted()
    network = acting.other(Network, lambda network: network.ref not in vm.networks)
    vm.attach_network(network).wait(timeout=PATIENCE)
    assert network.ref not in vm.detach_network(network).wait(timeout=PATIENCE).networks
    _has_not(acting, vm, "networks", network)


def _has(acting: Acting, vm: hvlib.VM, field: str, part: Resource) -> None:
    told: Any = acting.fields(vm).get(field)
    assert told is None or part.ref.id in told


def _has_not(acting: Acting, vm: hvlib.VM, field: str, part: Resource) -> None:
    told: Any = acting.fields(vm).get(field)
    assert told is None or part.ref.id not in told
