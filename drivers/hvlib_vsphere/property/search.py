"""SearchIndex: the server's own index of its inventory."""

from __future__ import annotations

from hvlib_vsphere.data_objects import MoRef
from hvlib_vsphere.wire.caller import Calls
from hvlib_vsphere.wire.decoding import as_tuple
from hvlib_vsphere.wire.soap_messages import element, reference

__all__ = ["SearchIndex"]


class SearchIndex:
    """Finds objects, all that there are: one round trip each. Templates count as VMs.

    ``calls``: a `PropertyService`.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def by_inventory_path(self, path: str) -> MoRef | None:
        """SearchIndex.FindByInventoryPath: the object at a path such as ``DC0/vm/web``; None if there is none.

        It may be a VM, a host, a datacenter, a folder, a resource pool ... The names in the path are as the server
        stores them: `escape_name` makes them.
        """
        found: MoRef | None = self._find("FindByInventoryPath", element("inventoryPath", path))
        return found

    def by_uuid(self, uuid: str, *, vms: bool = True, instance: bool = True) -> list[MoRef]:
        """SearchIndex.FindAllByUuid: the VMs, or the hosts, with a uuid. Copies may share it.

        | instance: by the VMs' instanceUuid, else by their BIOS uuid; hosts have a hardware uuid
        """
        by_instance = element("instanceUuid", instance) if vms else ""
        return self._find_all("FindAllByUuid", element("uuid", uuid) + element("vmSearch", vms) + by_instance)

    def by_ip(self, ip: str, *, vms: bool = True) -> list[MoRef]:
        """SearchIndex.FindAllByIp: the VMs, or the hosts, with an IP address."""
        return self._find_all("FindAllByIp", element("ip", ip) + element("vmSearch", vms))

    def by_dns_name(self, name: str, *, vms: bool = True) -> list[MoRef]:
        """SearchIndex.FindAllByDnsName: the VMs, or the hosts, with a DNS name."""
        return self._find_all("FindAllByDnsName", element("dnsName", name) + element("vmSearch", vms))

    def child(self, parent: MoRef, name: str) -> MoRef | None:
        """SearchIndex.FindChild: the object with this name in a folder, a datacenter or a resource pool."""
        found: MoRef | None = self._find("FindChild", reference("entity", parent) + element("name", name))
        return found

    def _find(self, method: str, arguments: str) -> MoRef | None:
        found: MoRef | None = self._calls.call(method, self._calls.login.service("searchIndex"), arguments)
        return found

    def _find_all(self, method: str, arguments: str) -> list[MoRef]:
        return list(as_tuple(self._calls.call(method, self._calls.login.service("searchIndex"), arguments)))
