"""Tests of changes in the OpenStack replay, and of what changes-since reports of them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

import pytest

from servers.openstack_replay.client import Client
from servers.openstack_replay.replay import OpenStackReplay

DETAIL = "/compute/v2.1/servers/detail"
PROJECT = "8f0c5d5a7c5d4c5e9b1a6f3f00000001"


@pytest.fixture
def small() -> Iterator[OpenStackReplay]:
    """A separate region, in which a test can change servers."""
    with OpenStackReplay(servers=5) as server:
        yield server


@pytest.fixture
def watcher(small: OpenStackReplay) -> Iterator[Client]:
    client = Client(small)
    client.log_in()
    yield client
    client.close()


def changed(client: Client, since: datetime) -> dict[str, str]:
    """Return the status of the servers that changed, by identifier."""
    query = urlencode({"changes-since": since.isoformat(), "limit": 1000})
    [page] = client.pages("servers", f"{DETAIL}?{query}")
    return {each["id"]: each["status"] for each in page}


def test_changes_since(small: OpenStackReplay, watcher: Client) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    assert changed(watcher, before) == {}
    ids = [each["id"] for each in watcher.get(DETAIL)["servers"]]
    renamed, deleted, untouched, *_ = ids
    made = small.create_server("made")
    small.rename_server(renamed, "other")
    small.delete_server(deleted)
    assert changed(watcher, before) == {made: "ACTIVE", renamed: "ACTIVE", deleted: "DELETED"}
    assert watcher.get(f"/compute/v2.1/servers/{renamed}")["server"]["name"] == "other"
    assert watcher.refused(f"/compute/v2.1/servers/{deleted}") == 404
    assert [each["id"] for each in watcher.get(DETAIL + "?limit=3")["servers"]] == [made, renamed, untouched]
    # A marker stays valid when its server is deleted: that may happen while servers are listed.
    [after] = watcher.get(f"{DETAIL}?limit=1&marker={deleted}")["servers"]
    assert after["id"] == untouched
    assert watcher.refused(DETAIL + "?changes-since=yesterday") == 400


def test_servers_are_started_and_stopped(small: OpenStackReplay, watcher: Client) -> None:
    id = watcher.get(DETAIL)["servers"][0]["id"]
    path = f"/compute/v2.1/servers/{id}"
    assert watcher.get(f"{path}/os-instance-actions") == {"instanceActions": []}
    assert watcher.send("POST", f"{path}/action", {"os-stop": None}) == (202, b"")
    request = watcher.headers["x-openstack-request-id"]
    status, body = watcher.send("POST", f"{path}/action", {"os-stop": None})
    assert status == 409
    assert b"task_state powering-off" in body
    deadline = time.monotonic() + 10
    while watcher.get(path)["server"]["OS-EXT-STS:task_state"]:
        assert time.monotonic() < deadline
    assert watcher.get(path)["server"]["status"] == "SHUTOFF"
    [action] = watcher.get(f"{path}/os-instance-actions")["instanceActions"]
    assert (action["action"], action["request_id"]) == ("stop", request)
    assert b"vm_state stopped" in watcher.send("POST", f"{path}/action", {"os-stop": None})[1]
    assert watcher.send("POST", f"{path}/action", {"os-start": None})[0] == 202
    assert watcher.send("POST", f"{path}/action", {"reboot": None})[0] == 400
    assert watcher.refused(f"{path}/os-interface") == 404
    assert small.requests()["POST /compute/v2.1/servers/{id}/action"] == 5


def test_changes_since_omits_tags_and_purged_servers(small: OpenStackReplay, watcher: Client) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    tagged, deleted, *_ = [each["id"] for each in watcher.get(DETAIL)["servers"]]
    small.tag_server(tagged, ["new"])
    assert watcher.get(f"/compute/v2.1/servers/{tagged}")["server"]["tags"] == ["new"]
    small.delete_server(deleted)
    assert changed(watcher, before) == {deleted: "DELETED"}
    small.forget_deleted()
    assert changed(watcher, before) == {}


def test_a_service_left_out_of_the_catalog(small: OpenStackReplay, watcher: Client) -> None:
    small.withdraw("network")
    scope = {"project": {"id": PROJECT}}
    assert "network" not in {each["type"] for each in watcher.log_in(scope=scope)[1]["token"]["catalog"]}
    small.withdraw(None)
    assert "network" in {each["type"] for each in watcher.log_in(scope=scope)[1]["token"]["catalog"]}


def test_changes_have_whole_seconds(small: OpenStackReplay, watcher: Client) -> None:
    made = small.create_server("made")
    updated = datetime.fromisoformat(watcher.get(f"/compute/v2.1/servers/{made}")["server"]["updated"])
    assert updated.microsecond == 0
    assert made in changed(watcher, updated)
    assert made not in changed(watcher, updated + timedelta(seconds=1))


def test_skewed_clock(small: OpenStackReplay, watcher: Client) -> None:
    small.set_skew(-900)
    made = small.create_server("made")
    server = watcher.get(f"/compute/v2.1/servers/{made}")["server"]
    date = parsedate_to_datetime(watcher.headers["Date"])
    assert timedelta(seconds=890) < datetime.now(UTC) - date < timedelta(seconds=910)
    assert timedelta(0) <= date - datetime.fromisoformat(server["updated"]) < timedelta(seconds=30)
