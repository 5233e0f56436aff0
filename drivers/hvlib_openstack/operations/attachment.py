"""Attachments: a server's ports, by network."""

from __future__ import annotations

import msgspec

from hvlib.driver import Started
from hvlib.model.errors import NotFound
from hvlib_openstack.operations.operation import started
from hvlib_openstack.wire.client import Client

__all__ = ["SEPARATOR", "detach_ports", "ports_of"]

SEPARATOR = ","
"""Between the identifiers of ports in a task's."""


class Attached(msgspec.Struct):
    """A port of a server."""

    port_id: str
    net_id: str


def ports_of(client: Client, server: str) -> list[Attached]:
    """A server's ports: one round trip."""
    reply = client.compute.get(f"/servers/{server}/os-interface", version=client.login.compute)
    return reply.read(dict[str, list[Attached]])["interfaceAttachments"]


def detach_ports(client: Client, server: str, network: str) -> Started:
    """DELETE /servers/ID/os-interface/PORT of each port on a network, after a look at them.

    Raises `NotFound` where there is none.
    """
    ports = [port.port_id for port in ports_of(client, server) if port.net_id == network]
    if not ports:
        raise NotFound(f"the server {server} has no interface on the network {network}")
    path, version = f"/servers/{server}/os-interface", client.login.compute
    first, *others = [client.compute.delete(f"{path}/{port}", version) for port in ports]
    last = others[-1] if others else first
    return started(client, last, "detach_interface", server, goal=SEPARATOR.join(ports), made=first.request_id or "")
