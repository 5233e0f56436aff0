"""Attachments: a server's ports, by network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from hvlib_openstack.reply import Reply

if TYPE_CHECKING:
    from hvlib_openstack.session import OpenStackSession

__all__ = ["detach_port", "ports_on"]


class Attached(msgspec.Struct):
    port_id: str
    net_id: str


def ports_on(session: OpenStackSession, server: str, network: str) -> list[str]:
    """A server's ports on a network: one round trip."""
    reply = session.compute.get(f"/servers/{server}/os-interface", version=session.current.compute)
    attached = reply.read(dict[str, list[Attached]])["interfaceAttachments"]
    return [each.port_id for each in attached if each.net_id == network]


def detach_port(session: OpenStackSession, server: str, port: str) -> Reply:
    """Ask nova to detach a port."""
    return session.compute.delete(f"/servers/{server}/os-interface/{port}", session.current.compute)
