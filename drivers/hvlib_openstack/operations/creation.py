"""Creation of servers: makes the request to nova from an action."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec

from hvlib.driver import Started, Steps
from hvlib.model.actions import CreateVM
from hvlib.model.errors import Unsupported
from hvlib.model.ref import Ref
from hvlib.model.resources import VM
from hvlib_openstack.operations.flavor_choice import Size, chosen_size
from hvlib_openstack.operations.operation import started, stop_server
from hvlib_openstack.operations.removal import delete_server
from hvlib_openstack.values import GIB
from hvlib_openstack.wire.client import Client

__all__ = ["Made", "create_server", "make_server"]


class Made(msgspec.Struct):
    """The answer of nova, cinder or neutron to a creation."""

    id: str


class Aggregate(msgspec.Struct):
    name: str
    availability_zone: str | None = None


class Picture(msgspec.Struct):
    min_disk: int = 0
    size: int | None = None


def create_server(client: Client, create: CreateVM, steps: Steps) -> Ref:
    """POST /servers, after reads of the image, the flavors and the aggregate; os-stop unless the server is to run.

    Nova starts every server that it makes.
    """
    server = steps.read(lambda: _description(client, create))
    return make_server(client, server, start=create.start, steps=steps)


def make_server(client: Client, server: Mapping[str, Any], *, start: bool, steps: Steps) -> Ref:
    """POST /servers, and os-stop unless the server is to run."""
    vm = steps.run(partial(_ask_for_server, client, server), undo=partial(delete_server, client))
    assert vm is not None
    if not start:
        steps.run(partial(stop_server, client, vm.id))
    return vm


def _ask_for_server(client: Client, server: Mapping[str, Any]) -> Started:
    reply = client.compute.post("/servers", {"server": server}, client.login.compute)
    vm = client.context.ref(VM, reply.read(dict[str, Made])["server"].id)
    return started(client, reply, "create", vm.id, made=vm)


def _description(client: Client, create: CreateVM) -> dict[str, Any]:
    """The description of the server in the request to nova.

    A flavor without a disk is for servers that run from a volume: other servers get it only by its name.
    """
    picture = _picture(client, create)
    disk = max(1, picture.min_disk) if create.pool is None else 0
    size = chosen_size(client, create.flavor, create.vcpus, create.memory_bytes, disk)
    server: dict[str, Any] = {
        "name": create.name_label,
        "flavorRef": size.id,
        "networks": [{"uuid": network.id} for network in create.networks] or "none",
        **_disks(create, picture, size),
    }
    if create.host is not None:
        server["hypervisor_hostname"] = create.host.id
    if create.cluster is not None:
        server["availability_zone"] = _zone(client, create.cluster)
    if create.user_data is not None:
        server["user_data"] = b64encode(create.user_data.encode()).decode()
    return {**server, **(create.native or {})}


def _picture(client: Client, create: CreateVM) -> Picture:
    """The image, if the size of a disk or of the server depends on it; else an empty `Picture`."""
    if create.pool is None and create.flavor is not None:
        return Picture()
    return client.service("image").get(f"/images/{create.image.id}").read(Picture)


def _disks(create: CreateVM, picture: Picture, size: Size) -> dict[str, Any]:
    """The image as nova's own disk or as a volume of a type, and volumes, which stay when the server is deleted."""
    volumes = [
        {
            "uuid": volume.id,
            "source_type": "volume",
            "destination_type": "volume",
            "boot_index": -1,
            "delete_on_termination": False,
        }
        for volume in create.volumes
    ]
    boot: dict[str, Any] = {"uuid": create.image.id, "source_type": "image", "boot_index": 0}
    boot["delete_on_termination"] = True
    if create.pool is not None:
        boot.update(destination_type="volume", volume_size=_room(picture, size), volume_type=create.pool.id)
        return {"block_device_mapping_v2": [boot, *volumes]}
    image = {"imageRef": create.image.id}
    if not volumes:
        return image
    return {**image, "block_device_mapping_v2": [{**boot, "destination_type": "local"}, *volumes]}


def _room(picture: Picture, size: Size) -> int:
    """The GiB of a disk that an image is written to."""
    return max(1, size.disk, picture.min_disk, -(-(picture.size or 0) // GIB))


def _zone(client: Client, cluster: Ref) -> str:
    """The availability zone of an aggregate. Raises `Unsupported` if the aggregate has none."""
    reply = client.compute.get(f"/os-aggregates/{cluster.id}", version=client.login.compute)
    aggregate = reply.read(dict[str, Aggregate])["aggregate"]
    if aggregate.availability_zone is None:
        raise Unsupported(
            f"the aggregate {aggregate.name} is not an availability zone: nova can't be asked for one of its hosts",
            hint="use host=, or a flavor that asks for the aggregate's properties",
        )
    return aggregate.availability_zone
