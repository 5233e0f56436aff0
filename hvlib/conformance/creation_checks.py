"""Checks that a created object has the values that were asked for, with each option."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

import hvlib
from hvlib.conformance.acting import GIB, PATIENCE, Acting
from hvlib.model.resources import Cluster, Flavor, Host, Network, Volume

__all__ = ["create", "create_network", "create_volume"]

MAX_IMAGES = 5
"""The number of images to try until a VM made from one of them has volumes."""

NAME = "conformance made"
USER_DATA = "#cloud-config\nhostname: conformance\n"
VLAN_ID = 77
MTU = 1400

Options = Mapping[str, Any]


def create(acting: Acting) -> None:
    """Create VMs: one with the required options only, then one with each option that the driver supports."""
    needed: dict[str, Any] = {}
    if acting.serves(Flavor):
        needed["flavor"] = acting.require(Flavor, lambda _: True)
    images = list(islice(acting.provider.image.images.get_all(), MAX_IMAGES))
    assert images, "the server has no image to make VMs from"
    for image in images:
        needed["image"] = image
        usual, pools = _create_plainly(acting, needed)
        if pools:
            break
    for options, fields in _options(acting, usual, pools):
        _create_with(acting, {**needed, **options}, {"name_label": NAME, **fields})


def create_volume(acting: Acting) -> None:
    volume = acting.provider.storage.volumes.create("conformance", GIB).wait(timeout=PATIENCE)
    assert (volume.name_label, volume.size_bytes, volume.vms) == ("conformance", GIB, ())
    acting.check_values(volume, name_label="conformance", size_bytes=GIB, vms=())
    pool = acting.find_other_pool([acting.truth(volume).get("pool")])
    acting.remove(volume)
    if pool is not None:
        there = acting.result_if_supported(
            lambda: acting.provider.storage.volumes.create("conformance", GIB, pool=pool)
        )
        if there is not None:
            acting.check_values(there, name_label="conformance", size_bytes=GIB, pool=pool.ref.id)
            acting.remove(there)


def create_network(acting: Acting) -> None:
    networks = acting.provider.network.networks
    network = networks.create("conformance").wait(timeout=PATIENCE)
    assert network.name_label == "conformance"
    acting.check_values(network, name_label="conformance", vlan_id=None)
    acting.remove(network)
    for options in ({"mtu": MTU}, {"vlan_id": VLAN_ID}):
        made = acting.result_if_supported(partial(networks.create, "conformance", **options))
        if made is not None:
            acting.check_values(made, name_label="conformance", **options)
            acting.remove(made)


def _create_plainly(acting: Acting, needed: Options) -> tuple[dict[str, object], set[object]]:
    """The site's values of a VM made with the required options only, and the storage pools of its volumes."""
    expected = {"name_label": NAME, "image": needed["image"].ref.id, "power_state": "halted"}
    if "flavor" in needed:
        flavor = needed["flavor"]
        expected.update(flavor=flavor.ref.id, vcpus=flavor.vcpus, memory_bytes=flavor.memory_bytes)
    vm = acting.provider.compute.vms.create(NAME, **needed).wait(timeout=PATIENCE)
    try:
        assert vm.name_label == NAME
        assert "image" not in acting.provider.compute.vms.fields or vm.image == needed["image"].ref
        acting.check_values(vm, **expected)
        return acting.fields(vm), acting.pools(vm)
    finally:
        acting.remove(vm)


def _options(acting: Acting, usual: Mapping[str, Any], pools: set[object]) -> Iterator[tuple[Options, Options]]:
    """Options other than the defaults (``usual``), each with the field values that a VM made with it must have."""
    yield {"start": True}, {"power_state": "running"}
    yield {"user_data": USER_DATA}, {}
    if usual.get("vcpus"):
        yield {"vcpus": usual["vcpus"] + 1}, {"vcpus": usual["vcpus"] + 1}
    if usual.get("memory_bytes"):
        yield {"memory_bytes": usual["memory_bytes"] + GIB}, {"memory_bytes": usual["memory_bytes"] + GIB}
    yield from _places(acting, usual)
    network = acting.find(Network, lambda network: network.ref.id not in usual.get("networks", ()))
    if network:
        yield {"networks": [network]}, {"networks": (network.ref.id,)}
    volume = acting.find(Volume, lambda volume: not volume.vms)
    if volume:
        yield {"volumes": [volume]}, {}
    pool = acting.find_other_pool(pools)
    if pool and pools:
        yield {"pool": pool}, {}


def _places(acting: Acting, usual: Mapping[str, Any]) -> Iterator[tuple[Options, Options]]:
    """Options for another host or cluster. The VM is started for the host's: a halted VM may have no host."""
    host = acting.find(Host, lambda host: host.state == "up" and host.ref.id != usual.get("host"))
    if host:
        yield {"host": host, "start": True}, {"host": host.ref.id, "power_state": "running"}
    cluster = acting.find(Cluster, lambda cluster: cluster.ref.id != usual.get("cluster"))
    if cluster:
        yield {"cluster": cluster}, {"cluster": cluster.ref.id}


def _create_with(acting: Acting, options: dict[str, Any], fields: Options) -> None:
    vm = acting.result_if_supported(lambda: acting.provider.compute.vms.create(NAME, **options))
    if vm is None:
        return
    try:
        acting.check_values(vm, **fields)
        _check_other_objects(acting, vm, options)
    finally:
        acting.remove(vm)


def _check_other_objects(acting: Acting, vm: hvlib.VM, options: Options) -> None:
    """Check the effects of options that the VM's own record does not show."""
    for volume in options.get("volumes", ()):
        assert volume.ref.id in acting.site.truth(Volume)
        acting.check_values(volume, vms=(vm.ref.id,))
    if "pool" in options:
        assert acting.pools(vm) == {options["pool"].ref.id}
    if "user_data" in options and acting.can_verify("user_data"):
        assert acting.site.user_data(vm.ref.id) == options["user_data"]
