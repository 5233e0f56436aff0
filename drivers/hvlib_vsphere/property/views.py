"""Views: sets of objects that the server keeps up to date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from hvlib_vsphere.data_objects import MoRef
from hvlib_vsphere.property.spec import FilterSpec, ObjectSpec, PropertySpec, Traversal
from hvlib_vsphere.property.temporary import Temporary
from hvlib_vsphere.wire.caller import Calls
from hvlib_vsphere.wire.views import create_view

__all__ = ["ContainerView", "view_objects"]


def view_objects(view: MoRef) -> ObjectSpec:
    """The objects in a view, for a `FilterSpec`."""
    return ObjectSpec(view, (Traversal(view.type, "view"),), skip=True)


class ContainerView(Temporary):
    """The objects of some types in a container: a folder, a datacenter, a host ... The end of a ``with`` destroys it.

    ``calls``: a `PropertyService`.
    """

    def __init__(self, calls: Calls, ref: MoRef) -> None:
        self.ref = ref
        self._calls = calls

    @classmethod
    def create(
        cls, calls: Calls, types: Sequence[str] = (), container: MoRef | None = None, *, recursive: bool = True
    ) -> Self:
        """ViewManager.CreateContainerView: one round trip.

        | types: those of the objects; empty: all
        | container: None: the root folder, so the whole inventory
        | recursive: also what is in folders, datacenters and so on below the container
        """
        return cls(calls, create_view(calls, types, container, recursive=recursive))

    def spec(self, type: str, paths: Sequence[str] | None = None) -> FilterSpec:
        """The spec of properties (None: all) of the objects of a type in the view. Sends nothing."""
        return FilterSpec([PropertySpec(type, paths)], [view_objects(self.ref)])

    def destroy(self) -> None:
        """View.DestroyView: one round trip."""
        self._calls.call("DestroyView", self.ref)
