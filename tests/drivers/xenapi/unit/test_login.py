"""Logins: a refused login is not a lost session, and a session lost during a login is not a wrong password."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from hvlib_xenapi.session import XenAPISession
from scripted.context import RecordingContext

import hvlib
from hvlib.driver import Endpoint, NotSent, Secret, SessionLost
from hvlib.driver.http import Address, connections

LOGIN, POOL, HOST, LOGOUT = (
    "session.login_with_password", "pool.get_all_records", "host.get_all_records", "session.logout",
)  # fmt: skip
RECORD = {
    "address": "first",
    "other_config": {"agent_start_time": "1."},
    "software_version": {"product_brand": "XCP-ng", "product_version": "8.3.0"},
    "API_version_major": 2,
    "API_version_minor": 21,
}
RESULTS: Mapping[str, Any] = {
    LOGIN: "OpaqueRef:session",
    POOL: {"OpaqueRef:pool": {"uuid": "p", "master": "OpaqueRef:host", "default_SR": "OpaqueRef:NULL"}},
    HOST: {"OpaqueRef:host": RECORD, "OpaqueRef:other": {**RECORD, "address": "second"}},
    LOGOUT: None,
}


class ScriptedTransport:
    """Answers calls from memory. ``refusals``: the error of the next call, by host and message."""

    sent: ClassVar[list[tuple[str, str]]] = []
    refusals: ClassVar[dict[tuple[str, str], list[str] | Exception]] = {}

    def __init__(self, address: Address) -> None:
        self.address = address

    @contextmanager
    def exchange(self, method: str, path: str, *, body: bytes, **_: Any) -> Iterator[Any]:
        call = (self.address.host, json.loads(body)["method"])
        self.sent.append(call)
        words = self.refusals.pop(call, None)
        if isinstance(words, Exception):
            raise words
        reply = {"result": RESULTS[call[1]]} if words is None else {"error": {"message": words[0], "data": words[1:]}}
        data = json.dumps({"jsonrpc": "2.0", "id": 1, **reply}).encode()
        yield SimpleNamespace(status=200, headers={}, stream=lambda _: iter([data]))

    def cut(self) -> None:
        """There is nothing to cut."""

    def close(self) -> None:
        """There is nothing to close."""


@pytest.fixture
def transport(monkeypatch: pytest.MonkeyPatch) -> type[ScriptedTransport]:
    monkeypatch.setattr(connections, "Transport", ScriptedTransport)
    monkeypatch.setattr(ScriptedTransport, "sent", [])
    monkeypatch.setattr(ScriptedTransport, "refusals", {})
    return ScriptedTransport


@pytest.fixture
def session(transport: type[ScriptedTransport]) -> XenAPISession:
    endpoint = Endpoint("xenapi+http", "first", username="root", password=Secret("password"))
    return XenAPISession(endpoint, RecordingContext())


def test_a_login_reads_the_pools_description(session: XenAPISession, transport: type[ScriptedTransport]) -> None:
    session.login()
    assert (session.about().product, session.about().api_version, session.about().uuid) == ("XCP-ng", "2.21", "p")
    session.close()
    assert transport.sent == [("first", name) for name in (LOGIN, POOL, HOST, LOGOUT)]
    with pytest.raises(hvlib.Closed):
        session.about()


@pytest.mark.parametrize(
    "words",
    [["SESSION_AUTHENTICATION_FAILED", "root", "wrong"], ["SESSION_INVALID", "OpaqueRef:x"], ["HOST_IS_SLAVE"]],
    ids=lambda words: words[0],
)
def test_a_refused_login(session: XenAPISession, transport: type[ScriptedTransport], words: list[str]) -> None:
    """Every code means that the login is refused: no session exists yet that the server could have lost."""
    transport.refusals["first", LOGIN] = words
    with pytest.raises(hvlib.AuthenticationFailed):
        session.login()
    assert transport.sent == [("first", LOGIN)]


@pytest.mark.parametrize("call", [POOL, HOST])
@pytest.mark.parametrize(
    "words", [["SESSION_INVALID", "OpaqueRef:x"], ["HANDLE_INVALID", "session", "OpaqueRef:x"], ["HOST_IS_SLAVE", "x"]],
    ids=lambda words: words[0],
)  # fmt: skip
def test_a_session_that_is_lost_during_a_login(
    session: XenAPISession, transport: type[ScriptedTransport], call: str, words: list[str]
) -> None:
    """The password was accepted, so core logs in again. The session is logged out, and there is no current login."""
    transport.refusals["first", call] = words
    with pytest.raises(SessionLost):
        session.login()
    assert transport.sent[-1] == ("first", LOGOUT)
    with pytest.raises(SessionLost):
        session.about()
    session.login()
    assert session.about().uuid == "p"


def test_a_host_names_the_master(session: XenAPISession, transport: type[ScriptedTransport]) -> None:
    transport.refusals["first", LOGIN] = ["HOST_IS_SLAVE", "second"]
    session.login()
    assert transport.sent == [("first", LOGIN), *(("second", name) for name in (LOGIN, POOL, HOST))]


def test_hosts_that_name_each_other(session: XenAPISession, transport: type[ScriptedTransport]) -> None:
    """A login is sent on to a limited number of hosts."""
    transport.refusals.update(
        {("first", LOGIN): ["HOST_IS_SLAVE", "second"], ("second", LOGIN): ["HOST_IS_SLAVE", "third"]}
    )
    transport.refusals["third", LOGIN] = ["HOST_IS_SLAVE", "first"]
    with pytest.raises(hvlib.ProtocolError, match="do not agree"):
        session.login()


def test_other_members_are_asked_for_the_master(session: XenAPISession, transport: type[ScriptedTransport]) -> None:
    """A master that can't be reached may have been replaced."""
    session.login()
    transport.refusals["first", LOGIN] = NotSent("connection refused")
    del transport.sent[:]
    session.login()
    assert transport.sent == [("first", LOGOUT), ("first", LOGIN), *(("second", name) for name in (LOGIN, POOL, HOST))]


def test_a_login_needs_a_user_and_a_password(transport: type[ScriptedTransport]) -> None:
    session = XenAPISession(Endpoint("xenapi", "first", username="root"), RecordingContext())
    with pytest.raises(hvlib.ConfigError, match="password"):
        session.login()
    assert not transport.sent
