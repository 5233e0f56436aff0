"""SearchIndex: the server's own index of its inventory."""

from __future__ import annotations

from hvlib_vsphere.wire.client import Client
from hvlib_vsphere.wire.decoding import as_tuple
from hvlib_vsphere.wire.soap_messages import element

__all__ = ["find_by_uuid"]


def find_by_uuid(client: Client, uuid: str, *, vms: bool) -> list[str]:
    """SearchIndex.FindAllByUuid: the identifiers of the VMs with this instance uuid, or of the hosts with this hardware
    uuid.

    Templates are found too. Copies may share the uuid. One round trip.
    """
    arguments = element("uuid", uuid) + element("vmSearch", vms)
    if vms:
        arguments += element("instanceUuid", True)
    found = client.call("FindAllByUuid", client.login.service("searchIndex"), arguments)
    return [ref.id for ref in as_tuple(found)]
