"""SearchIndex: the server's own index of its inventory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hvlib_vsphere.soap import MoRef, element

if TYPE_CHECKING:
    from hvlib_vsphere.session import VSphereSession

__all__ = ["find_by_uuid"]


def find_by_uuid(session: VSphereSession, uuid: str, *, vms: bool) -> str | None:
    """SearchIndex.FindByUuid: the identifier of the VM with this instance uuid, or of the host with this hardware uuid.

    A template is found too. One round trip.
    """
    arguments = element("uuid", uuid) + element("vmSearch", vms)
    if vms:
        arguments += element("instanceUuid", True)
    found = session.call("FindByUuid", session.service("searchIndex"), arguments)
    return found.id if isinstance(found, MoRef) else None
