"""Attachments: attach and detach a server's volumes and ports."""

from __future__ import annotations

from functools import partial

import msgspec

from hvlib.driver import Started, Steps
from hvlib.model.errors import NotFound
from hvlib_openstack.operations.operation import started
from hvlib_openstack.wire.client import Client

__all__ = [
    "ATTACHMENTS",
    "DETACH_PORT",
    "attach_port",
    "attach_volume",
    "detach_ports",
    "detach_volume",
    "ports_of",
]

ATTACH_VOLUME = "attach_volume"
DETACH_VOLUME = "detach_volume"
DETACH_PORT = "detach_interface"
ATTACHMENTS = frozenset({ATTACH_VOLUME, DETACH_VOLUME, DETACH_PORT})
"""Names of the operations that attach or detach."""


class Attached(msgspec.Struct):
    """A port of a server."""

    port_id: str
    net_id: str


def attach_volume(client: Client, server: str, volume: str) -> Started:
    """POST /servers/ID/os-volume_attachments."""
    body = {"volumeAttachment": {"volumeId": volume}}
    reply = client.compute.post(f"/servers/{server}/os-volume_attachments", body, client.login.compute)
    return started(client, reply, ATTACH_VOLUME, server)


def detach_volume(client: Client, server: str, volume: str) -> Started:
    """DELETE /servers/ID/os-volume_attachments/VOLUME."""
    reply = client.compute.delete(f"/servers/{server}/os-volume_attachments/{volume}", client.login.compute)
    return started(client, reply, DETACH_VOLUME, server)


def attach_port(client: Client, server: str, network: str) -> None:
    """POST /servers/ID/os-interface; nova replies once the port exists."""
    body = {"interfaceAttachment": {"net_id": network}}
    client.compute.post(f"/servers/{server}/os-interface", body, client.login.compute)


def ports_of(client: Client, server: str) -> list[Attached]:
    """A server's ports: one round trip."""
    reply = client.compute.get(f"/servers/{server}/os-interface", version=client.login.compute)
    return reply.read(dict[str, list[Attached]])["interfaceAttachments"]


def detach_ports(client: Client, server: str, network: str, steps: Steps) -> None:
    """DELETE /servers/ID/os-interface/PORT of each port on a network, after a read of the server's ports.

    Raises `NotFound` if the server has no port on the network.
    """
    attached = steps.read(lambda: ports_of(client, server))
    ports = [port.port_id for port in attached if port.net_id == network]
    if not ports:
        raise NotFound(f"the server {server} has no interface on the network {network}")
    for port in ports:
        steps.run(partial(_detach_port, client, server, port))


def _detach_port(client: Client, server: str, port: str) -> Started:
    reply = client.compute.delete(f"/servers/{server}/os-interface/{port}", client.login.compute)
    return started(client, reply, DETACH_PORT, server, goal=port)
