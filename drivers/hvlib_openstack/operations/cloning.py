"""Cloning: take a snapshot of a server, create a server from it, delete the snapshot."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec

from hvlib.driver import Steps
from hvlib.model.ref import Ref
from hvlib_openstack.joins import NETWORKS
from hvlib_openstack.operations.creation import make_server
from hvlib_openstack.operations.flavor_choice import named_size
from hvlib_openstack.operations.removal import remove_snapshot
from hvlib_openstack.operations.snapshotting import take_snapshot
from hvlib_openstack.wire.client import Client

__all__ = ["clone_server"]


class Size(msgspec.Struct):
    original_name: str


class Original(msgspec.Struct):
    flavor: Size


def clone_server(client: Client, server: str, name: str, steps: Steps) -> Ref:
    """The action createImage, POST /servers with that image, os-stop; in any case deletion of the image."""
    like = steps.read(lambda: _like(client, server))
    remove = partial(remove_snapshot, client, steps)
    image = steps.run(partial(take_snapshot, client, server, f"{name} (being cloned)"), undo=remove)
    assert image is not None
    steps.afterwards(remove, image)
    return make_server(client, {**like, "name": name, "imageRef": image.id}, start=False, steps=steps)


def _like(client: Client, server: str) -> dict[str, Any]:
    """The flavor and the networks of a server, in the form of a request to nova."""
    version = client.login.compute
    original = client.compute.get(f"/servers/{server}", version=version).read(dict[str, Original])["server"]
    networks = NETWORKS.read(client, [server]).get(server, ())
    return {
        "flavorRef": named_size(client, original.flavor.original_name).id,
        "networks": [{"uuid": network} for network in networks] or "none",
    }
