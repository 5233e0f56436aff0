"""Search: the methods of SearchIndex."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from servers.vcenter.inventory import Entity, Inventory
from servers.vcenter.sdk import vim

__all__ = ["Search"]

CHILDREN = ("childEntity", "vmFolder", "hostFolder", "datastoreFolder", "networkFolder", "host", "resourcePool", "vm")
"""The properties in which objects have the objects below them."""


class Search:
    """Finds machines, hosts and other objects. The inventory's lock is held in each call."""

    def __init__(self, inventory: Inventory, root: Entity) -> None:
        self._inventory = inventory
        self._root = root

    def methods(self) -> Mapping[str, Callable[..., Any]]:
        """The methods by their names."""
        return {
            "FindByUuid": lambda _, **how: _first(self._by_uuid(**how)),
            "FindAllByUuid": lambda _, **how: list(self._by_uuid(**how)),
            "FindByDnsName": lambda _, dnsName, **how: _first(self._by_name(dnsName, **how)),  # noqa: N803
            "FindAllByDnsName": lambda _, dnsName, **how: list(self._by_name(dnsName, **how)),  # noqa: N803
            "FindByIp": lambda _, ip, **how: _first(self._by_ip(ip, **how)),
            "FindAllByIp": lambda _, ip, **how: list(self._by_ip(ip, **how)),
            "FindByInventoryPath": lambda _, inventoryPath: self._by_path(inventoryPath),  # noqa: N803
            "FindChild": lambda _, entity, name: self._child(self._inventory.find(entity), name),
        }

    def _by_uuid(self, uuid: str, vmSearch: bool, instanceUuid: bool = False, datacenter: Any = None) -> Iterator[Any]:  # noqa: N803
        path = "summary.hardware.uuid"
        if vmSearch:
            path = "config.instanceUuid" if instanceUuid else "config.uuid"
        yield from self._having(vmSearch, path, uuid.lower())

    def _by_name(self, name: str, vmSearch: bool, datacenter: Any = None) -> Iterator[Any]:  # noqa: N803
        yield from self._having(vmSearch, "guest.hostName" if vmSearch else "name", name)

    def _by_ip(self, ip: str, vmSearch: bool, datacenter: Any = None) -> Iterator[Any]:  # noqa: N803
        yield from self._having(vmSearch, "guest.ipAddress" if vmSearch else "config.network.vnic", ip)

    def _having(self, vms: bool, path: str, value: str) -> Iterator[Any]:
        for entity in self._inventory.of(vim.VirtualMachine if vms else vim.HostSystem):
            found = entity.read(path)
            addresses = [each.spec.ip.ipAddress for each in found] if isinstance(found, list) else [found]
            if value in addresses:
                yield entity.ref

    def _by_path(self, path: str) -> Any:
        """An object by the names from the root down; the folders of a datacenter are ``vm``, ``host`` and so on."""
        entity: Entity | None = self._root
        for name in path.strip("/").split("/"):
            ref = None if entity is None else self._child(entity, name)
            entity = None if ref is None else self._inventory.find(ref)
        return None if entity is None else entity.ref

    def _child(self, entity: Entity, name: str) -> Any:
        children = (ref for path in CHILDREN if path in entity.values for ref in entity.refs(path))
        return next((ref for ref in children if self._inventory.find(ref).values["name"] == name), None)


def _first(found: Iterator[Any]) -> Any:
    return next(found, None)
