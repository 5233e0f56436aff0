"""Tests of the OpenStack replay alone. hvlib's OpenStack driver is tested on the real services."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import pytest

from servers.faulty_proxy import FaultyProxy
from servers.openstack_replay.client import Client, next_of
from servers.openstack_replay.page_faults import Cycle, LimitIgnored, OtherHost, SamePage
from servers.openstack_replay.replay import OpenStackReplay

SERVERS = 2_100
DETAIL = "/compute/v2.1/servers/detail"
TOKENS = "/identity/v3/auth/tokens"
PROJECT = "8f0c5d5a7c5d4c5e9b1a6f3f00000001"
VOLUMES = f"/volume/v3/{PROJECT}/volumes/detail"


@pytest.fixture
def client(replay: OpenStackReplay) -> Iterator[Client]:
    client = Client(replay)
    client.log_in(scope={"project": {"id": PROJECT}})
    yield client
    client.close()


@pytest.fixture
def proxy(replay: OpenStackReplay) -> Iterator[FaultyProxy]:
    with FaultyProxy(("127.0.0.1", replay.port)) as proxy:
        yield proxy


@pytest.fixture
def proxied(replay: OpenStackReplay, proxy: FaultyProxy) -> Iterator[Client]:
    """A client that uses the proxy, logged in already: faults that a test plans do not meet its login."""
    client = Client(replay, proxy.port)
    client.log_in(scope={"project": {"id": PROJECT}})
    yield client
    client.close()


def test_after_a_restart_it_is_the_same_region() -> None:
    with OpenStackReplay(servers=3) as server:
        client = Client(server)
        client.log_in()
        before = client.get(DETAIL)
        server.create_server("made")
        assert len(client.get(DETAIL)["servers"]) == 4
        client.close()
        port = server.port
        server.stop()
        server.start()
        assert server.port == port
        client.log_in()
        assert client.get(DETAIL) == before
        client.close()


def test_tokens_by_password_and_application_credential(replay: OpenStackReplay, client: Client) -> None:
    known = replay.credentials
    project = {"name": known["project"], "domain": {"id": "default"}}
    status, reply = client.log_in(scope={"project": project})
    assert status == 201
    catalog = {each["type"]: each["endpoints"][0]["url"] for each in reply["token"]["catalog"]}
    assert set(catalog) == {"identity", "compute", "image", "network", "volumev3"}
    by_id = {"id": known["application_credential_id"], "secret": known["application_credential_secret"]}
    status, reply = client.log_in({"methods": ["application_credential"], "application_credential": by_id})
    assert (status, reply["token"]["project"]["id"]) == (201, PROJECT)
    assert "catalog" not in client.log_in()[1]["token"]
    wrong = {"methods": ["application_credential"], "application_credential": {**by_id, "secret": "wrong"}}
    assert client.log_in(wrong)[0] == 401
    assert client.log_in(client.password(password="wrong"))[0] == 401
    assert client.log_in(client.password(name="nobody"))[0] == 401
    assert client.log_in(scope={"project": {**project, "name": "other"}})[0] == 401
    assert client.log_in({"methods": ["password"]})[0] == 400


def test_tokens_expire(replay: OpenStackReplay, client: Client) -> None:
    before = replay.tokens()["issued"]
    assert client.get(DETAIL + "?limit=1")
    replay.expire_tokens()
    assert replay.tokens() == {"issued": before, "valid": 0}
    assert client.refused(DETAIL) == 401
    assert client.headers["WWW-Authenticate"] == f'Keystone uri="http://127.0.0.1:{replay.port}/identity"'
    client.log_in()
    assert client.get(DETAIL + "?limit=1")
    assert client.send("DELETE", TOKENS, X_Subject_Token=client.token)[0] == 204
    assert client.refused(DETAIL) == 401
    replay.set_token_life(60)
    _, reply = client.log_in()
    assert client.get(DETAIL + "?limit=1")
    life = datetime.fromisoformat(reply["token"]["expires_at"]) - datetime.fromisoformat(reply["token"]["issued_at"])
    assert life == timedelta(seconds=60)
    replay.set_skew(61)
    assert client.refused(DETAIL) == 401
    assert replay.tokens()["issued"] == before + 2


def test_version_documents_need_no_token(replay: OpenStackReplay) -> None:
    client = Client(replay)
    for path, status in (
        ("/identity", 300),
        ("/compute/", 200),
        ("/image", 300),
        ("/network/", 200),
        ("/volume/", 300),
    ):
        assert client.send("GET", path)[0] == status
    assert client.get("/identity/v3")["version"]["id"] == "v3.14"
    compute = client.get("/compute/v2.1/")["version"]
    assert (compute["min_version"], compute["version"]) == ("2.1", "2.104")
    assert client.get(f"/volume/v3/{PROJECT}/")["versions"][0]["version"] == "3.71"
    assert client.refused(DETAIL) == 401
    client.close()


def test_microversions(client: Client) -> None:
    client.get(DETAIL + "?limit=1", OpenStack_API_Version="volume 3.5, compute 2.96")
    assert client.headers["OpenStack-API-Version"] == "compute 2.96"
    client.get(VOLUMES, OpenStack_API_Version="volume latest")
    assert client.headers["OpenStack-API-Version"] == "volume 3.71"
    client.get(DETAIL + "?limit=1")
    assert client.headers["X-OpenStack-Nova-API-Version"] == "2.1"
    assert client.refused(DETAIL, OpenStack_API_Version="compute 2.999") == 406
    assert client.refused(DETAIL, X_OpenStack_Nova_API_Version="two") == 400
    hosts = "/compute/v2.1/os-hypervisors/detail"
    assert client.get(hosts, OpenStack_API_Version="compute 2.87")["hypervisors"][0]["vcpus"] == 64
    assert "vcpus" not in client.get(hosts, OpenStack_API_Version="compute 2.88")["hypervisors"][0]


@pytest.mark.parametrize(
    ("key", "address", "sizes"),
    [
        ("servers", DETAIL, [1000, 1000, 100]),
        ("servers", DETAIL + "?limit=5000", [1000, 1000, 100]),
        ("servers", DETAIL + "?limit=700", [700, 700, 700, 0]),  # a full page may be the last one
        ("flavors", "/compute/v2.1/flavors/detail?limit=20", [20, 4]),
        ("hypervisors", "/compute/v2.1/os-hypervisors/detail?limit=40", [40, 2]),
        ("aggregates", "/compute/v2.1/os-aggregates?limit=1", [4]),
        ("images", "/image/v2/images", [*[25] * 8, 0]),
        ("images", "/image/v2/images?limit=150", [150, 50]),
        ("networks", "/network/v2.0/networks", [20]),
        ("subnets", "/network/v2.0/subnets?limit=15", [15, 5]),
        ("ports", "/network/v2.0/ports", [2100]),
        ("ports", "/network/v2.0/ports?limit=2000", [2000, 100]),
        ("volumes", VOLUMES, [525]),
        ("volumes", VOLUMES + "?limit=500", [500, 25]),
    ],
)
def test_pages(client: Client, key: str, address: str, sizes: list[int]) -> None:
    pages = client.pages(key, address)
    assert [len(page) for page in pages] == sizes
    ids = [record["id"] for page in pages for record in page]
    assert len(set(ids)) == len(ids)


def test_networking_links_the_previous_page_too(client: Client) -> None:
    page = client.get("/network/v2.0/networks?limit=5")
    assert [link["rel"] for link in page["networks_links"]] == ["next", "previous"]
    assert set(client.get("/network/v2.0/networks?limit=0")) == {"networks"}


def test_unknown_parameters_and_paths_are_refused(client: Client) -> None:
    for base in (DETAIL, "/image/v2/images", "/network/v2.0/ports", VOLUMES):
        assert client.refused(f"{base}?limit=2&marker=none-such") == 400
        assert client.refused(f"{base}?limit=-1") == 400
        assert client.refused(f"{base}?colour=red") == 400
    assert client.refused("/compute/v2.1/servers/none-such") == 404
    assert client.refused("/compute/v2.1/os-keypairs") == 404
    assert client.send("DELETE", DETAIL)[0] == 404


def test_filters(client: Client) -> None:
    id = client.get(DETAIL)["servers"][7]["id"]
    image = client.get("/image/v2/images")["images"][0]["id"]
    assert [each["name"] for each in client.get(DETAIL + "?name=0209[89]$")["servers"]] == [
        "server-02099",
        "server-02098",
    ]
    assert client.refused(DETAIL + "?name=(") == 400
    assert len(client.get(DETAIL + "?node=^compute-007%5C.")["servers"]) == 50
    assert [each["id"] for each in client.get(f"/image/v2/images?id=in:{image},other")["images"]] == [image]
    assert len(client.get("/image/v2/images?name=eq:image-007")["images"]) == 1
    assert client.refused("/image/v2/images?id=neq:1") == 400
    assert len(client.get("/network/v2.0/networks?name=net-3&name=net-4")["networks"]) == 2
    assert len(client.get(f"/network/v2.0/ports?device_id={id}&fields=id")["ports"]) == 1
    assert len(client.get(f"{VOLUMES}?updated_at=gte:2025-01-01T00:08:30")["volumes"]) == 15


def test_brief_listings(client: Client) -> None:
    for key, address in (("servers", DETAIL), ("volumes", VOLUMES)):
        brief = client.pages(key, address.removesuffix("/detail"))
        assert {*brief[0][0]} == {"id", "name", "links"}
        assert [[each["id"] for each in page] for page in brief] == [
            [each["id"] for each in page] for page in client.pages(key, address)
        ]


def test_servers_are_shaped_like_real_ones(client: Client) -> None:
    status, body = client.send("GET", DETAIL)
    assert status == 200
    assert 1_850 < len(body) / 1_000 < 2_150
    server = json.loads(body)["servers"][3]
    assert client.get(f"/compute/v2.1/servers/{server['id']}") == {"server": server}
    assert set(server["flavor"]) == {"vcpus", "ram", "disk", "ephemeral", "swap", "original_name", "extra_specs"}
    [attached] = server["os-extended-volumes:volumes_attached"]
    [volume] = [each for each in client.get(VOLUMES)["volumes"] if each["id"] == attached["id"]]
    assert volume["attachments"][0]["server_id"] == server["id"]
    [port] = [each for each in client.get("/network/v2.0/ports")["ports"] if each["device_id"] == server["id"]]
    [addresses] = server["addresses"].values()
    assert port["fixed_ips"][0]["ip_address"] == addresses[0]["addr"]


def test_requests_are_counted_and_named(replay: OpenStackReplay, client: Client) -> None:
    before = replay.requests()
    ids = [each["id"] for each in client.get(DETAIL + "?limit=2")["servers"]]
    seen = set()
    for id in ids:
        client.get(f"/compute/v2.1/servers/{id}")
        assert client.headers["x-openstack-request-id"] == client.headers["x-compute-request-id"]
        seen.add(client.headers["x-openstack-request-id"])
    client.refused(f"{VOLUMES}?marker=none-such")
    seen.add(client.headers["x-openstack-request-id"])
    assert len(seen) == 3
    after = replay.requests()
    assert {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name)} == {
        "GET /compute/v2.1/servers/detail": 1,
        "GET /compute/v2.1/servers/{id}": 2,
        "GET /volume/v3/{project_id}/volumes/detail": 1,
    }


def test_link_to_the_same_page(proxy: FaultyProxy, proxied: Client) -> None:
    proxy.next(SamePage(), times=None, skip=1)
    following = next_of("servers", proxied.get(DETAIL + "?limit=10"))
    assert following
    again = proxied.get(following)
    assert next_of("servers", again) == following
    assert proxied.get(following) == again


@pytest.mark.parametrize("skip", [0, 3])
def test_cycle_of_two_pages(proxy: FaultyProxy, proxied: Client, skip: int) -> None:
    proxy.next(Cycle(), times=None, skip=skip)
    shown: list[str] = []
    following: str | None = DETAIL + "?limit=10"
    for _ in range(skip + 6):
        assert following
        page = proxied.get(following)
        shown.append(page["servers"][0]["name"])
        following = next_of("servers", page)
    assert shown[skip : skip + 2] * 3 == shown[skip:]
    assert len(set(shown)) == skip + 2


def test_ignored_limit(proxy: FaultyProxy, proxied: Client) -> None:
    proxy.next(LimitIgnored(), times=None)
    assert [len(page) for page in proxied.pages("servers", DETAIL + "?limit=10")] == [1000, 1000, SERVERS - 2000]
    assert [len(page) for page in proxied.pages("images", "/image/v2/images")] == [200]
    marker = proxied.get(DETAIL)["servers"][99]["id"]
    assert len(proxied.get(f"{DETAIL}?limit=10&marker={marker}")["servers"]) == 1000


def test_links_lead_to_another_host(proxy: FaultyProxy, proxied: Client) -> None:
    proxy.next(OtherHost(), times=None)
    [link] = proxied.get(DETAIL + "?limit=2")["servers_links"]
    assert link["href"].startswith(f"http://openstack.invalid:8000{DETAIL}?limit=2&marker=")
    [version] = proxied.get("/network/")["versions"]
    assert version["links"][0]["href"] == "http://openstack.invalid:8000/network/v2.0/"


def test_behind_a_proxy_the_region_has_the_proxys_address(replay: OpenStackReplay) -> None:
    with FaultyProxy(("127.0.0.1", replay.port)) as proxy:
        client = Client(replay, proxy.port)
        _, reply = client.log_in(scope={"project": {"id": PROJECT}})
        urls = {end["url"] for each in reply["token"]["catalog"] for end in each["endpoints"]}
        assert {urlsplit(url).port for url in urls} == {proxy.port}
        [link] = client.get(DETAIL + "?limit=2")["servers_links"]
        assert urlsplit(link["href"]).port == proxy.port
        client.close()


def test_administrators_calls_raise_for_unknown_servers(replay: OpenStackReplay) -> None:
    with pytest.raises(ValueError, match="delete_server"):
        replay.delete_server("none-such")
