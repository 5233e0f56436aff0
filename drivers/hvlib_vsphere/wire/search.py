"""SearchIndex: the server's own index of its inventory."""

from __future__ import annotations

from hvlib_vsphere.data_objects import MoRef
from hvlib_vsphere.wire.client import Client
from hvlib_vsphere.wire.soap_messages import element

__all__ = ["find_by_uuid"]


def find_by_uuid(client: Client, uuid: str, *, vms: bool) -> str | None:
    """SearchIndex.FindByUuid: the identifier of the VM with this instance uuid, or of the host with this hardware uuid.

    Templates are found too. One round trip.
    """
    arguments = element("uuid", uuid) + element("vmSearch", vms)
    if vms:
        arguments += element("instanceUuid", True)
    ref = client.call("FindByUuid", client.login.service("searchIndex"), arguments)
    return ref.id if isinstance(ref, MoRef) else None
