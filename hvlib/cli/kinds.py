"""The kinds that ``hv`` lists and shows: a row makes the commands ``WORD list`` and ``WORD show``."""

from __future__ import annotations

from typing import NamedTuple

from hvlib.model.resources import (
    VM,
    Cluster,
    Flavor,
    Host,
    Image,
    Network,
    Resource,
    Snapshot,
    StoragePool,
    TaskRecord,
    Volume,
)

__all__ = ["LISTED_KINDS", "VMS", "ListedKind"]


class ListedKind(NamedTuple):
    """A kind on the command line.

    | word: its name in commands
    | singular, plural: its names in help texts
    | columns: the fields that are listed without -c; formats for programs list the uuid too
    | state: the field that --state filters; "": the kind has none
    """

    word: str
    kind: type[Resource]
    singular: str
    plural: str
    columns: tuple[str, ...]
    state: str = ""


VMS = ListedKind(
    "vm",
    VM,
    "virtual machine",
    "virtual machines",
    ("name_label", "power_state", "vcpus", "memory_bytes", "ip_addresses", "host"),
    state="power_state",
)

LISTED_KINDS = (
    ListedKind("cluster", Cluster, "cluster", "clusters", ("name_label", "hosts")),
    ListedKind("flavor", Flavor, "flavor", "flavors", ("name_label", "vcpus", "memory_bytes", "disk_bytes")),
    ListedKind(
        "host",
        Host,
        "host",
        "hosts",
        ("name_label", "state", "product", "version", "cpus", "memory_bytes", "memory_free_bytes"),
        state="state",
    ),
    ListedKind(
        "image", Image, "image", "images, templates among them", ("name_label", "size_bytes", "guest_os", "format")
    ),
    ListedKind("network", Network, "network", "networks", ("name_label", "vlan_id", "mtu", "subnets")),
    ListedKind(
        "pool",
        StoragePool,
        "storage pool",
        "storage pools",
        ("name_label", "type", "capacity_bytes", "free_bytes", "shared"),
    ),
    ListedKind("snapshot", Snapshot, "snapshot", "snapshots", ("name_label", "vm", "created_at", "has_memory")),
    ListedKind(
        "task",
        TaskRecord,
        "task",
        "tasks that the server remembers",
        ("operation", "state", "progress", "target", "started_at"),
        state="state",
    ),
    VMS,
    ListedKind("volume", Volume, "volume", "volumes", ("name_label", "size_bytes", "pool", "vms")),
)
