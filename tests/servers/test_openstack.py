"""Tests of the OpenStack region alone. hvlib's OpenStack driver is tested elsewhere."""

from __future__ import annotations

import http.client
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from servers.observing import environment_of_run, listens, run_until_killed
from servers.openstack import environment
from servers.openstack.administrator import Refused
from servers.openstack.openstack import OpenStack
from servers.openstack.projects import DOMAIN, HOSTS, PROJECTS
from servers.process import ServerFailed

pytestmark = pytest.mark.timeout(300)  # a start takes ten seconds, but a minute on a busy machine

SERVERS = 13  # the last one is a copy, not made by nova
IMAGES = ("tiny-linux", "old-linux", "kept")
VOLUMES = {
    "spare-1": ("available", "false"),
    "spare-2": ("available", "false"),
    "bootable": ("available", "true"),
    "data": ("in-use", "false"),
}


class Client:
    """A user who sends plain HTTP requests."""

    def __init__(self, server: OpenStack, user: str) -> None:
        self._server = server
        domain = {"name": "Default"}
        password = {"user": {"name": user, "password": server.estate.passwords[user], "domain": domain}}
        identity = {"methods": ["password"], "password": password}
        scope = {"project": {"name": user, "domain": domain}}
        self.token = ""
        status, _, headers = self._send(
            "keystone", "POST", "/v3/auth/tokens", {"auth": {"identity": identity, "scope": scope}}
        )
        assert status == 201
        self.token = headers["X-Subject-Token"]

    def get(self, service: str, path: str) -> tuple[int, Any]:
        return self._send(service, "GET", path)[:2]

    def _send(self, service: str, method: str, path: str, body: Any = None) -> tuple[int, Any, Any]:
        connection = http.client.HTTPConnection(urlsplit(self._server.addresses[service]).netloc, timeout=30)
        headers = {"X-Auth-Token": self.token, "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, json.loads(text) if response.status < 400 else None, response.headers


@pytest.fixture(scope="module")
def openstack() -> Iterator[OpenStack]:
    with OpenStack(SERVERS) as server:
        yield server


@pytest.fixture
def admin(openstack: OpenStack) -> Client:
    return Client(openstack, "admin")


@pytest.fixture
def server(openstack: OpenStack) -> Iterator[str]:
    """A server for one test, which is deleted after it."""
    id = openstack.create_server("of a test")
    yield id
    openstack.administrator().delete_server(id)


def ports(server: OpenStack) -> list[int]:
    return [int(address.rpartition(":")[2]) for address in server.addresses.values()]


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 10
    while any(runs(pid) for pid in pids):
        assert time.monotonic() < deadline, "a service outlived the process that started it"
        time.sleep(0.01)


def test_lists_its_servers(openstack: OpenStack, admin: Client) -> None:
    status, reply = admin.get("nova", "/v2.1/servers/detail")
    assert status == 200
    names = sorted(server["name"] for server in reply["servers"])
    assert names == ["vm-00001", "vm-00001", *(f"vm-{number:05}" for number in range(3, SERVERS + 1))]
    states = [server["status"] for server in reply["servers"]]
    assert (states.count("ACTIVE"), states.count("SHUTOFF")) == (10, 3)
    assert {server["OS-EXT-SRV-ATTR:host"] for server in reply["servers"]} == {"compute-1", "compute-2"}


def test_is_seeded(openstack: OpenStack, admin: Client) -> None:
    _, flavors = admin.get("nova", "/v2.1/flavors")
    assert {flavor["name"]: flavor["id"] for flavor in flavors["flavors"]} == openstack.estate.flavors
    _, hosts = admin.get("nova", "/v2.1/os-hypervisors")
    assert [(host["hypervisor_hostname"], host["state"]) for host in hosts["hypervisors"]] == [
        (f"{host}.{DOMAIN}", "up") for host in HOSTS
    ]
    _, aggregates = admin.get("nova", "/v2.1/os-aggregates")
    assert [aggregate["hosts"] for aggregate in aggregates["aggregates"]] == [["compute-2"], list(HOSTS)]
    _, images = admin.get("glance", "/v2/images")
    assert {image["name"]: image["status"] for image in images["images"]} == dict.fromkeys(IMAGES, "active")
    assert openstack.estate.image in {image["id"] for image in images["images"]}
    _, networks = admin.get("neutron", "/v2.0/networks")
    ids = {network["name"]: network["id"] for network in networks["networks"]}
    assert (set(ids), ids["net-1"]) == ({"net-1", "net-2"}, openstack.estate.network)
    _, subnets = admin.get("neutron", "/v2.0/subnets")
    assert {subnet["network_id"] for subnet in subnets["subnets"]} == set(ids.values())
    _, types = admin.get("cinder", "/v3/types")
    assert {type["name"] for type in types["volume_types"]} == {"__DEFAULT__", "fast"}
    _, volumes = admin.get("cinder", "/v3/volumes/detail")
    states = {volume["name"]: (volume["status"], volume["bootable"]) for volume in volumes["volumes"]}
    assert states == VOLUMES


def test_a_member_sees_its_own_project(openstack: OpenStack) -> None:
    member = Client(openstack, "member")
    _, reply = member.get("nova", "/v2.1/servers")
    assert sorted(server["name"] for server in reply["servers"]) == ["member-1", "member-2"]
    assert member.get("nova", "/v2.1/servers?all_tenants=1")[0] == 403
    assert member.get("nova", "/v2.1/os-hypervisors")[0] == 403


def test_the_catalogue_has_the_addresses_of_the_services(openstack: OpenStack, admin: Client) -> None:
    _, reply = admin.get("keystone", "/v3/auth/catalog")
    urls = {
        service["name"]: {endpoint["interface"]: endpoint["url"] for endpoint in service["endpoints"]}
        for service in reply["catalog"]
    }
    assert urls.keys() == {project.name for project in PROJECTS}
    for project in PROJECTS:
        assert urls[project.name]["public"].startswith(openstack.addresses[project.name] + project.path[:3])
        assert urls[project.name]["internal"] != urls[project.name]["public"]


def test_power_actions_run_to_their_end(openstack: OpenStack, server: str) -> None:
    administrator = openstack.administrator()
    for action, status, power_state in (
        ("os-stop", "SHUTOFF", 4),
        ("os-start", "ACTIVE", 1),
        ("pause", "PAUSED", 3),
        ("unpause", "ACTIVE", 1),
        ("suspend", "SUSPENDED", 7),
        ("resume", "ACTIVE", 1),
    ):
        administrator.act(server, action, status)
        assert administrator.server(server)["OS-EXT-STS:power_state"] == power_state, action
    administrator.act(server, "reboot", "ACTIVE", type="HARD")
    with pytest.raises(Refused) as refused:
        administrator.act(server, "os-start", "ACTIVE")
    assert refused.value.status == 409


def test_other_actions_run_to_their_end(openstack: OpenStack, server: str) -> None:
    administrator = openstack.administrator()
    administrator.rename_server(server, "renamed")
    administrator.act(server, "resize", "VERIFY_RESIZE", flavorRef=openstack.estate.flavors["c1.large"])
    administrator.act(server, "confirmResize", "ACTIVE")
    before = administrator.server(server)["OS-EXT-SRV-ATTR:host"]
    administrator.act(server, "os-migrateLive", "ACTIVE", host=None, block_migration="auto")
    record = administrator.server(server)
    assert (record["name"], record["flavor"]["vcpus"]) == ("renamed", 4)
    assert record["OS-EXT-SRV-ATTR:host"] != before


def test_requests_are_counted_without_internal_ones(openstack: OpenStack, admin: Client) -> None:
    before = openstack.requests()
    admin.get("nova", "/v2.1/servers?limit=1")
    openstack.administrator().servers()
    assert openstack.requests() == {**before, "nova GET /v2.1/servers": before.get("nova GET /v2.1/servers", 0) + 1}


def test_tokens_expire(openstack: OpenStack, admin: Client) -> None:
    assert admin.get("nova", "/v2.1/servers")[0] == 200
    openstack.expire_tokens()
    assert [admin.get(name, path)[0] for name, path in (("nova", "/v2.1/servers"), ("glance", "/v2/images"))] == [
        401
    ] * 2
    assert Client(openstack, "admin").get("nova", "/v2.1/servers")[0] == 200


def test_listens_on_loopback_only(openstack: OpenStack) -> None:
    assert all(listens("127.0.0.1", port) for port in ports(openstack))
    # All of 127/8 is this machine: a server that listens everywhere answers there too.
    assert not any(listens("127.0.0.2", port) for port in ports(openstack))


def test_a_copied_server_is_like_others(openstack: OpenStack) -> None:
    administrator = openstack.administrator()
    copied = {server["name"]: server for server in administrator.servers()}[f"vm-{SERVERS:05}"]
    (address,) = copied["addresses"]["net-1"]
    assert address["addr"] == "10.1.64.0"
    administrator.act(copied["id"], "os-stop", "SHUTOFF")
    administrator.act(copied["id"], "migrate", "VERIFY_RESIZE")
    administrator.act(copied["id"], "confirmResize", "SHUTOFF")
    administrator.delete_server(copied["id"])


def test_a_server_is_copied_while_it_runs(openstack: OpenStack) -> None:
    administrator = openstack.administrator()
    id = openstack.copy_server("quickly made")
    copied = administrator.server(id)
    assert (copied["name"], copied["status"]) == ("quickly made", "SHUTOFF")
    (address,) = copied["addresses"]["net-1"]
    [port] = administrator.call("neutron", "GET", f"/v2.0/ports?device_id={id}")["ports"]
    assert [fixed["ip_address"] for fixed in port["fixed_ips"]] == [address["addr"]]
    openstack.rename_server(id, "renamed 🙂")
    assert administrator.server(id)["name"] == "renamed 🙂"
    administrator.act(id, "os-start", "ACTIVE")
    administrator.act(id, "reboot", "ACTIVE", type="SOFT")
    administrator.act(id, "os-stop", "SHUTOFF")
    assert [event for guest, event in openstack.guests() if guest == id] == ["boot", "reboot", "boot", "shutdown"]
    assert openstack.vm_state(id) == "stopped"
    administrator.call("nova", "DELETE", f"/v2.1/servers/{id}")
    openstack.wait_for_server(id, "deleted")
    assert administrator.call("neutron", "GET", f"/v2.0/ports?device_id={id}")["ports"] == []
    with pytest.raises(Refused):
        administrator.server(id)


def test_restart_keeps_the_data(openstack: OpenStack, server: str) -> None:
    addresses = openstack.addresses
    openstack.restart()
    assert openstack.addresses == addresses
    openstack.administrator().act(server, "os-stop", "SHUTOFF")


def test_stop_and_start_resets_the_data(openstack: OpenStack) -> None:
    openstack.create_server("another")
    addresses, estate, pids = openstack.addresses, openstack.estate, list(openstack.pids.values())
    openstack.stop()
    wait_until_gone(pids)
    assert not any(listens("127.0.0.1", port) for port in ports(openstack))
    openstack.start()
    assert (openstack.addresses, openstack.estate) == (addresses, estate)
    names = {server["name"] for server in openstack.administrator().servers()}
    assert "another" not in names
    assert f"vm-{SERVERS:05}" in names


def test_run_exports_the_environment_and_ends_the_services() -> None:
    environment = environment_of_run("openstack", timeout=240)
    assert environment["HVLIB_PROVIDER"] == "openstack://admin"
    assert environment.keys() >= {"OS_AUTH_URL", "OS_USERNAME", "OS_PASSWORD", "OS_PROJECT_NAME", "OS_REGION_NAME"}
    port = urlsplit(environment["OS_AUTH_URL"]).port
    assert port
    assert not listens("127.0.0.1", port)
    assert not Path(environment["OS_CLIENT_CONFIG_FILE"]).parent.exists()


def test_no_service_outlives_a_killed_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))  # files that only run itself could have removed are left here
    with run_until_killed("openstack") as (environment, pid):
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        assert len(children) == len(PROJECTS) + 1
    assert json.loads(Path(environment["OS_CLIENT_CONFIG_FILE"]).read_text())["clouds"].keys() == {"admin", "member"}
    wait_until_gone([int(pid) for pid in children])
    shutil.rmtree(tmp_path)


def test_a_failed_installation_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, path in (("BUILD", tmp_path), ("VENV", tmp_path / "venv"), ("LOG", tmp_path / "pip.log")):
        monkeypatch.setattr(environment, name, path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(ServerFailed, match=r"package index(.*\n)*.*No matching distribution"), OpenStack():
        pass
