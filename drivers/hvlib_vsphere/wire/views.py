"""Views: sets of objects that the server keeps up to date."""

from __future__ import annotations

from collections.abc import Sequence

from hvlib_vsphere.data_objects import MoRef
from hvlib_vsphere.wire.caller import Calls
from hvlib_vsphere.wire.soap_messages import element, reference

__all__ = ["create_view"]


def create_view(calls: Calls, types: Sequence[str], container: MoRef | None = None, *, recursive: bool = True) -> MoRef:
    """ViewManager.CreateContainerView: one round trip.

    | types: those of the objects; empty: all
    | container: None: the root folder, so the whole inventory
    | recursive: also what is in folders, datacenters and so on below the container
    """
    login = calls.login
    arguments = reference("container", container or login.service("rootFolder"))
    arguments += "".join(element("type", type) for type in types) + element("recursive", recursive)
    created: MoRef = calls.call("CreateContainerView", login.service("viewManager"), arguments)
    return created
