"""Sessions: the cost, renewal and refusal of a login. Nothing hangs, no token is left, and no secret is shown."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

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

from .conftest import DETAIL, SERVERS, TOKENS, Connect, login, requests_to

pytestmark = [  # the SDK's own code causes these warnings
    pytest.mark.filterwarnings("ignore::DeprecationWarning:openstack"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning:openstack"),
]

KEYSTONE = "GET /identity/v3"
VERSIONS = "GET /compute/v2.1"
REVOKE = "DELETE /identity/v3/auth/tokens"
THREADS = 16

TOKEN = "gAAAAA"
"""The first characters of every token."""


def count(provider: hvlib.Provider) -> int:
    return provider.compute.vms.get_all(fields=["name_label"]).count()


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


class Waiting:
    """A listing in a thread of its own, which is held up by a fault."""

    def __init__(self, provider: hvlib.Provider) -> None:
        self._provider = provider
        self._raised: BaseException | None = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def check_close(self) -> None:
        """Check that `hvlib.Provider.close` in this thread ends the listing within a second."""
        begin = time.monotonic()
        self._provider.close()
        self._thread.join(5)
        assert not self._thread.is_alive()
        assert time.monotonic() - begin < 1
        assert isinstance(self._raised, hvlib.Closed), self._raised

    def _run(self) -> None:
        try:
            count(self._provider)
        except BaseException as error:
            self._raised = error


class TestClose:
    def test_the_token_is_revoked(self, replay: OpenStackReplay, reach: Connect) -> None:
        before = replay.tokens()["valid"]
        with requests_to(replay) as requests, reach(replay) as provider:
            assert count(provider) == SERVERS
            assert replay.tokens()["valid"] == before + 1
            provider.close()
            provider.close()
        assert requests[REVOKE] == 1
        assert replay.tokens()["valid"] == before
        with pytest.raises(hvlib.Closed):
            count(provider)

    def test_a_provider_that_never_logged_in_sends_nothing(self, replay: OpenStackReplay, reach: Connect) -> None:
        with requests_to(replay) as requests:
            reach(replay).close()
        assert requests == {}

    def test_a_keystone_that_is_gone_or_frozen(
        self, replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect
    ) -> None:
        """The provider tries to log out, but does not wait for it."""
        for fault in (unavailable(), FreezeAfter()):
            provider = reach(replay, proxy.port)
            assert provider.about
            proxy.next(fault, when=named(REVOKE))
            begin = time.monotonic()
            provider.close()
            assert time.monotonic() - begin < 3

    @pytest.mark.parametrize("request_", [KEYSTONE, TOKENS, VERSIONS, DETAIL])
    def test_a_frozen_request(self, replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect, request_: str) -> None:
        frozen = proxy.next(FreezeAfter(), when=named(request_))
        waiting = Waiting(reach(replay, proxy.port))
        assert frozen.struck.wait(10)
        waiting.check_close()

    @pytest.mark.parametrize("request_", [VERSIONS, DETAIL])
    def test_a_frozen_request_leaves_no_token(
        self, replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect, request_: str
    ) -> None:
        valid = replay.tokens()["valid"]
        frozen = proxy.next(FreezeAfter(), when=named(request_))
        waiting = Waiting(reach(replay, proxy.port))
        assert frozen.struck.wait(10)
        waiting.check_close()
        assert replay.tokens()["valid"] == valid

    def test_a_login_that_fails_leaves_no_token(
        self, replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect
    ) -> None:
        before = replay.tokens()["valid"]
        proxy.next(html_page(), when=named(VERSIONS))
        with pytest.raises(hvlib.ProtocolError):
            count(reach(replay, proxy.port))
        assert replay.tokens()["valid"] == before

    def test_a_silent_tls_handshake(self, replay: OpenStackReplay, reach: Connect, silent: socket.socket) -> None:
        provider = reach(replay, auth_url=f"https://127.0.0.1:{silent.getsockname()[1]}/v3")
        waiting = Waiting(provider)
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(1), "the client's part of the handshake"
            waiting.check_close()

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_ctrl_c(self, replay: OpenStackReplay, number: signal.Signals) -> None:
        before = replay.tokens()["valid"]
        hv = [sys.executable, "-c", "import sys; from hvlib.cli.app import main; sys.exit(main())", "vm", "watch"]
        environment = {**os.environ, **replay.environment}
        process = subprocess.Popen(hv, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline()
        process.send_signal(number)
        _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (128 + number, "")
        assert replay.tokens()["valid"] == before


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A socket that listens on loopback and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        yield listener


def until(fits: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not fits():
        assert time.monotonic() < deadline


class TestSecrets:
    """No printed text contains the password or a token."""

    def test_errors(self, replay: OpenStackReplay, reach: Connect, proxy: FaultyProxy) -> None:
        password = "correct-horse-battery"
        texts = [
            *self._error_texts(reach(replay, password=password)),
            *self._error_texts(reach(replay, proxy.port, password=password, region_name="Elsewhere")),
            *self._error_texts(reach(replay, 1, password=password)),
            *self._error_texts(reach(replay, auth_url="nonsense", password=password)),
            *self._error_texts(
                hvlib.connect(f"openstack://me:{password}@", **without(login(replay), "password", "username"))
            ),
        ]
        assert texts
        assert not [text for text in texts if password in text]

    def test_application_credentials(self, replay: OpenStackReplay) -> None:
        secret = "correct-horse-battery"
        given: dict[str, Any] = {
            "auth_url": replay.auth_url,
            "auth_type": "v3applicationcredential",
            "application_credential_id": "me",
            "application_credential_secret": secret,
        }
        with hvlib.connect("openstack://", **given) as provider:
            assert not [text for text in self._error_texts(provider) if secret in text]

    @pytest.mark.parametrize(
        "fault", [html_page(), DropMidway(), Truncate(), unauthorized(), unavailable(), rate_limited()]
    )
    @pytest.mark.parametrize("request_", [TOKENS, VERSIONS, DETAIL])
    def test_faults(
        self, replay: OpenStackReplay, proxy: FaultyProxy, reach: Connect, fault: Fault, request_: str
    ) -> None:
        provider = reach(replay, proxy.port)
        proxy.next(fault, when=named(request_), times=None)
        texts = self._error_texts(provider)
        assert not [text for text in texts if TOKEN in text or replay.credentials["password"] in text]

    def test_objects_of_a_working_session(self, replay: OpenStackReplay, reach: Connect) -> None:
        provider = reach(replay)
        vm = provider.compute.vms.get_all().first()
        assert vm is not None
        session: Any = provider._manager.session
        client: Any = session.adapters[hvlib.VM].client
        parts = [
            provider,
            vm,
            session,
            session._authenticator._endpoint,
            provider.about,
            provider.native,
            session._authenticator.cloud,
        ]
        parts += [
            client,
            client.login,
            client.login.token,
            client.compute,
            session._authenticator.cloud.region,
            provider.native.compute,
        ]
        texts = [text for part in parts for text in (repr(part), str(part))]
        assert not [text for text in texts if TOKEN in text or replay.credentials["password"] in text]

    def _error_texts(self, provider: hvlib.Provider) -> list[str]:
        """All texts of a listing's error, and of the provider."""
        with pytest.raises(hvlib.HvlibError) as caught:
            count(provider)
        provider.close()
        texts: list[str] = [repr(provider), str(provider), "".join(traceback.format_exception(caught.value))]
        error: BaseException | None = caught.value
        while error is not None:
            texts += [repr(error), str(error), repr(vars(error)), repr(getattr(error, "hint", ""))]
            assert len(texts) < 100, "the errors' causes form a circle"
            error = error.__cause__ or error.__context__
        return texts


def without(options: dict[str, str], *names: str) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in names}
