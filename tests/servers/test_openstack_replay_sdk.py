"""Tests that OpenStack's own SDK works with the OpenStack replay."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest

from servers.faulty_proxy import FaultyProxy, named
from servers.openstack_replay.page_faults import LimitIgnored, SamePage
from servers.openstack_replay.replay import OpenStackReplay

pytestmark = [  # the SDK's own code causes these warnings
    pytest.mark.filterwarnings("ignore::DeprecationWarning:openstack"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning:openstack"),
]

SERVERS = 60
DETAIL = "GET /compute/v2.1/servers/detail"


def connect(**arguments: Any) -> Any:
    sdk: Any = importlib.import_module("openstack")
    return sdk.connect(region_name="RegionOne", load_yaml_config=False, load_envvars=False, **arguments)


def log_in(server: OpenStackReplay, port: int) -> Any:
    known = server.credentials
    domain = {"user_domain_name": "Default", "project_domain_name": "Default"}
    login = {"username": known["user"], "password": known["password"], "project_name": known["project"], **domain}
    return connect(auth={"auth_url": f"http://127.0.0.1:{port}/identity/v3", **login})


@pytest.fixture
def region(replay: OpenStackReplay) -> Iterator[Any]:
    with log_in(replay, replay.port) as connected:
        yield connected


@pytest.fixture
def proxy(replay: OpenStackReplay) -> Iterator[FaultyProxy]:
    with FaultyProxy(("127.0.0.1", replay.port)) as proxy:
        yield proxy


@pytest.fixture
def proxied(replay: OpenStackReplay, proxy: FaultyProxy) -> Iterator[Any]:
    """The region behind the proxy."""
    with log_in(replay, proxy.port) as connected:
        yield connected


def count_servers(region: Any, **arguments: Any) -> int:
    return len({server.id for server in region.compute.servers(details=True, **arguments)})


def test_every_collection_is_listed(region: Any) -> None:
    assert count_servers(region) == SERVERS
    assert count_servers(region, limit=7) == SERVERS
    assert len(list(region.compute.flavors())) == 24
    assert len(list(region.compute.hypervisors(details=True))) == 2
    assert len(list(region.compute.aggregates())) == 4
    assert len(list(region.image.images())) == 200
    assert len(list(region.network.networks())) == 20
    assert len(list(region.network.subnets(limit=7))) == 20
    assert len(list(region.network.ports(limit=7))) == SERVERS
    assert len(list(region.block_storage.volumes(limit=7))) == 15


def test_first_page_costs_three_requests_before_it(replay: OpenStackReplay, region: Any) -> None:
    before = replay.requests()
    server = next(region.compute.servers(details=True))
    assert (server.name, server.flavor.vcpus, server.location.project.name) == ("server-00059", 32, "replay")
    after = replay.requests()
    assert {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name)} == {
        "GET /identity/v3": 1,
        "POST /identity/v3/auth/tokens": 1,
        "GET /compute/v2.1": 1,
        "GET /compute/v2.1/servers/detail": 1,
    }


def test_application_credential(replay: OpenStackReplay) -> None:
    known = replay.credentials
    credential = {name: known[name] for name in ("application_credential_id", "application_credential_secret")}
    with connect(auth_type="v3applicationcredential", auth={"auth_url": replay.auth_url, **credential}) as region:
        assert count_servers(region) == SERVERS


def test_expired_token_is_renewed(replay: OpenStackReplay, region: Any) -> None:
    pages = region.compute.servers(details=True, limit=7)
    assert next(pages)
    before = replay.tokens()["issued"]
    replay.expire_tokens()
    assert len({server.id for server in pages}) == SERVERS - 1
    assert replay.tokens()["issued"] == before + 1


def test_repeated_marker_is_detected(proxy: FaultyProxy, proxied: Any) -> None:
    proxy.next(SamePage(), when=named(DETAIL), times=None, skip=1)
    with pytest.raises(importlib.import_module("openstack.exceptions").SDKException, match="Endless pagination"):
        count_servers(proxied, limit=7)


def test_ignored_limit_loses_nothing(proxy: FaultyProxy, proxied: Any) -> None:
    proxy.next(LimitIgnored(), when=named(DETAIL), times=None)
    assert count_servers(proxied, limit=7) == SERVERS
