"""The watch on the real services: changes that nova reports, does not report, or has forgotten."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from servers.openstack.openstack import OpenStack
from servers.openstack_replay.replay import OpenStackReplay

import hvlib
from hvlib.model.event import EventType

from .conftest import Connect, requests_to

pytestmark = pytest.mark.timeout(300)

UNCHANGED_SECONDS = 7.0
PATIENCE = 30.0


@pytest.fixture
def server(region: OpenStack) -> Iterator[str]:
    """A server without a port, which the test may change."""
    id = region.create_server("watched", networks="none")
    yield id
    if any(server["id"] == id for server in region.administrator().servers()):
        region.administrator().delete_server(id)


def until(watch: hvlib.Watch[hvlib.VM], fits: Callable[[hvlib.Event[hvlib.VM]], bool]) -> hvlib.Event[hvlib.VM]:
    """The first event that fits."""
    while True:
        event = watch.next(timeout=PATIENCE)
        assert event is not None
        if fits(event):
            return event


def synced(watch: hvlib.Watch[hvlib.VM]) -> None:
    until(watch, lambda event: event.type is EventType.SYNCED)


def forget_deleted(region: OpenStack) -> None:
    """Remove deleted servers from nova's database, as ``nova-manage db archive_deleted_rows`` does."""
    with closing(sqlite3.connect(Path(region._folder, "nova.sqlite"), timeout=10)) as nova, nova:
        nova.execute("DELETE FROM instances WHERE deleted != 0")


def test_changes_that_nova_does_not_report_reach_the_watch(
    region: OpenStack, provider: hvlib.Provider, server: str
) -> None:
    administrator = region.administrator()
    with provider.compute.vms.watch() as watch:
        synced(watch)
        administrator.call("nova", "PUT", f"/v2.1/servers/{server}/tags", {"tags": ["b", "a"]})
        tagged = until(watch, lambda event: event.changed == {"tags"})
        assert tagged.resource is not None
        assert tagged.resource.tags == ("a", "b")
        attachment = {"interfaceAttachment": {"net_id": region.estate.network}}
        administrator.call("nova", "POST", f"/v2.1/servers/{server}/os-interface", attachment)
        seen: set[str] = set()
        while not {"networks", "ip_addresses"} <= seen:
            seen |= until(watch, lambda event: event.changed is not None).changed or set()


def test_a_network_whose_subnets_change_is_reported(region: OpenStack, provider: hvlib.Provider) -> None:
    administrator = region.administrator()
    with provider.network.networks.watch() as watch:
        synced(watch)  # type: ignore[arg-type]
        made = administrator.call("neutron", "POST", "/v2.0/networks", {"network": {"name": "watched"}})["network"]
        added = watch.next(timeout=PATIENCE)
        assert added is not None
        assert (added.type, added.resource and added.resource.subnets) == (EventType.ADDED, ())
        subnet = {"network_id": made["id"], "ip_version": 4, "cidr": "10.99.0.0/24"}
        administrator.call("neutron", "POST", "/v2.0/subnets", {"subnet": subnet})
        changed = watch.next(timeout=PATIENCE)
        assert changed is not None
        assert changed.resource is not None
        assert changed.resource.subnets == ("10.99.0.0/24",)
        administrator.call("neutron", "DELETE", f"/v2.0/networks/{made['id']}")
        gone = watch.next(timeout=PATIENCE)
        assert gone is not None
        assert gone.type is EventType.DELETED


def test_many_networks_are_read_at_once(
    replay: OpenStackReplay, reach: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More networks than fit into an address: their collection and their subnets are read once."""
    monkeypatch.setattr("hvlib_openstack.watch.revision_watcher.IN_A_QUERY", 5)
    networks = reach(replay).network.networks
    expected = {network.ref: network.subnets for network in networks.get_all(fields=["subnets"])}
    found = {}
    with requests_to(replay) as requests, networks.watch(fields=["subnets"]) as watch:
        while (event := watch.next(timeout=PATIENCE)) is not None and event.resource is not None:
            found[event.resource.ref] = event.resource.subnets
    assert found == expected
    assert len(found) > 5
    assert (requests["GET /network/v2.0/networks"], requests["GET /network/v2.0/subnets"]) == (2, 1)


def test_volumes_are_created_changed_and_deleted(region: OpenStack, provider: hvlib.Provider) -> None:
    administrator = region.administrator()
    with provider.storage.volumes.watch() as watch:
        synced(watch)  # type: ignore[arg-type]
        project = region.estate.projects["admin"]
        path = f"/v3/{project}/volumes"
        id = administrator.call("cinder", "POST", path, {"volume": {"name": "watched", "size": 1}})["volume"]["id"]
        until(watch, lambda event: event.type is EventType.ADDED and event.ref is not None and event.ref.id == id)  # type: ignore[arg-type]
        administrator.call("cinder", "PUT", f"{path}/{id}", {"volume": {"name": "renamed"}})
        until(watch, lambda event: event.resource is not None and event.resource.name_label == "renamed")  # type: ignore[arg-type]
        administrator.call("cinder", "DELETE", f"{path}/{id}")
        gone = until(watch, lambda event: event.type is EventType.DELETED)  # type: ignore[arg-type]
        assert gone.ref is not None
        assert gone.ref.id == id


def test_a_volume_of_several_servers_loses_one(region: OpenStack, connect: Connect) -> None:
    """Cinder does not count a detachment as a change of the volume."""
    administrator = region.administrator()
    kind = {"name": "shared", "extra_specs": {"multiattach": "<is> True"}}
    type = administrator.call("cinder", "POST", "/v3/types", {"volume_type": kind})["volume_type"]["id"]
    id = administrator.create_volume("shared", volume_type=type)
    vms = [region.copy_server(f"shares-{number}") for number in range(2)]
    attachments = [attach(region, id, vm) for vm in vms]
    volumes = connect(poll_interval=0.2, sweep_interval=0.2).storage.volumes
    with volumes.watch(fields=["vms"]) as watch:
        synced(watch)  # type: ignore[arg-type]
        while seconds_since_change(region, id) < UNCHANGED_SECONDS:
            with pytest.raises(hvlib.WaitTimeout):
                watch.next(timeout=0.5)
        administrator.call("cinder", "DELETE", f"/v3/attachments/{attachments[0]}")
        event = watch.next(timeout=PATIENCE)
        assert event is not None
        assert event.resource is not None
        assert [vm.id for vm in event.resource.vms] == [vms[1]]
    administrator.call("cinder", "DELETE", f"/v3/attachments/{attachments[1]}")
    volumes.get_by_uuid(id).delete().wait(timeout=PATIENCE)
    administrator.call("cinder", "DELETE", f"/v3/types/{type}")


def attach(region: OpenStack, volume: str, server: str) -> str:
    """Attach a volume to a server at cinder, as nova does."""
    connector = {"ip": "127.0.0.1", "host": "compute-1", "initiator": "iqn.test", "multipath": False}
    body = {"attachment": {"volume_uuid": volume, "instance_uuid": server, "connector": connector}}
    made = region.administrator().call("cinder", "POST", "/v3/attachments", body)["attachment"]["id"]
    region.administrator().call("cinder", "POST", f"/v3/attachments/{made}/action", {"os-complete": {}})
    return str(made)


def seconds_since_change(region: OpenStack, volume: str) -> float:
    changed = region.administrator().call("cinder", "GET", f"/v3/volumes/{volume}")["volume"]["updated_at"]
    return (datetime.now(UTC) - datetime.fromisoformat(changed).replace(tzinfo=UTC)).total_seconds()


def test_a_kind_without_a_listing_can_not_be_watched(provider: hvlib.Provider) -> None:
    for watch in (provider.tasks.watch(), provider.watch(provider.compute.vms, provider.tasks)):
        with watch, pytest.raises(hvlib.Unsupported):
            watch.next(timeout=PATIENCE)


def test_another_provider_resumes_from_a_cursor(region: OpenStack, connect: Connect, server: str) -> None:
    with connect(poll_interval=0.2).compute.vms.watch(fields=["name_label"]) as watch:
        synced(watch)
        with pytest.raises(hvlib.WaitTimeout):
            watch.next(timeout=0.5)
        cursor = watch.cursor
    assert cursor is not None
    region.administrator().rename_server(server, "renamed")
    with connect().compute.vms.watch(fields=["name_label"], since=cursor) as watch:
        event = watch.next(timeout=PATIENCE)
        assert event is not None
        assert event.resource is not None
        assert (event.resource.ref.id, event.resource.name_label) == (server, "renamed")
    with pytest.raises(hvlib.CursorLost, match="another region or project"):
        connect("member").compute.vms.watch(since=cursor).next(timeout=PATIENCE)


def test_a_server_that_nova_has_forgotten_is_never_left_out(region: OpenStack, connect: Connect, server: str) -> None:
    """A server was deleted, and an administrator has cleared it out of the database."""
    provider = connect(poll_interval=0.2, sweep_interval=0.5)
    with provider.compute.vms.watch(fields=["name_label"]) as watch:
        synced(watch)
        with pytest.raises(hvlib.WaitTimeout):
            watch.next(timeout=0.5)
        cursor, known = watch.cursor, provider.compute.vms.get_all_records(fields=["name_label"])
    region.administrator().delete_server(server)
    forget_deleted(region)
    with pytest.raises(hvlib.CursorLost, match="nova does not remember"):
        provider.compute.vms.watch(fields=["name_label"], since=cursor).next(timeout=PATIENCE)
    with provider.compute.vms.watch(fields=["name_label"], known=known) as watch:
        event = watch.next(timeout=PATIENCE)
        assert event is not None
        assert (event.type, event.ref and event.ref.id) == (EventType.DELETED, server)


def test_a_running_watch_finds_a_server_that_nova_forgot(region: OpenStack, connect: Connect, server: str) -> None:
    """The next listing shows the deletion: core compares, and the watch continues."""
    provider = connect(poll_interval=0.2, sweep_interval=0.5)
    with provider.compute.vms.watch(fields=["name_label"]) as watch:
        synced(watch)
        region.administrator().delete_server(server)
        forget_deleted(region)
        event = watch.next(timeout=PATIENCE)
        assert event is not None
        assert (event.type, event.ref and event.ref.id, event.resynced) == (EventType.DELETED, server, True)
