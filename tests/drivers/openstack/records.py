"""The expected fields of a region's records, in hvlib's units and types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

__all__ = [
    "Fields",
    "Row",
    "cluster_fields",
    "flavor_fields",
    "host_fields",
    "image_fields",
    "is_snapshot",
    "network_fields",
    "pool_fields",
    "snapshot_fields",
    "vm_fields",
    "volume_fields",
]

MIB = 2**20
GIB = 2**30

STATUSES = {
    "ACTIVE": "running",
    "SHUTOFF": "halted",
    "SHELVED": "halted",
    "SHELVED_OFFLOADED": "halted",
    "BUILD": "halted",
    "SOFT_DELETED": "halted",
    "PAUSED": "paused",
    "SUSPENDED": "suspended",
}
POWER_STATES = {None: "halted", 0: "halted", 1: "running", 3: "paused", 4: "halted", 6: "halted", 7: "suspended"}

Row = Mapping[str, Any]
Fields = Mapping[str, object]


def vm_fields(row: Row, ports: Iterable[Row]) -> Fields:
    """The fields of a server; ``ports`` are the region's."""
    flavor = row["flavor"]
    properties = (row["image"] or {}).get("properties") or {}
    own = sorted((port for port in ports if port["device_id"] == row["id"]), key=_age)
    return {
        **_labels(row),
        "tags": tuple(sorted(row["tags"])),
        "created_at": _moment(row["created"]),
        "power_state": _power_state(row),
        "vcpus": flavor["vcpus"],
        "memory_bytes": flavor["ram"] * MIB,
        "flavor": flavor["original_name"],
        "guest_os": _guest_os(properties),
        "guest_hostname": row["OS-EXT-SRV-ATTR:hostname"],
        "ip_addresses": _unique(address["addr"] for network in row["addresses"].values() for address in network),
        "host": row["OS-EXT-SRV-ATTR:hypervisor_hostname"],
        "networks": _unique(port["network_id"] for port in own),
        "volumes": tuple(volume["id"] for volume in row["os-extended-volumes:volumes_attached"]),
        "image": row["image"]["id"] if row["image"] else None,
    }


def host_fields(row: Row, aggregates: Iterable[Row]) -> Fields:
    """The fields of a hypervisor. If it is in several aggregates, an availability zone is preferred."""
    own = [each for each in aggregates if row["service"]["host"] in each["hosts"]]
    clusters = sorted((each["availability_zone"] is None, each["id"]) for each in own)
    enabled = "up" if row["status"] == "enabled" else "maintenance"
    return {
        "uuid": row["id"],
        "name_label": row["hypervisor_hostname"],
        "state": "down" if row["state"] == "down" else enabled,
        "address": row["host_ip"],
        "product": row["hypervisor_type"],
        "version": _version(row["hypervisor_version"]),
        "cpus": row["vcpus"],
        "memory_bytes": row["memory_mb"] * MIB,
        "memory_free_bytes": row["free_ram_mb"] * MIB,
        "cluster": str(clusters[0][1]) if clusters else None,
    }


def cluster_fields(row: Row, hosts: Iterable[Row]) -> Fields:
    """The fields of an aggregate, which names hosts by their services."""
    return {
        "uuid": row["uuid"],
        "name_label": row["name"],
        "created_at": _moment(row["created_at"]),
        "hosts": tuple(host["hypervisor_hostname"] for host in hosts if host["service"]["host"] in row["hosts"]),
    }


def flavor_fields(row: Row, provider: UUID) -> Fields:
    """The fields of a flavor, whose identifier need not be a uuid."""
    return {
        "uuid": _as_uuid(row["id"], provider),
        "name_label": row["name"],
        "description": row["description"] or None,
        "vcpus": row["vcpus"],
        "memory_bytes": row["ram"] * MIB,
        "disk_bytes": row["disk"] * GIB,
    }


def network_fields(row: Row, subnets: Iterable[Row]) -> Fields:
    """The fields of a network; ``subnets`` are the region's."""
    return {
        **_labels(row),
        "tags": tuple(sorted(row["tags"])),
        "created_at": _moment(row["created_at"]),
        "mtu": row["mtu"],
        "vlan_id": row["provider:segmentation_id"] if row["provider:network_type"] == "vlan" else None,
        "subnets": tuple(sorted(subnet["cidr"] for subnet in subnets if subnet["network_id"] == row["id"])),
    }


def pool_fields(row: Row, pools: Sequence[Row]) -> Fields:
    """The fields of a volume type, whose volumes can be on some of the region's ``pools``."""
    backend = row["extra_specs"].get("volume_backend_name")
    usable = [pool["capabilities"] for pool in pools if backend in (None, pool["capabilities"]["volume_backend_name"])]
    return {
        **_labels(row),
        "type": backend,
        "capacity_bytes": _sum(pool["total_capacity_gb"] for pool in usable),
        "free_bytes": _sum(pool["free_capacity_gb"] for pool in usable),
    }


def volume_fields(row: Row) -> Fields:
    """The fields of a volume."""
    return {
        **_labels(row),
        "created_at": _moment(row["created_at"]),
        "size_bytes": row["size"] * GIB,
        "pool": row["volume_type_id"],
        "vms": tuple(attachment["server_id"] for attachment in row["attachments"]),
        "bootable": row["bootable"] == "true",
    }


def is_snapshot(row: Row) -> bool:
    """Whether an image was taken of a server."""
    return bool(row.get("image_type") == "snapshot")


def image_fields(row: Row) -> Fields:
    """The fields of an image."""
    return {
        **_image_labels(row),
        "size_bytes": row["size"],
        "guest_os": _guest_os(row),
        "format": row["disk_format"],
    }


def snapshot_fields(row: Row) -> Fields:
    """The fields of an image that was taken of a server."""
    return {**_image_labels(row), "vm": row.get("instance_uuid"), "has_memory": False}


def _age(row: Row) -> tuple[str, str]:
    return row["created_at"], row["id"]


def _labels(row: Row) -> dict[str, object]:
    return {"uuid": row["id"], "name_label": row["name"] or "", "description": row["description"] or None}


def _image_labels(row: Row) -> dict[str, object]:
    return {
        "uuid": row["id"],
        "name_label": row["name"] or "",
        "tags": tuple(sorted(row["tags"])),
        "created_at": _moment(row["created_at"]),
    }


def _power_state(row: Row) -> str:
    return STATUSES.get(row["status"]) or POWER_STATES.get(row["OS-EXT-STS:power_state"], "unknown")


def _guest_os(properties: Row) -> object:
    return properties.get("os_distro") or properties.get("os_type")


def _version(number: int) -> str:
    """The text of a version with three digits for each part but the first: 1002003 is 1.2.3."""
    parts = []
    while number:
        number, part = divmod(number, 1000)
        parts.append(str(part))
    return ".".join(reversed(parts))


def _as_uuid(text: str, provider: UUID) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return str(uuid5(provider, text))


def _sum(gibibytes: Iterable[object]) -> int | None:
    """The sum in bytes; None if there are no values, or one is not a number, such as "infinite"."""
    found = list(gibibytes)
    numbers = [number for number in found if isinstance(number, int | float)]
    return int(sum(numbers) * GIB) if found and len(numbers) == len(found) else None


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
