"""Cases: for each action that a driver may carry out in several requests, an example and its effect on the site."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import count
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

import hvlib
from hvlib.conformance.acting import GIB, PATIENCE, Acting
from hvlib.conformance.creation_checks import VLAN_ID
from hvlib.conformance.world import Changes, Object, World, unordered
from hvlib.model import actions
from hvlib.model.actions import Action
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Flavor, Host, Image, Network, PowerState, Resource, Snapshot, Volume

__all__ = ["CASES", "Case", "Example"]

NAMES = count()
PREFIX = "conformance in steps"

NEW = "new"
"""Stands for the identifier of a new object."""


class Example(NamedTuple):
    """An action, its target, and what it does when it is carried out.

    | made: the fields of the objects that it makes, by kind; without the volumes of a new VM
    | gone: the objects that it deletes
    | values: the new values of objects' fields; `NEW` stands for an object that it makes
    | replaced: volumes in whose place others may be afterwards
    | goal: whether the site has what the fields do not show
    """

    target: Ref | None
    action: Action
    made: Mapping[str, Mapping[str, object]] = {}
    gone: Iterable[Ref] = ()
    values: Mapping[Ref, Mapping[str, object]] = {}
    replaced: Iterable[Ref] = ()
    goal: Callable[[], bool] = lambda: True

    def is_done(self, changes: Changes, now: World, left: Collection[Object] = ()) -> bool:
        """Whether ``changes`` are what the action does and nothing else, apart from objects that are ``left``."""
        others = {object: fields for object, fields in changes.new.items() if not self._replaces(fields)}
        made = {object.kind: fields for object, fields in others.items()}
        gone = changes.gone.keys() - {Object.of(ref) for ref in self.replaced}
        new = {object.id for object in changes.new}
        return (
            made.keys() == self.made.keys()
            and len(made) == len(others)
            and gone == {Object.of(ref) for ref in self.gone} - set(left)
            and all(_has(made[kind], fields) for kind, fields in self.made.items())
            and all(self._is_so(ref, now, left, new) for ref in self.values)
            and changes.old() <= self.objects
            and self.goal()
        )

    def _is_so(self, ref: Ref, now: World, left: Collection[Object], new: Collection[str]) -> bool:
        """Whether an object has its new values, or is ``left``."""
        object = Object.of(ref)
        return object in left or _has(now.objects.get(object, {}), self.values[ref], new)

    def _replaces(self, fields: Mapping[str, Any]) -> bool:
        """Whether an object is a volume in place of a replaced one."""
        return bool(self.replaced) and self.target is not None and fields.get("vms") == {self.target.id}

    @property
    def objects(self) -> set[Object]:
        """The objects that the action may change or delete."""
        target = () if self.target is None else (self.target,)
        return {Object.of(ref) for ref in (*target, *self.gone, *self.values, *self.replaced)}


class Case(NamedTuple):
    """How to make an example.

    | power_states: those that its VM may have; the first is preferred. Empty: it has no VM
    """

    example: Callable[[Acting, hvlib.VM], Example] | Callable[[Acting, None], Example]
    power_states: Sequence[PowerState] = ()


def new_name() -> str:
    """A name that no object of the site has."""
    return f"{PREFIX} {next(NAMES)}"


def first(acting: Acting, kind: type[Resource], fits: Callable[[Any], bool] = lambda _: True) -> Any:
    """The object of the kind that is taken each time: the largest image, the first one by name. None if none fits."""
    if not acting.serves(kind):
        return None

    def order(record: Any) -> tuple[int, str, str]:
        size: Any = acting.truth(record).get("size_bytes") if kind is Image else None
        return -(size or 0), record.name_label, record.ref.id

    fitting = [record for record in acting.provider.collection(kind.kind).get_all() if fits(record)]
    return min(fitting, key=order, default=None)


def create(acting: Acting, _: None) -> Example:
    """Create a VM that starts and has another volume, as far as the driver supports it."""
    creation = actions.CreateVM(new_name(), image=first(acting, Image).ref)
    if acting.serves(Flavor):
        creation = replace(creation, flavor=first(acting, Flavor).ref)
    if acting.supports(VM, None, started := replace(creation, start=True)):
        creation = started
    made = {VM.kind: {"name_label": creation.name_label, "power_state": "running" if creation.start else "halted"}}
    volume = first(acting, Volume, lambda volume: not volume.vms)
    if volume is not None and acting.supports(VM, None, full := replace(creation, volumes=(volume.ref,))):
        return Example(None, full, made, values={volume.ref: {"vms": (NEW,)}})
    return Example(None, creation, made)


def clone(_: Acting, vm: hvlib.VM) -> Example:
    name = new_name()
    return Example(vm.ref, actions.Clone(name), {VM.kind: {"name_label": name, "power_state": vm.power_state}})


def resize(acting: Acting, vm: hvlib.VM) -> Example:
    if acting.serves(Flavor):
        flavor = acting.require(Flavor, lambda flavor: flavor.memory_bytes not in (vm.memory_bytes, None))
        sizes = {"vcpus": flavor.vcpus, "memory_bytes": flavor.memory_bytes}
        return Example(vm.ref, actions.Resize(flavor=flavor.ref), values={vm.ref: sizes})
    sizes = {"vcpus": (vm.vcpus or 0) + 2, "memory_bytes": (vm.memory_bytes or 0) + GIB}
    return Example(vm.ref, actions.Resize(**sizes), values={vm.ref: sizes})


def migrate(acting: Acting, vm: hvlib.VM) -> Example:
    """To another storage pool; if that is not supported, to another host, not live if that is supported."""
    pools = acting.pools(vm)
    pool = acting.find_other_pool(pools)
    if pool is not None and acting.supports(VM, vm.ref, there := actions.Migrate(pool=pool.ref)):
        wanted = {pool.ref.id} if pools else set()
        return Example(vm.ref, there, replaced=vm.volumes, goal=lambda: acting.pools(vm) == wanted)
    host = acting.require(Host, lambda host: host.state == "up" and host.ref != vm.host)
    live = actions.Migrate(host=host.ref)
    offline = replace(live, live=False)
    migration = offline if acting.supports(VM, vm.ref, offline) else live
    return Example(vm.ref, migration, values={vm.ref: {"host": host.ref.id}})


def attach_volume(acting: Acting, vm: hvlib.VM) -> Example:
    volume = acting.require(Volume, lambda volume: not volume.vms)
    values = {vm.ref: {}, volume.ref: {"vms": (vm.ref.id,)}}
    return Example(vm.ref, actions.AttachVolume(volume.ref), values=values)


def detach_volume(acting: Acting, vm: hvlib.VM) -> Example:
    volume = acting.find(Volume, lambda volume: volume.vms == (vm.ref,) and volume.ref in vm.volumes)
    if volume is None:
        volume = acting.require(Volume, lambda volume: not volume.vms)
        vm.attach_volume(volume).wait(timeout=PATIENCE)
    values = {vm.ref: {}, volume.ref: {"vms": ()}}
    return Example(vm.ref, actions.DetachVolume(volume.ref), values=values)


def attach_network(acting: Acting, vm: hvlib.VM) -> Example:
    network = acting.require(Network, lambda network: network.ref not in vm.networks)
    networks = tuple(ref.id for ref in (*vm.networks, network.ref))
    return Example(vm.ref, actions.AttachNetwork(network.ref), values={vm.ref: {"networks": networks}})


def detach_network(acting: Acting, vm: hvlib.VM) -> Example:
    if not vm.networks:
        network = acting.require(Network, lambda _: True)
        vm = vm.attach_network(network).wait(timeout=PATIENCE)
    detached, *others = vm.networks
    networks = tuple(ref.id for ref in others)
    return Example(vm.ref, actions.DetachNetwork(detached), values={vm.ref: {"networks": networks}})


def delete(acting: Acting, vm: hvlib.VM) -> Example:
    """Delete a VM with a snapshot; keep one of its volumes if the driver supports it."""
    snapshots = _snapshots(acting, vm) if acting.can_verify("snapshots") else []
    own = acting.site.truth(Volume) if acting.serves(Volume) else {}
    volumes = [ref for ref in vm.volumes if ref.id in own]
    keep: tuple[Ref, ...] = tuple(volumes[:1])
    if not acting.supports(VM, vm.ref, actions.Delete(keep_volumes=keep)):
        keep = ()
    gone = [vm.ref, *snapshots, *(ref for ref in volumes if ref not in keep)]
    values = {ref: {"vms": ()} for ref in keep}
    return Example(vm.ref, actions.Delete(keep_volumes=keep), gone=gone, values=values)


def delete_snapshot(acting: Acting, vm: hvlib.VM) -> Example:
    snapshots = _snapshots(acting, vm)
    if not snapshots:
        pytest.skip("not verified: the driver takes no snapshots, so there is none to delete")
    return Example(snapshots[0], actions.Delete(), gone=snapshots[:1])


def create_network(acting: Acting, _: None) -> Example:
    name = new_name()
    plain, tagged = actions.CreateNetwork(name), actions.CreateNetwork(name, vlan_id=VLAN_ID)
    creation = tagged if acting.supports(Network, None, tagged) else plain
    return Example(None, creation, {Network.kind: {"name_label": name, "vlan_id": creation.vlan_id}})


def delete_network(acting: Acting, _: None) -> Example:
    """Delete a network that has a VLAN tag, if the driver supports it."""
    creation = create_network(acting, None).action
    network = acting.find(Network, lambda network: network.name_label.startswith(PREFIX))
    if network is None:
        network = acting.provider.network.networks.do(None, creation).wait(timeout=PATIENCE)
    return Example(network.ref, actions.Delete(), gone=[network.ref])


def _snapshots(acting: Acting, vm: hvlib.VM) -> list[Ref]:
    """The snapshots of a VM; if it has none, one is taken."""
    if not acting.declares(VM, actions.TakeSnapshot):
        return []
    taken = [each.ref for each in acting.provider.compute.snapshots.get_all() if each.vm == vm.ref]
    return taken or [vm.snapshot("kept").wait(timeout=PATIENCE).ref]


def _has(values: Mapping[str, Any], wanted: Mapping[str, Any], new: Collection[str] = ()) -> bool:
    """Whether an object has the values wanted, apart from fields that the driver does not declare.

    The identifiers of ``new`` objects are wanted as `NEW`.
    """
    return all(_with_new(values[name], new) == unordered(value) for name, value in wanted.items() if name in values)


def _with_new(value: object, new: Collection[str]) -> object:
    """A value with `NEW` instead of each new object's identifier."""
    if isinstance(value, frozenset):
        return frozenset(NEW if id in new else id for id in value)
    return value


CASES: Mapping[tuple[type[Resource], type[Action]], Case] = {
    (VM, actions.CreateVM): Case(create),
    (VM, actions.Clone): Case(clone, ["halted"]),
    (VM, actions.Resize): Case(resize, ["halted"]),
    (VM, actions.Migrate): Case(migrate, ["running"]),
    (VM, actions.AttachVolume): Case(attach_volume, ["running", "halted"]),
    (VM, actions.DetachVolume): Case(detach_volume, ["running", "halted"]),
    (VM, actions.AttachNetwork): Case(attach_network, ["running", "halted"]),
    (VM, actions.DetachNetwork): Case(detach_network, ["running", "halted"]),
    (VM, actions.Delete): Case(delete, ["halted"]),
    (Snapshot, actions.Delete): Case(delete_snapshot, ["halted"]),
    (Network, actions.CreateNetwork): Case(create_network),
    (Network, actions.Delete): Case(delete_network),
}
