"""Closing: a provider that is closed ends its requests, and leaves no token."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from drivers.ended_hv import check_ends_quietly
from servers.faulty_fault import (
    FreezeAfter,
    html_page,
    unavailable,
)
from servers.faulty_proxy import FaultyProxy, named
from servers.openstack_replay.replay import OpenStackReplay

import hvlib

from .conftest import DETAIL, SDK_WARNINGS, SERVERS, TOKENS, VERSIONS, Connect, count, requests_to

pytestmark = SDK_WARNINGS

KEYSTONE = "GET /identity/v3"
REVOKE = "DELETE /identity/v3/auth/tokens"


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
        # On a busy machine the server may get to the logout when the client waits for it no more.
        deadline = time.monotonic() + 10
        while replay.tokens()["valid"] != valid:
            assert time.monotonic() < deadline

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
        check_ends_quietly(replay.environment, number)
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
