"""Paging on a region with faults that real services don't have on request: retries, refusals and endless pages."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
import pytest
from hvlib_openstack.paging import SdkClient, pages
from hvlib_openstack.version import Version
from servers.faulty_fault import (
    Drop,
    DropMidway,
    Fault,
    FreezeAfter,
    Replace,
    Truncate,
    html_page,
    rate_limited,
    unauthorized,
    unavailable,
)
from servers.faulty_proxy import FaultyProxy, named
from servers.openstack_replay.page_faults import Cycle, LimitIgnored, OtherHost, SamePage
from servers.openstack_replay.replay import OpenStackReplay

import hvlib
from hvlib.runtime.retry import RetryPolicy

from .conftest import DETAIL, SDK_WARNINGS, SERVERS, TOKENS, Connect, requests_to

pytestmark = SDK_WARNINGS

PATIENT = RetryPolicy(backoff=lambda attempt, error: 60.0)
"""Waits far too long if the server does not say how long to wait."""

WITHOUT_NETWORKS = ["name_label", "vcpus"]


def names(provider: hvlib.Provider, page_size: int = 10) -> list[str]:
    listed = provider.compute.vms.get_all(fields=WITHOUT_NETWORKS, page_size=page_size)
    return sorted(vm.name_label for vm in listed)


ALL = [f"server-{number:05}" for number in range(SERVERS)]
IMAGES = "GET /image/v2/images"
NO_PAGE = Replace(200, "OK", b"<!DOCTYPE html><p>Please sign in.", {"x-openstack-request-id": "req-of-a-gateway"})
PAGES = 4
"""Requests for all servers at ten per page: nova can't know that a full page is the last one."""


@pytest.mark.parametrize("fault", [rate_limited, unavailable])
@pytest.mark.parametrize(("seconds", "as_date"), [(1, False), (2, True)])
def test_retry_after_is_obeyed(
    replay: OpenStackReplay,
    proxy: FaultyProxy,
    reach: Connect,
    fault: Callable[..., Fault],
    seconds: float,
    as_date: bool,
) -> None:
    provider = reach(replay, proxy.port, retry=PATIENT)
    assert provider.about
    begin = time.monotonic()
    proxy.next(fault(seconds, as_date=as_date), when=named(DETAIL), skip=1)
    with requests_to(proxy) as requests:
        assert names(provider) == ALL
    assert 1 <= time.monotonic() - begin < 10
    assert requests == {DETAIL: PAGES + 1}


def test_without_retry_after_the_policy_counts(replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect) -> None:
    provider = reach(replay, proxy.port, retry=RetryPolicy(max_retries=2, backoff=lambda attempt, error: 0.0))
    proxy.next(unavailable(), when=named(DETAIL), times=2)
    assert names(provider) == ALL
    proxy.next(rate_limited(), when=named(DETAIL), times=None)
    with requests_to(proxy) as requests, pytest.raises(hvlib.RateLimited) as caught:
        names(provider)
    assert requests == {DETAIL: 3}
    assert caught.value.provider is provider


def test_a_page_that_is_cut_off_is_requested_again(replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect) -> None:
    provider = reach(replay, proxy.port)
    assert provider.about
    proxy.next(DropMidway(), when=named(DETAIL), skip=1)
    with requests_to(proxy) as requests:
        assert names(provider) == ALL
    assert requests == {DETAIL: PAGES + 1}


def test_headers_that_are_cut_off(replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect) -> None:
    provider = reach(replay, proxy.port)
    assert provider.about
    for after in (0, 8, 17, 24, 60, 150):
        cut = proxy.next(Drop(after), when=named(DETAIL), skip=1)
        assert names(provider) == ALL
        assert cut.struck.is_set()


def test_a_frozen_reply(replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect) -> None:
    provider = reach(replay, proxy.port, timeout=0.5)
    assert provider.about
    proxy.next(FreezeAfter(), when=named(DETAIL))
    begin = time.monotonic()
    with requests_to(proxy) as requests, pytest.raises(hvlib.ConnectionTimeout):
        names(provider)
    assert 0.4 < time.monotonic() - begin < 2.5
    assert requests == {DETAIL: 1}, "a request that timed out is not repeated"
    assert names(provider) == ALL


def test_a_401_in_mid_listing(replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect) -> None:
    provider = reach(replay, proxy.port)
    assert provider.about
    proxy.next(unauthorized(), when=named(DETAIL), skip=1)
    with requests_to(proxy) as requests:
        assert names(provider) == ALL
    assert requests == {DETAIL: PAGES + 1, TOKENS: 1, TOKENS.replace("POST", "DELETE"): 1}


def all_at_once(provider: hvlib.Provider) -> None:
    provider.compute.vms.get_all(fields=WITHOUT_NETWORKS, page_size=4).all()


def page_by_page(provider: hvlib.Provider) -> None:
    for _ in provider.compute.vms.get_all(fields=WITHOUT_NETWORKS, page_size=4).pages():
        pass


def by_the_sdk(provider: hvlib.Provider) -> None:
    for _ in pages(SdkClient(provider.native.compute), "/servers/detail", "servers", parameters=[("limit", "4")]):
        pass


@pytest.mark.parametrize("listing", [all_at_once, page_by_page, by_the_sdk])
@pytest.mark.parametrize(
    ("fault", "skip", "words"),
    [
        (SamePage, 0, "does not say where"),
        (SamePage, 1, "leads back|never end"),
        (Cycle, 0, "does not say where"),
        (Cycle, 3, "leads back|never end"),
    ],
)
def test_paging_without_an_end(
    replay: OpenStackReplay,
    proxy: FaultyProxy,
    reach: Connect,
    listing: Callable[[hvlib.Provider], None],
    fault: Callable[[], Fault],
    skip: int,
    words: str,
) -> None:
    provider = reach(replay, proxy.port)
    assert provider.about
    proxy.next(fault(), when=named(DETAIL), times=None, skip=skip)
    with requests_to(proxy) as requests, pytest.raises(hvlib.ProtocolError, match=words):
        listing(provider)
    assert requests[DETAIL] <= 8


def test_pages_of_another_kind_without_an_end(replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect) -> None:
    """A listing of images skips pages that hold only snapshots."""
    page = b'{"images": [{"id": "1", "image_type": "snapshot"}], "next": "/v2/images?marker=1"}'
    proxy.next(Replace(200, "OK", page), when=lambda request: "/v2/images" in request.path, times=100)
    with pytest.raises(hvlib.ProtocolError, match="no end"):
        reach(replay, proxy.port).image.images.get_all().all()
    assert sum(times for name, times in proxy.requests.items() if "/v2/images" in name) <= 3


def test_an_ignored_limit_loses_nothing(replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect) -> None:
    proxy.next(LimitIgnored(), when=named(DETAIL, IMAGES), times=None)
    provider = reach(replay, proxy.port)
    assert names(provider) == ALL
    assert provider.image.images.get_all(page_size=10).count() == 200


def test_only_the_parameters_of_links_to_another_host_are_used(
    replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect
) -> None:
    """The host that the links name does not exist."""
    proxy.next(OtherHost(), when=lambda request: request.method == "GET", times=None)
    provider = reach(replay, proxy.port)
    with requests_to(proxy) as requests:
        assert names(provider) == ALL
    assert requests[DETAIL] == PAGES
    assert provider.image.images.get_all(page_size=50).count() == 200


@pytest.mark.parametrize("fault", [NO_PAGE, Truncate()])
def test_a_reply_that_is_no_page(replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect, fault: Fault) -> None:
    provider = reach(replay, proxy.port)
    assert provider.about
    proxy.next(fault, when=named(DETAIL), skip=1)
    with requests_to(proxy) as requests, pytest.raises(hvlib.ProtocolError, match="can't be read") as caught:
        names(provider)
    assert requests[DETAIL] <= 3, "no page is requested again, only the page ahead"
    assert caught.value.request_id
    assert caught.value.request_id.startswith("req-")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect, status: int) -> None:
    """The token must only go to the address that the catalogue names."""
    provider = reach(replay, proxy.port)
    assert provider.about
    elsewhere = {"location": f"http://127.0.0.1:{replay.port}/compute/v2.1/servers/detail"}
    proxy.next(Replace(status, "Elsewhere", b"", elsewhere), when=named(DETAIL))
    with requests_to(replay) as requests, pytest.raises(hvlib.HvlibError):
        names(provider)
    assert requests == {}


def test_a_404_that_is_not_the_services_is_not_believed(
    replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect
) -> None:
    """A gateway whose service is down answers 404 for every server."""
    provider = reach(replay, proxy.port)
    vm = provider.compute.vms.get_all(fields=[]).first()
    assert vm is not None
    gateway = Replace(404, "Not Found", b"default backend - 404")
    proxy.next(gateway, when=lambda request: vm.ref.id in request.path)
    with pytest.raises(hvlib.ProtocolError, match="default backend"):
        provider.compute.vms.get(vm.ref)
    assert provider.compute.vms.get(vm.ref).ref == vm.ref


def test_joins_are_read_once_for_a_listing(replay: OpenStackReplay, reach: Connect) -> None:
    """A listing that continues from a token uses the same joins. A second use of the token begins another listing."""
    vms = reach(replay).compute.vms
    whole = {vm.ref: vm.networks for vm in vms.get_all(fields=["networks"])}
    page = next(vms.get_all(fields=["networks"], page_size=10).pages())
    for ports in (0, 1):
        with requests_to(replay) as requests:
            rest = vms.get_all(fields=["networks"], page_size=10, after=page.next).all()
        assert {vm.ref: vm.networks for vm in [*page.items, *rest]} == whole
        assert requests["GET /network/v2.0/ports"] == ports


class Named(msgspec.Struct):
    id: str
    name: str


class TestPages:
    """`hvlib_openstack.paging`, as users call it."""

    @pytest.fixture
    def provider(self, replay: OpenStackReplay, reach: Connect) -> hvlib.Provider:
        provider = reach(replay)
        assert provider.about
        return provider

    @pytest.mark.parametrize(
        ("service", "path", "key", "limit", "sizes"),
        [
            ("compute", "/servers/detail", "servers", 20, [20, 10]),
            ("compute", "/servers", "servers", 20, [20, 10]),
            ("compute", "/flavors/detail", "flavors", 20, [20, 4]),
            ("compute", "/os-aggregates", "aggregates", None, [4]),
            ("image", "/images", "images", 150, [150, 50]),
            ("network", "/networks", "networks", 15, [15, 5]),
            ("network", "/ports", "ports", None, [SERVERS]),
            ("block_storage", "/volumes/detail", "volumes", 5, [5, 3]),
        ],
    )
    def test_collections_with_links(
        self, provider: hvlib.Provider, service: str, path: str, key: str, limit: int | None, sizes: list[int]
    ) -> None:
        client = SdkClient(getattr(provider.native, service))
        parameters = [] if limit is None else [("limit", str(limit))]
        found = list(pages(client, path, key, parameters=parameters))
        assert [len(page.items) for page in found] == sizes
        ids = [item["id"] for page in found for item in page.items]
        assert len(set(ids)) == len(ids)
        for page in found:
            assert page.reply.status == 200
            assert page.reply.headers["content-type"] == "application/json"
            assert page.reply.request_id == page.reply.headers["X-OpenStack-Request-Id"]
            assert page.reply.json()[key] == page.items
            assert f'"{key}"'.encode() in page.reply.body
        assert len({page.reply.request_id for page in found}) == len(found)

    def test_a_marker_for_a_collection_without_links(self, provider: hvlib.Provider) -> None:
        client = SdkClient(provider.native.compute)
        for type in (dict, Named):
            found = pages(client, "/servers", "servers", parameters=[("limit", "20")], type=type, marker="id")
            assert [len(page.items) for page in found] == [20, 10, 0]

    def test_structures_and_microversions(self, provider: hvlib.Provider) -> None:
        client = SdkClient(provider.native.compute)
        [page] = pages(client, "/servers/detail", "servers", type=Named, version=Version(2, 96))
        assert isinstance(page.items[0], Named)
        assert page.reply.headers["OpenStack-API-Version"] == "compute 2.96"

    def test_refusals(self, replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect) -> None:
        client = SdkClient(reach(replay, proxy.port).native.compute)
        with pytest.raises(hvlib.NotFound) as caught:
            list(pages(client, "/os-keypairs", "keypairs"))
        assert caught.value.request_id
        with pytest.raises(hvlib.InvalidQuery, match="colour"):
            list(pages(client, "/servers", "servers", parameters=[("colour", "red")]))
        with pytest.raises(hvlib.ProtocolError, match="keypairs"):
            list(pages(client, "/servers", "keypairs"))
        proxy.next(html_page(), when=named(DETAIL))
        with pytest.raises(hvlib.ProtocolError, match="can't be read"):
            list(pages(client, "/servers/detail", "servers"))

    def test_a_dead_token(self, provider: hvlib.Provider, replay: OpenStackReplay) -> None:
        """The SDK's session renews its own token."""
        client = SdkClient(provider.native.compute)
        [_] = pages(client, "/servers", "servers")
        replay.expire_tokens()
        [page] = pages(client, "/servers", "servers")
        assert len(page.items) == SERVERS

    def test_services_that_are_missing(self, replay: OpenStackReplay, reach: Connect) -> None:
        replay.withdraw("network")
        provider = reach(replay)
        assert provider.about
        with pytest.raises(hvlib.Unsupported):
            list(pages(SdkClient(provider.native.network), "/ports", "ports"))

    def test_broken_connections(self, replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect) -> None:
        client = SdkClient(reach(replay, proxy.port).native.compute)
        proxy.next(DropMidway(), when=named(DETAIL))
        with pytest.raises(hvlib.ConnectionFailed):
            list(pages(client, "/servers/detail", "servers"))
        proxy.next(unavailable(7), when=named(DETAIL))
        with pytest.raises(hvlib.ConnectionFailed) as caught:
            list(pages(client, "/servers/detail", "servers"))
        assert getattr(caught.value, "retry_after", None) == 7
