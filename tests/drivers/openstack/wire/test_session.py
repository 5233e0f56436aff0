"""Sessions: the cost, renewal and refusal of a login."""

from __future__ import annotations

import logging
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from servers.faulty_fault import (
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
from servers.openstack_replay.replay import OpenStackReplay

import hvlib
from hvlib.runtime.retry import RetryPolicy

from .conftest import DETAIL, SDK_WARNINGS, SERVERS, TOKENS, VERSIONS, Connect, count, login, requests_to

pytestmark = SDK_WARNINGS

REVOKE = "DELETE /identity/v3/auth/tokens"
THREADS = 16


class TestCost:
    def test_three_requests_before_the_first_page(self, replay: OpenStackReplay, reach: Connect) -> None:
        with requests_to(replay) as requests:
            provider = reach(replay)
        assert requests == {}
        with requests_to(replay) as requests, provider.count_requests() as counted:
            assert provider.compute.vms.get_all(fields=["name_label"], page_size=5).first()
        assert requests[TOKENS] == requests[VERSIONS] == 1
        assert requests.total() - requests[DETAIL] <= 3
        assert counted.total == requests.total()

    def test_versions_are_requested_once(self, replay: OpenStackReplay, reach: Connect) -> None:
        provider = reach(replay)
        with requests_to(replay) as requests:
            for _ in range(3):
                assert count(provider) == SERVERS
                assert provider.compute.hosts.get_all().count() == 1
                replay.expire_tokens()
        assert requests[VERSIONS] == 1
        assert requests[TOKENS] == 3


class TestRenewal:
    def test_many_threads_renew_an_expired_token_once(self, replay: OpenStackReplay, reach: Connect) -> None:
        provider = reach(replay)
        for _ in range(3):
            assert count(provider) == SERVERS
            replay.expire_tokens()
            together = threading.Barrier(THREADS)

            def listed(together: threading.Barrier = together) -> int:
                together.wait(10)
                return count(provider)

            with requests_to(replay) as requests, ThreadPoolExecutor(THREADS) as pool:
                counts = [pool.submit(listed) for _ in range(THREADS)]
                assert [future.result(20) for future in counts] == [SERVERS] * THREADS
            assert requests[TOKENS] == 1

    def test_the_first_login_is_made_once_too(self, replay: OpenStackReplay, reach: Connect) -> None:
        provider = reach(replay)
        with requests_to(replay) as requests, ThreadPoolExecutor(THREADS) as pool:
            assert list(pool.map(lambda _: count(provider), range(THREADS))) == [SERVERS] * THREADS
        assert (requests[TOKENS], requests[VERSIONS]) == (1, 1)

    def test_a_service_that_rejects_every_token(
        self, replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect
    ) -> None:
        provider = reach(replay, proxy.port)
        proxy.next(unauthorized(), when=named(DETAIL), times=None)
        with requests_to(proxy) as requests, pytest.raises(hvlib.ConnectionFailed, match="dropped 3 sessions"):
            count(provider)
        assert requests[TOKENS] <= 4

    def test_a_session_that_is_lost_in_mid_login(
        self, replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect
    ) -> None:
        """Keystone has accepted the password, so nova's refusal of the token is no refusal of the password."""
        provider = reach(replay, proxy.port)
        proxy.next(unauthorized(), when=named(VERSIONS), times=2)
        with requests_to(proxy) as requests:
            assert count(provider) == SERVERS
        assert requests[TOKENS] == requests[VERSIONS] == 3

    def test_sessions_that_are_always_lost_in_mid_login(
        self, replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect
    ) -> None:
        provider = reach(replay, proxy.port)
        proxy.next(unauthorized(), when=named(VERSIONS), times=None)
        with requests_to(proxy) as requests, pytest.raises(hvlib.ConnectionFailed, match="dropped 3 sessions"):
            count(provider)
        assert requests[TOKENS] == requests[REVOKE] == 3


class TestRefused:
    def test_a_wrong_password(self, replay: OpenStackReplay, reach: Connect) -> None:
        provider = reach(replay, password="wrong")
        with requests_to(replay) as requests, pytest.raises(hvlib.AuthenticationFailed, match="refuses the login"):
            count(provider)
        assert requests[TOKENS] == 1

    def test_another_project(self, replay: OpenStackReplay, reach: Connect) -> None:
        with pytest.raises(hvlib.AuthenticationFailed):
            count(reach(replay, project_name="other"))

    @pytest.mark.parametrize(
        ("option", "value", "words"), [("region_name", "Elsewhere", "Elsewhere"), ("interface", "secret", "secret")]
    )
    def test_a_region_or_interface_that_the_catalogue_lacks(
        self, replay: OpenStackReplay, reach: Connect, option: str, value: str, words: str
    ) -> None:
        with pytest.raises(hvlib.ConfigError, match=words) as caught:
            count(reach(replay, **{option: value}))
        assert "compute" in str(caught.value)
        assert caught.value.hint

    def test_a_region_without_networking(self, replay: OpenStackReplay, reach: Connect) -> None:
        replay.withdraw("network")
        provider = reach(replay)
        assert count(provider) == SERVERS
        with pytest.raises(hvlib.Unsupported, match="network"):
            provider.network.networks.get_all().all()
        with pytest.raises(hvlib.Unsupported, match="network"):
            provider.compute.vms.get_all(fields=["networks"]).all()

    def test_a_region_without_compute(self, replay: OpenStackReplay, reach: Connect) -> None:
        replay.withdraw("compute")
        with pytest.raises(hvlib.ConfigError, match="compute"):
            count(reach(replay))

    def test_a_scope_without_a_project(self, replay: OpenStackReplay, reach: Connect) -> None:
        """Such a token has no catalogue."""
        known = login(replay)
        del known["project_name"], known["project_domain_name"]
        with (
            hvlib.connect("openstack://", **known) as provider,  # type: ignore[arg-type]
            pytest.raises(hvlib.ConfigError, match=r"catalog|compute"),
        ):
            count(provider)

    def test_a_nova_that_is_too_old(self, replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect) -> None:
        old = b'{"version": {"id": "v2.1", "version": "2.53", "min_version": "2.1"}}'
        proxy.next(Replace(200, "OK", old), when=lambda request: request.path.rstrip("/").endswith("/v2.1"))
        with pytest.raises(hvlib.Unsupported, match=r"2\.53.*2\.74"):
            count(reach(replay, proxy.port))

    def test_a_nova_that_is_old_but_usable(self, replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect) -> None:
        """Hypervisors are not requested in a microversion that this nova does not know."""
        old = b'{"version": {"id": "v2.1", "version": "2.79", "min_version": "2.1"}}'
        proxy.next(Replace(200, "OK", old), when=lambda request: request.path.rstrip("/").endswith("/v2.1"))
        newer = proxy.next(Replace(406, "Not Acceptable"), when=lambda request: "2.87" in str(request.headers))
        provider = reach(replay, proxy.port)
        [host] = provider.compute.hosts.get_all()
        assert provider.compute.clusters.get_all(fields=["hosts"]).all()[0].hosts == (host.ref,)
        assert not newer.struck.is_set()


class TestKeystoneInTrouble:
    @pytest.mark.parametrize("fault", [unavailable(), rate_limited(), DropMidway()])
    def test_temporary_faults_are_waited_for(
        self, replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect, fault: Fault
    ) -> None:
        proxy.next(fault, when=named(TOKENS), times=2)
        with requests_to(proxy) as requests:
            assert count(reach(replay, proxy.port)) == SERVERS
        assert requests[TOKENS] == 3

    def test_retry_after_of_a_login(self, replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect) -> None:
        provider = reach(replay, proxy.port, retry=RetryPolicy(backoff=lambda attempt, error: 60.0))
        proxy.next(unavailable(1), when=named(TOKENS))
        begin = time.monotonic()
        assert count(provider) == SERVERS
        assert 1 <= time.monotonic() - begin < 10

    @pytest.mark.parametrize("fault", [html_page(), Truncate()])
    def test_a_reply_without_a_token(
        self, replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect, fault: Fault
    ) -> None:
        provider = reach(replay, proxy.port)
        proxy.next(fault, when=named(TOKENS))
        with pytest.raises(hvlib.ProtocolError):
            count(provider)
        assert count(provider) == SERVERS

    @pytest.mark.parametrize("request_", [TOKENS, VERSIONS, DETAIL])
    def test_everything_has_a_time_out(
        self, replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect, request_: str
    ) -> None:
        provider = reach(replay, proxy.port, timeout=0.5)
        proxy.next(FreezeAfter(), when=named(request_))
        begin = time.monotonic()
        with pytest.raises(hvlib.ConnectionTimeout):
            count(provider)
        assert time.monotonic() - begin < 2.5

    def test_the_sdks_own_calls_have_a_time_out(
        self, replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect
    ) -> None:
        provider = reach(replay, proxy.port, timeout=0.5)
        assert provider.about
        proxy.next(FreezeAfter(), when=named(DETAIL))
        begin = time.monotonic()
        with pytest.raises(Exception, match=r"timed out|time-out|timeout"):
            list(provider.native.compute.servers())
        assert time.monotonic() - begin < 4.0

    def test_a_port_without_a_listener(
        self, replay: OpenStackReplay, reach: Connect, caplog: pytest.LogCaptureFixture
    ) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            provider = reach(replay, free.getsockname()[1])
            with pytest.raises(hvlib.ConnectionFailed, match="can't be reached"):
                count(provider)
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING], "the error is enough"
