"""The OpenStack replay is taken for a region by OpenStack's own clients."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest

from servers.openstack_replay.replay import Fault, OpenStackReplay

pytestmark = [  # the SDK warns of what it does itself
    pytest.mark.filterwarnings("ignore::DeprecationWarning:openstack"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning:openstack"),
]

SERVERS = 60


def connect(server: OpenStackReplay, **arguments: Any) -> Any:
    sdk: Any = importlib.import_module("openstack")
    return sdk.connect(region_name="RegionOne", load_yaml_config=False, load_envvars=False, **arguments)


@pytest.fixture
def region(replay: OpenStackReplay) -> Iterator[Any]:
    known = replay.credentials
    domain = {"user_domain_name": "Default", "project_domain_name": "Default"}
    who = {"username": known["user"], "password": known["password"], "project_name": known["project"], **domain}
    with connect(replay, auth={"auth_url": replay.auth_url, **who}) as connected:
        yield connected


def listed(region: Any, **arguments: Any) -> int:
    return len({each.id for each in region.compute.servers(details=True, **arguments)})


def test_every_collection_is_listed(region: Any) -> None:
    assert listed(region) == SERVERS
    assert listed(region, limit=7) == SERVERS
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
    who = {name: known[name] for name in ("application_credential_id", "application_credential_secret")}
    with connect(replay, auth_type="v3applicationcredential", auth={"auth_url": replay.auth_url, **who}) as region:
        assert listed(region) == SERVERS


def test_dead_token_is_renewed(replay: OpenStackReplay, region: Any) -> None:
    assert listed(region) == SERVERS
    before = replay.tokens()["issued"]
    replay.add_fault(Fault.UNAUTHORIZED, skip=1)
    assert listed(region, limit=7) == SERVERS
    assert replay.tokens()["issued"] == before + 1


def test_repeated_marker_is_detected(replay: OpenStackReplay, region: Any) -> None:
    replay.add_fault(Fault.SAME_PAGE, times=None, skip=1)
    with pytest.raises(importlib.import_module("openstack.exceptions").SDKException, match="Endless pagination"):
        listed(region, limit=7)


def test_ignored_limit_loses_nothing(replay: OpenStackReplay, region: Any) -> None:
    replay.add_fault(Fault.LIMIT_IGNORED, times=None)
    assert listed(region, limit=7) == SERVERS
