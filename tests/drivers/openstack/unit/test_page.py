"""The page of the documentation has each kind's table as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
from hvlib_openstack.adapter import TableAdapter
from hvlib_openstack.kinds.cluster import Clusters
from hvlib_openstack.kinds.flavor import Flavors
from hvlib_openstack.kinds.host import Hosts
from hvlib_openstack.kinds.image import Images
from hvlib_openstack.kinds.network import Networks
from hvlib_openstack.kinds.snapshot import Snapshots
from hvlib_openstack.kinds.storage_pool import StoragePools
from hvlib_openstack.kinds.vm import VMs
from hvlib_openstack.kinds.volume import Volumes

from hvlib.driver.table import Column

PAGE = Path(__file__).parents[4] / "docs" / "drivers" / "openstack.md"
ADAPTERS: tuple[type[TableAdapter], ...] = (  # type: ignore[type-arg]
    VMs, Hosts, Clusters, Snapshots, Flavors, Networks, StoragePools, Volumes, Images,
)  # fmt: skip


def source(whole: type[msgspec.Struct], column: Column) -> str:
    """The native fields that a field is made of, and who is told them."""
    native = {field.name: field.encode_name for field in msgspec.structs.fields(whole)}
    names = [native[name] for name in column.natives()]
    names += [f"the {join.name}" for join in column.joins()]
    told = [f"from {column.since}"] if column.since else []
    told += ["administrators"] if column.private else []
    return ", ".join(names) + (f" ({'; '.join(told)})" if told else "")


def tables() -> Iterator[str]:
    for adapter in ADAPTERS:
        table = adapter.table
        yield f"### {table.kind.kind}"
        yield ""
        yield f"`GET {adapter.collection.path}`"
        yield ""
        yield "| field | made of |"
        yield "|---|---|"
        for name in table.kind.all_fields():
            if name in table.fields:
                yield f"| `{name}` | {source(adapter.collection.whole, table.fields[name])} |"
        yield ""


def test_the_page_has_the_tables() -> None:
    text = "\n".join(tables())
    assert text in PAGE.read_text(), f"docs/drivers/openstack.md is to hold:\n\n{text}"
