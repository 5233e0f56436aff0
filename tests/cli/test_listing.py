from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

import hvlib
from hvlib.api.collection import Collection
from hvlib.cli.columns import size
from hvlib.cli.filters import chosen_filters
from hvlib.cli.kinds import LISTED_KINDS
from hvlib.model.ref import Ref
from hvlib.model.resources import KINDS
from hvlib.model.resources.record import field_types

LAB = "sim://?vms=24"
Hv = Callable[..., Any]


def rows(hv: Hv, *arguments: str, url: str = LAB) -> list[dict[str, Any]]:
    ran = hv("-P", url, *arguments, "-f", "json")
    assert (ran.status, ran.err) == (0, "")
    found: list[dict[str, Any]] = json.loads(ran.out)
    return found


def names(hv: Hv, *arguments: str) -> list[str]:
    return [row["name_label"] for row in rows(hv, "vm", "list", *arguments)]


def test_json_holds_plain_values_of_the_columns(hv: Hv) -> None:
    found = rows(hv, "vm", "list")
    assert len(found) == 24
    assert list(found[0]) == ["name_label", "power_state", "vcpus", "memory_bytes", "ip_addresses", "host", "uuid"]
    web = next(row for row in found if row["name_label"] == "web-1")
    assert web["vcpus"] == 8
    assert web["memory_bytes"] == 32 * 2**30
    assert web["ip_addresses"] == ["10.6.0.2", "10.1.0.2"]
    assert Ref.parse(web["host"]).kind == "Host"


def test_long_has_all_fields_and_dates_in_iso(hv: Hv) -> None:
    row = rows(hv, "vm", "list", "--long", "--name", "web-1")[0]
    assert {"created_at", "tags", "volumes", "guest_os", "ref"} <= set(row)
    assert row["created_at"] == "2024-07-01T04:59:05Z"


def test_a_table_is_for_people(hv: Hv) -> None:
    ran = hv("-P", LAB, "vm", "list", "--name", "web-1")
    assert ran.status == 0
    assert "uuid" not in ran.lines[1]
    assert "32 GiB" in ran.lines[3]
    assert "10.6.0.2, 10.1.0.2" in ran.lines[3]
    assert "hv-04.lab.example" in ran.lines[3]


def test_the_other_formats(hv: Hv) -> None:
    listed = hv("-P", LAB, "vm", "list", "-f", "csv", "--name", "web-1", "-c", "vcpus,ip_addresses", "-c", "host")
    assert list(csv.reader(listed.lines)) == [
        ["vcpus", "ip_addresses", "host"],
        ["8", "10.6.0.2,10.1.0.2", "hv-04.lab.example"],
    ]
    assert hv("-P", LAB, "vm", "list", "-f", "value", "-c", "name_label", "--limit", "1").out == "web-1\n"
    loaded = yaml.safe_load(hv("-P", LAB, "host", "list", "-f", "yaml", "-c", "name_label", "-c", "cpus").out)
    assert loaded[0] == {"name_label": "hv-01.lab.example", "cpus": 64}


def test_columns_come_in_the_order_asked_for(hv: Hv) -> None:
    assert list(rows(hv, "vm", "list", "-c", "vcpus", "-c", "name_label")[0]) == ["vcpus", "name_label"]


def test_rows_are_sorted_by_value(hv: Hv) -> None:
    assert names(hv) == sorted(names(hv))
    ran = hv("-P", LAB, "vm", "list", "--sort-column", "memory_bytes", "--sort-descending", "-c", "memory_bytes")
    assert ran.lines[3] == "| 32 GiB       |"
    sizes = [row["memory_bytes"] for row in rows(hv, "vm", "list", "--sort-column", "memory_bytes")]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--name", "web-[12]*"], ["web-1", "web-2"]),
        (["--name", "test/1 50% [old]"], ["test/1 50% [old]"]),
        (["--name", "web-1", "--name", "db-?"], ["db-1", "db-2", "db-3", "web-1"]),
        (["--state", "paused"], ["app-2"]),
        (["--filter", "power_state=suspended,paused"], ["app-2", "app-3", "db-3"]),
        (["--filter", "vcpus=8"], ["db-1", "web-1"]),
        (["--filter", "host=hv-02.lab.example", "--filter", "vcpus=2"], ["app-1", "db-3"]),
        (["--filter", "ip_addresses=10.5.*", "--filter", "tags=backup"], ["cache-2", "mail-1"]),
        (["--filter", "name_label=nothing"], []),
    ],
)
def test_filters(hv: Hv, options: list[str], expected: list[str]) -> None:
    assert names(hv, *options) == expected


@pytest.fixture
def trees() -> Iterator[tuple[str, hvlib.Snapshot, hvlib.Snapshot]]:
    """A lab where web-1 has two snapshots: the lab's address, the first snapshot, and the second one, its child."""
    url = "sim://filtered-refs?vms=3&task_time=0"
    with hvlib.connect(url) as provider:
        vm = provider.compute.vms.find("web-1")
        parent, child = (vm.snapshot(name).wait() for name in ("before", "after"))
        yield url, parent, child
        for snapshot in (child, parent):
            snapshot.delete().wait()


def test_a_field_of_refs_is_filtered_by_name_uuid_or_ref(
    hv: Hv, trees: tuple[str, hvlib.Snapshot, hvlib.Snapshot]
) -> None:
    url, parent, _ = trees
    for value in ("before", parent.uuid, str(parent.ref)):
        found = rows(hv, "snapshot", "list", "--filter", f"parent={value}", url=url)
        assert [row["name_label"] for row in found] == ["after"]
    found = rows(hv, "task", "list", "--filter", f"result={parent.ref}", "-c", "result", url=url)
    assert [row["result"] for row in found] == [str(parent.ref)]
    ran = hv("-P", url, "snapshot", "list", "--filter", "parent=x")
    assert (ran.status, ran.err.splitlines()[0]) == (1, "hv: no Snapshot 'x' (names are exact, and case matters)")


@pytest.mark.parametrize("field", ["target", "result"])
def test_a_field_with_refs_of_any_kind_is_filtered_by_a_full_ref(hv: Hv, field: str) -> None:
    ran = hv("-P", LAB, "task", "list", "--filter", f"{field}=web-1")
    assert ran.status == 1
    assert ran.err == (
        f"hv: Task.{field} may be of any kind: filter it by a full ref, not by 'web-1'"
        " (a ref reads PROVIDER-UUID/KIND/ID)\n"
    )


@pytest.mark.parametrize("kind", KINDS.values())
def test_every_field_of_refs_can_be_filtered_by(kind: type[hvlib.Resource]) -> None:
    with hvlib.connect("sim://?vms=3") as provider:
        collection = provider.collection(kind.kind)
        fields = [name for name, type in field_types(kind).items() if "Ref" in str(type) and name in collection.fields]
        for field in set(fields) - {"ref"}:
            args = argparse.Namespace(filters=[(field, ["x"])], names=[], states=[])
            with pytest.raises((hvlib.NotFound, hvlib.InvalidQuery)):
                chosen_filters(args, provider, next(row for row in LISTED_KINDS if row.kind is kind))


def test_only_the_shown_fields_are_loaded(hv: Hv, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[set[str]] = []
    get_all = Collection.get_all

    def spy(collection: Collection[Any], **query: Any) -> Any:
        asked.append(set(query["fields"]))
        return get_all(collection, **query)

    monkeypatch.setattr(Collection, "get_all", spy)
    rows(hv, "vm", "list", "-c", "vcpus", "--state", "running", url="sim://?vms=5&fail=get:permission:9")
    assert asked == [{"vcpus", "name_label"}]


def test_names_of_hosts_take_one_more_round_trip(hv: Hv) -> None:
    assert hv("-P", "sim://?vms=500&fail=get:permission:9:1", "vm", "list").status == 0


def test_a_limit_ends_the_listing(hv: Hv) -> None:
    found = rows(hv, "vm", "list", "--limit", "3", "--page-size", "2", url="sim://?vms=24&fail=page:permission:9:2")
    assert len(found) == 3


def test_show(hv: Hv) -> None:
    one = rows(hv, "vm", "show", "web-1")
    assert isinstance(one, dict)
    assert one["power_state"] == "running"
    assert rows(hv, "vm", "show", one["uuid"]) == one
    table = hv("-P", LAB, "vm", "show", "web-1").out
    assert "| cluster        | cluster-1 " in table
    assert hv("-P", LAB, "host", "show", "hv-01.lab.example", "-f", "value", "-c", "cpus").out == "64\n"


def test_sizes() -> None:
    assert [size(count) for count in (0, 1, 1023, 1024, 1536 * 2**20, 2**50, 2**70)] == [
        "0 B",
        "1 B",
        "1023 B",
        "1 KiB",
        "1.5 GiB",
        "1 PiB",
        "1048576 PiB",
    ]


NOUNS = ("host", "cluster", "network", "pool", "volume", "image", "snapshot", "flavor")


@pytest.mark.parametrize("noun", NOUNS)
def test_every_kind_is_listed_and_shown(hv: Hv, noun: str) -> None:
    found = rows(hv, noun, "list")
    assert found
    assert rows(hv, noun, "show", found[0]["uuid"])["uuid"] == found[0]["uuid"]
    assert len(hv("-P", LAB, noun, "list").lines) >= len(found) + 4


def test_tasks_are_listed_by_state(hv: Hv) -> None:
    assert rows(hv, "task", "list", "--state", "running") == []
    assert hv("-P", LAB, "task", "list", "--state", "halted").status == 2


def test_a_kind_without_states_has_no_such_option(hv: Hv) -> None:
    assert hv("-P", LAB, "network", "list", "--state", "running").status == 2
