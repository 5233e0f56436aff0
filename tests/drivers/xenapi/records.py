"""The values of a pool's records, in hvlib's units and types."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

__all__ = [
    "NULL",
    "Row",
    "device",
    "guest_fields",
    "is_disk",
    "is_image",
    "is_vm",
    "labels",
    "made",
    "moment",
    "new_disk",
    "reference",
    "unique",
    "vm_fields",
]

NULL = "OpaqueRef:NULL"
GIB = 2**30

Row = Mapping[str, Any]


def is_image(row: Row) -> bool:
    return bool(row["is_a_template"] and not row["is_a_snapshot"])


def is_vm(row: Row) -> bool:
    """Whether an object of the class VM is a virtual machine."""
    return not (row["is_a_template"] or row["is_a_snapshot"] or row["is_control_domain"])


def is_disk(row: Row, repository: Row) -> bool:
    """Whether a VDI is meant for VMs, as a disk that they write to."""
    of_vms = row["managed"] and not row["is_a_snapshot"] and row["type"] in ("user", "system", "ephemeral")
    return bool(of_vms and repository["content_type"] not in ("iso", "disk"))


def labels(row: Row) -> dict[str, object]:
    return {
        "uuid": row["uuid"],
        "name_label": row["name_label"],
        "description": row["name_description"] or None,
        "tags": tuple(sorted(row["tags"])),
    }


def vm_fields(row: Row) -> dict[str, object]:
    return {
        "power_state": row["power_state"].lower(),
        "vcpus": int(row["VCPUs_at_startup"]),
        "memory_bytes": int(row["memory_dynamic_max"]),
        "host": reference(row["resident_on"]),
    }


def guest_fields(row: Row | None) -> dict[str, object]:
    if row is None:
        return {"guest_os": None, "guest_hostname": None, "ip_addresses": ()}
    return {
        "guest_os": row["os_version"].get("name"),
        "guest_hostname": row["netbios_name"].get("host_name"),
        "ip_addresses": unique(row["networks"][key] for key in sorted(row["networks"])),
    }


def new_disk(name_label: str, storage: str) -> dict[str, object]:
    return {
        "name_label": name_label,
        "name_description": "",
        "SR": storage,
        "virtual_size": GIB,
        "type": "user",
        "sharable": False,
        "read_only": False,
        "other_config": {},
    }


def device(row: Row) -> int:
    return int(row.get("userdevice") or row["device"])


def unique(values: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def reference(value: str) -> str | None:
    return None if value == NULL else value


def made(result: str) -> str | None:
    found = "".join(ElementTree.fromstring(result).itertext()) if result else ""
    return found if found.startswith("OpaqueRef:") else None


def moment(text: str) -> datetime | None:
    found = datetime.strptime(text, "%Y%m%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return found if found.timestamp() > 0 else None
