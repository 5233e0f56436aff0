"""Flavor choice: the flavor with a name, or with a number of processors and an amount of memory."""

from __future__ import annotations

import msgspec

from hvlib.model.actions import CreateVM, Resize
from hvlib.model.errors import InvalidQuery, NotFound, Unsupported
from hvlib.model.ref import Ref
from hvlib_openstack.paging import pages
from hvlib_openstack.values import MIB
from hvlib_openstack.wire.client import Client

__all__ = ["Size", "check_size", "chosen_size", "named_size", "wanted_size"]

NEAR_FLAVORS = 3
"""How many of the nearest flavors an error names if none fits."""


class Size(msgspec.Struct):
    """A flavor. ``ram`` in MiB, ``disk`` in GiB."""

    id: str
    name: str
    vcpus: int
    ram: int
    disk: int


class Present(msgspec.Struct):
    vcpus: int
    ram: int
    disk: int


class Sized(msgspec.Struct):
    flavor: Present


def check_size(wanted: CreateVM | Resize) -> None:
    """Raise `Unsupported` if a flavor is given together with processors or memory."""
    if wanted.flavor is not None and (wanted.vcpus is not None or wanted.memory_bytes is not None):
        raise Unsupported(
            "a flavor says how many processors and how much memory it has: give flavor=, or vcpus= and memory_bytes="
        )


def named_size(client: Client, flavor: str) -> Size:
    """The flavor with a name. Raises `NotFound` if there is none. One round trip."""
    found = next((size for size in _sizes(client) if size.name == flavor), None)
    if found is None:
        raise NotFound(f"there is no flavor {flavor!r}")
    return found


def chosen_size(client: Client, flavor: Ref | None, vcpus: int | None, memory_bytes: int | None, disk: int = 0) -> Size:
    """The flavor with the name in ``flavor``, or the flavor with exactly these processors and this memory.

    ``disk``: the least GiB of its disk; of several flavors the one with the smallest disk is chosen. Raises
    `InvalidQuery`, which names the nearest flavors, if none fits. One round trip.
    """
    if flavor is not None:
        return named_size(client, flavor.id)
    if vcpus is None or memory_bytes is None:
        raise InvalidQuery("OpenStack sizes servers by flavors", hint="give flavor=, or vcpus= and memory_bytes=")
    wanted = f"{vcpus} vcpus, {memory_bytes / MIB:g} MiB of memory" + (f" and a disk of {disk} GiB" if disk else "")
    sizes = sorted(_sizes(client), key=lambda size: size.disk)
    found = next((size for size in sizes if _gives(size, vcpus, memory_bytes) and size.disk >= disk), None)
    if found is None:
        near = sorted(sizes, key=lambda size: _distance(size, vcpus, memory_bytes))[:NEAR_FLAVORS]
        nearest = ", ".join(f"{size.name} ({size.vcpus} vcpus, {size.ram} MiB, {size.disk} GiB)" for size in near)
        raise InvalidQuery(f"no flavor has {wanted}", hint=f"the nearest flavors: {nearest}")
    return found


def wanted_size(client: Client, server: str, wanted: Resize) -> Size:
    """The flavor that a server is to get; sizes that are not given stay. Two round trips, one if a flavor is given."""
    if wanted.flavor is not None:
        return chosen_size(client, wanted.flavor, wanted.vcpus, wanted.memory_bytes)
    reply = client.compute.get(f"/servers/{server}", version=client.login.compute)
    present = reply.read(dict[str, Sized])["server"].flavor
    vcpus = present.vcpus if wanted.vcpus is None else wanted.vcpus
    memory_bytes = present.ram * MIB if wanted.memory_bytes is None else wanted.memory_bytes
    return chosen_size(client, None, vcpus, memory_bytes, present.disk)


def _sizes(client: Client) -> list[Size]:
    listed = pages(client.compute, "/flavors/detail", "flavors", parameters=[("is_public", "None")], type=Size)
    return [size for page in listed for size in page.items]


def _gives(size: Size, vcpus: int, memory_bytes: int) -> bool:
    return (size.vcpus, size.ram * MIB) == (vcpus, memory_bytes)


def _distance(size: Size, vcpus: int, memory_bytes: int) -> float:
    """The sum of the ratio of processors and the ratio of memory: 2 if both are equal."""

    def ratio(one: float, other: float) -> float:
        return max(one, other) / max(min(one, other), 1)

    return ratio(size.vcpus, vcpus) + ratio(size.ram * MIB, memory_bytes)
