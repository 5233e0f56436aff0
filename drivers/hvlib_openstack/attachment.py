"""Attachments: a server's ports, by network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hvlib.driver import Started
from hvlib.model.errors import NotFound

if TYPE_CHECKING:
    from hvlib_openstack.session import OpenStackSession

__all__ = ["SEPARATOR", "detach_ports", "ports_of"]

SEPARATOR = ","
"""Between the identifiers of ports in a task's."""


class Attached(msgspec.Struct):
    """A port of a server."""

    port_id: str
    net_id: str


def ports_of(session: OpenStackSession, server: str) -> list[Attached]:
    """A server's ports: one round trip."""
    reply = session.compute.get(f"/servers/{server}/os-interface", version=session.current.compute)
    return reply.read(dict[str, list[Attached]])["interfaceAttachments"]


def detach_ports(session: OpenStackSession, server: str, network: str) -> Started:
    """DELETE /servers/ID/os-interface/PORT of each port on a network, after a look at them.

    Raises `NotFound` where there is none.
    """
    ports = [port.port_id for port in ports_of(session, server) if port.net_id == network]
    if not ports:
        raise NotFound(f"the server {server} has no interface on the network {network}")
    path, version = f"/servers/{server}/os-interface", session.current.compute
    first, *others = [session.compute.delete(f"{path}/{port}", version) for port in ports]
    last = others[-1] if others else first
    return session.started(last, "detach_interface", server, goal=SEPARATOR.join(ports), made=first.request_id or "")
