"""Errors of connections and replies, against a server that answers as a test scripts it."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hvlib_grove.driver import GroveDriver
from scripted.context import RecordingContext
from servers.vcsim import Vcsim

from hvlib import errors
from hvlib.driver import Endpoint, NotSent, Secret, Session, SessionLost, Unavailable
from hvlib.model.query import make_query
from hvlib.model.resources import VM

Script = Callable[[socket.socket], None]
"""Answers a request on its connection."""


class Scripted:
    """A server that accepts every login, and answers all other requests as a test says."""

    def __init__(self) -> None:
        self.script: Script = lambda connection: None
        self.requested = threading.Event()
        about = {"product": "Grove", "version": "1", "api": "1", "uuid": "u"}
        self.fixed: dict[str, object] = {"/sessions": {"token": "t"}, "/sessions/current": {}, "/about": about}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as requests, suppress(OSError):
            while line := requests.readline():
                headers = dict(header.split(b": ", 1) for header in iter(requests.readline, b"\r\n"))
                requests.read(int(headers.get(b"Content-Length", 0)))
                self._answer(connection, line.decode().split()[1])

    def _answer(self, connection: socket.socket, path: str) -> None:
        if path in self.fixed:
            connection.sendall(reply(200, self.fixed[path]))
            return
        self.requested.set()
        self.script(connection)


def reply(status: int, body: object, *headers: str) -> bytes:
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(data)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + data


def refusal(status: int, code: str) -> bytes:
    return reply(status, {"error": {"code": code, "message": "in words"}}, "X-Request-Id: r-7")


@pytest.fixture
def server() -> Iterator[Scripted]:
    scripted = Scripted()
    yield scripted
    scripted.close()


def open_session(port: int, seconds: float = 10.0, **options: Any) -> Session:
    scheme = options.pop("scheme", "grove+http")
    endpoint = Endpoint(scheme, host="127.0.0.1", port=port, username="root", password=Secret("hidden-word"), **options)
    return GroveDriver().open(endpoint, RecordingContext(seconds))


@pytest.fixture
def session(server: Scripted) -> Iterator[Session]:
    session = open_session(server.port)
    session.login()
    yield session
    session.close()


def list_vms(session: Session) -> Any:
    adapter = session.adapters[VM]
    return adapter.open(make_query(VM, adapter.fields), None).fetch()


def error_of(server: Scripted, session: Session, answer: bytes) -> errors.HvlibError:
    server.script = lambda connection: connection.sendall(answer)
    with pytest.raises(errors.HvlibError) as caught:
        list_vms(session)
    return caught.value


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal(401, "no_session"), SessionLost),
        (reply(401, "<html>"), SessionLost),
        (refusal(403, "forbidden"), errors.PermissionDenied),
        (reply(403, "<html>"), errors.PermissionDenied),
        (refusal(404, "not_found"), errors.NotFound),
        (reply(404, "<html>"), errors.ProtocolError),
        (refusal(409, "wrong_state"), errors.InvalidState),
        (refusal(409, "busy"), errors.Conflict),
        (refusal(400, "bad_request"), errors.InvalidQuery),
        (refusal(400, "bad_page"), errors.CursorLost),
        (refusal(418, "teapot"), errors.TaskFailed),
        (reply(500, "Internal Server Error"), errors.ProtocolError),
        (reply(200, "<html>"), errors.ProtocolError),
        (reply(200, "[]"), errors.ProtocolError),
        (reply(302, "", "Location: http://127.0.0.1:9/"), errors.ProtocolError),
        (reply(200, {"items": None, "next": None, "total": 0}), errors.ProtocolError),
        (reply(200, {"items": [{"id": "vm-1"}], "next": None, "total": 1}), errors.ProtocolError),
        (reply(200, {"items": []})[:-1] + b"", errors.ConnectionFailed),
        (b"SSH-2.0-OpenSSH_10.0\r\n", errors.ConnectionFailed),
    ],
)
def test_each_answer_has_its_error(
    server: Scripted, session: Session, answer: bytes, error: type[errors.HvlibError]
) -> None:
    closing = answer.startswith(b"SSH") or error is errors.ConnectionFailed

    def script(connection: socket.socket) -> None:
        connection.sendall(answer)
        if closing:
            connection.shutdown(socket.SHUT_RDWR)

    server.script = script
    with pytest.raises(errors.HvlibError) as caught:
        list_vms(session)
    assert type(caught.value) is error
    if b"r-7" in answer:
        assert (str(caught.value), caught.value.request_id) == ("in words", "r-7")


@pytest.mark.parametrize("answer", [refusal(401, "no_session"), refusal(401, "bad_credentials"), reply(401, "<html>")])
def test_a_401_is_a_wrong_password_until_a_session_is_accepted(server: Scripted, answer: bytes) -> None:
    """The server answers both alike. The refused request tells them apart."""
    server.script = lambda connection: connection.sendall(answer)
    session, token = open_session(server.port), server.fixed.pop("/sessions")
    with pytest.raises(errors.AuthenticationFailed) as caught:
        session.login()
    assert (caught.value.request_id == "r-7") == (b"r-7" in answer)
    server.fixed["/sessions"] = token
    if b"bad_credentials" in answer:
        session.close()
        return
    about = server.fixed.pop("/about")
    with pytest.raises(SessionLost):
        session.login()
    server.fixed["/about"] = about
    session.login()
    with pytest.raises(SessionLost):
        list_vms(session)
    session.close()


def test_retry_after(server: Scripted, session: Session) -> None:
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    for status, kind in ((429, errors.RateLimited), (503, Unavailable)):
        for header, minimum, maximum in (("7", 7, 7), (in_a_minute, 50, 60)):
            error = error_of(server, session, reply(status, "<html>", f"Retry-After: {header}"))
            assert type(error) is kind
            assert minimum <= error.retry_after <= maximum  # type: ignore[attr-defined]
        for header in ("Retry-After: soon", "X-Other: 1"):
            assert error_of(server, session, reply(status, "", header)).retry_after is None  # type: ignore[attr-defined]


def test_a_port_without_a_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    session = open_session(port)
    with pytest.raises(NotSent):
        session.login()
    session.close()


def silent(connection: socket.socket) -> None:
    """Send nothing until the client disconnects."""
    connection.recv(1)


def dripping(start: bytes) -> Script:
    """Send ``start``, then a byte now and then, without end."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(start)
        connection.settimeout(0.02)
        while True:
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                connection.sendall(b" ")

    return drip


@pytest.mark.parametrize(
    "script",
    [silent, dripping(b"HTTP/1.1 200 OK\r\nX-Never: "), dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n")],
)
def test_a_request_ends_in_time_however_it_is_answered(server: Scripted, script: Script) -> None:
    server.script = script
    session = open_session(server.port, seconds=0.3)
    session.login()
    began = time.monotonic()
    with pytest.raises(errors.ConnectionTimeout):
        list_vms(session)
    assert 0.2 < time.monotonic() - began < 1.5
    session.close()


def test_closing_ends_the_call_under_way(server: Scripted, session: Session) -> None:
    server.script = silent
    outcomes: list[Exception] = []

    def call() -> None:
        try:
            list_vms(session)
        except Exception as error:
            outcomes.append(error)

    calling = threading.Thread(target=call)
    calling.start()
    assert server.requested.wait(10)
    began = time.monotonic()
    session.close()
    calling.join(10)
    assert time.monotonic() - began < 1.0
    assert [type(error) for error in outcomes] == [errors.ConnectionFailed]
    with pytest.raises(errors.Closed):
        list_vms(session)


def test_certificates_are_verified_unless_the_user_says_otherwise() -> None:
    """vcsim speaks TLS, but is not a Grove server."""
    with Vcsim(vms=1, hosts=1) as stranger:
        verified = {"cacert": str(stranger.cacert)}
        for options, error, words in (
            ({}, errors.ConnectionFailed, "is not trusted"),
            (verified, errors.ProtocolError, "is this the address of a Grove server|HTTP 404"),
            ({"verify": False}, errors.ProtocolError, "HTTP 404"),
            ({"cacert": "/no/such/file"}, errors.ConfigError, "cacert /no/such/file"),
        ):
            session = open_session(stranger.port, scheme="grove", **options)
            with pytest.raises(error, match=words) as caught:
                session.login()
            assert type(caught.value) is error
            assert "hidden-word" not in str(caught.value)
            session.close()
