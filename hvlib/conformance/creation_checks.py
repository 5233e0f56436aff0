"""Checks that what is created is what was asked for, with each option."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

import hvlib
from hvlib.conformance.acting import GIB, PATIENCE, Acting
from hvlib.model.resources import Cluster, Flavor, Host, Network, Volume

__all__ = ["create", "create_network", "create_volume"]

IMAGES = 5
"""So many images are tried, until a VM that is made of one has volumes."""

NAME = "conformance made"
USER_DATA = "#cloud-config\nhostname: conformance\n"
VLAN_ID = 77
MTU = 1400

Options = Mapping[str, Any]


def create(acting: Acting) -> None:
    """With what it can't be without; then with each option, where the driver does not refuse it."""
    needed: dict[str, Any] = {}
    if acting.serves(Flavor):
        needed["flavor"] = acting.other(Flavor, lambda _: True)
    for image in list(islice(acting.provider.image.images.get_all(), IMAGES)):
        needed["image"] = image
        usual, pools = _create_plainly(acting, needed)
        if pools:
            break
    for options, fields in _options(acting, usual, pools):
        _create_with(acting, {**needed, **options}, {"name_label": NAME, **fields})


def create_volume(acting: Acting) -> None:
    volume = acting.provider.storage.volumes.create("conformance", GIB).wait(timeout=PATIENCE)
    assert (volume.name_label, volume.size_bytes, volume.vms) == ("conformance", GIB, ())
    acting.shows(volume, name_label="conformance", size_bytes=GIB, vms=())
    pool = acting.other_pool([acting.truth(volume).get("pool")])
    acting.remove(volume)
    if pool is not None:
        there = acting.supported(lambda: acting.provider.storage.volumes.create("conformance", GIB, pool=pool))
        if there is not None:
            acting.shows(there, name_label="conformance", size_bytes=GIB, pool=pool.ref.id)
            acting.remove(there)


def create_network(acting: Acting) -> None:
    networks = acting.provider.network.networks
    network = networks.create("conformance").wait(timeout=PATIENCE)
    assert network.name_label == "conformance"
    acting.shows(network, name_label="conformance", vlan_id=None)
    acting.remove(network)
    for options in ({"mtu": MTU}, {"vlan_id": VLAN_ID}):
        made = acting.supported(partial(networks.create, "conformance", **options))
        if made is not None:
            acting.shows(made, name_label="conformance", **options)
            acting.remove(made)


def _create_plainly(acting: Acting, needed: Options) -> tuple[dict[str, object], set[object]]:
    """What the server then has, and where it keeps the volumes."""
    shown = {"name_label": NAME, "image": needed["image"].ref.id, "power_state": "halted"}
    if "flavor" in needed:
        flavor = needed["flavor"]
        shown.update(flavor=flavor.ref.id, vcpus=flavor.vcpus, memory_bytes=flavor.memory_bytes)
    vm = acting.provider.compute.vms.create(NAME, **needed).wait(timeout=PATIENCE)
    try:
        assert vm.name_label == NAME
        assert "image" not in acting.provider.compute.vms.fields or vm.image == needed["image"].ref
        acting.shows(vm, **shown)
        return acting.fields(vm), acting.pools(vm)
    finally:
        acting.remove(vm)


def _options(acting: Acting, usual: Mapping[str, Any], pools: set[object]) -> Iterator[tuple[Options, Options]]:
    """Options that ask for other than the usual, and what the server must have of a VM that is made with each."""
    yield {"start": True}, {"power_state": "running"}
    yield {"user_data": USER_DATA}, {}
    if usual.get("vcpus"):
        yield {"vcpus": usual["vcpus"] + 1}, {"vcpus": usual["vcpus"] + 1}
    if usual.get("memory_bytes"):
        yield {"memory_bytes": usual["memory_bytes"] + GIB}, {"memory_bytes": usual["memory_bytes"] + GIB}
    yield from _places(acting, usual)
    network = acting.found(Network, lambda one: one.ref.id not in usual.get("networks", ()))
    if network:
        yield {"networks": [network]}, {"networks": (network.ref.id,)}
    volume = acting.found(Volume, lambda one: not one.vms)
    if volume:
        yield {"volumes": [volume]}, {}
    pool = acting.other_pool(pools)
    if pool and pools:
        yield {"pool": pool}, {}


def _places(acting: Acting, usual: Mapping[str, Any]) -> Iterator[tuple[Options, Options]]:
    """A VM that is off may be on no host."""
    host = acting.found(Host, lambda one: one.state == "up" and one.ref.id != usual.get("host"))
    if host:
        yield {"host": host, "start": True}, {"host": host.ref.id, "power_state": "running"}
    cluster = acting.found(Cluster, lambda one: one.ref.id != usual.get("cluster"))
    if cluster:
        yield {"cluster": cluster}, {"cluster": cluster.ref.id}


def _create_with(acting: Acting, options: dict[str, Any], fields: Options) -> None:
    vm = acting.supported(lambda: acting.provider.compute.vms.create(NAME, **options))
    if vm is None:
        return
    try:
        acting.shows(vm, **fields)
        _check_beside(acting, vm, options)
    finally:
        acting.remove(vm)


def _check_beside(acting: Acting, vm: hvlib.VM, options: Options) -> None:
    """What is not in the VM's own record."""
    for volume in options.get("volumes", ()):
        assert volume.ref.id in acting.site.truth(Volume)
        acting.shows(volume, vms=(vm.ref.id,))
    if "pool" in options:
        assert acting.pools(vm) == {options["pool"].ref.id}
    if "user_data" in options and acting.can("user_data"):
        assert acting.site.user_data(vm.ref.id) == options["user_data"]
