"""Kinds of the network service."""

from __future__ import annotations

from typing import ClassVar

from hvlib.model import actions
from hvlib.model.resources.resource import Resource
from hvlib.model.task import Task

__all__ = ["Network"]


class Network(Resource, frozen=True):
    """A network that VMs have interfaces on.

    | vlan_id: the VLAN, 1-4094; None where the network is not tagged
    | mtu: the maximum size of a packet, in bytes
    | subnets: address ranges, as text (``10.0.0.0/24``)
    """

    kind: ClassVar[str] = "Network"

    vlan_id: int | None
    mtu: int | None
    subnets: tuple[str, ...]

    def delete(self) -> Task[None]:
        """Delete the network. Raises `InvalidState` or `Conflict` while it is in use."""
        return self.do(actions.Delete())
