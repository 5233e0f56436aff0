from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from hvlib_vsphere.driver import VSphereDriver
from hvlib_vsphere.session import VSphereSession
from scripted.context import RecordingContext
from servers.vcsim import Vcsim

from hvlib.driver import Endpoint, NotSent, Secret, SessionLost, Unavailable
from hvlib.errors import (
    AuthenticationFailed,
    ConfigError,
    ConnectionFailed,
    ConnectionTimeout,
    HvlibError,
    ProtocolError,
    RateLimited,
)
from hvlib.model.resources import VM, Host, TaskRecord

from .conftest import Administrator, first_page, query, waiting_in

NOTHING_LEFT = {"sessions": 0, "views": 0, "collectors": 0, "filters": 0}

Open = Callable[..., VSphereSession]


@pytest.fixture
def opened(endpoint: Endpoint, context: RecordingContext) -> Iterator[Open]:
    """Opens sessions that differ from the working one, and closes them at the end."""
    made: list[VSphereSession] = []

    def open_session(**changes: object) -> VSphereSession:
        made.append(VSphereDriver().session(msgspec.structs.replace(endpoint, **changes), context))
        return made[-1]

    yield open_session
    for session in made:
        session.close()


def read_request(connection: socket.socket) -> None:
    """Read all of the request: a connection that is closed with unread bytes is reset, and the reply may be lost."""
    with connection.makefile("rb") as stream:
        length = 0
        for line in stream:
            if line == b"\r\n":
                break
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        stream.read(length)


@pytest.fixture
def answering() -> Iterator[Callable[[bytes], int]]:
    """Listens on loopback and answers every connection with these bytes, then closes it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        replies: list[bytes] = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    read_request(connection)
                    connection.sendall(replies[0])

        thread = threading.Thread(target=serve)

        def start(reply: bytes) -> int:
            replies.append(reply)
            thread.start()
            return int(listener.getsockname()[1])

        yield start
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.fixture
def dripping() -> Iterator[Callable[[bytes], int]]:
    """Listens on loopback and answers one connection with these bytes, then with a byte now and then, without end."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        beginnings: list[bytes] = []

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.recv(1 << 16)
                connection.sendall(beginnings[0])
                while not stopped.wait(0.05):
                    connection.sendall(b"0")

        thread = threading.Thread(target=serve)

        def start(beginning: bytes) -> int:
            beginnings.append(beginning)
            thread.start()
            return int(listener.getsockname()[1])

        yield start
        stopped.set()
        thread.join(5)


def test_login_takes_three_round_trips(opened: Open, context: RecordingContext) -> None:
    session = opened()
    assert context.counts == {}
    session.login()

    assert context.counts == {"GET /sdk/vimServiceVersions.xml": 1, "RetrieveServiceContent": 1, "Login": 1}
    assert session.about().product.startswith("VMware vCenter")
    assert len(session.about().uuid) == 36


def test_before_login(opened: Open) -> None:
    with pytest.raises(SessionLost):
        first_page(opened(), VM)


def test_wrong_password(opened: Open) -> None:
    with pytest.raises(AuthenticationFailed) as failed:
        opened(password=Secret("wrong-secret")).login()

    assert failed.value.native["type"] == "InvalidLogin"
    assert "wrong-secret" not in repr(failed.value)
    assert "password" in str(failed.value.hint)


def test_no_password(opened: Open) -> None:
    with pytest.raises(ConfigError) as failed:
        opened(password=None).login()

    for remedy in ("vsphere://USER@HOST", "password=", "password_*", "HVLIB_PASSWORD", "HVLIB_PROVIDER"):
        assert remedy in str(failed.value.hint)


@pytest.mark.parametrize("host", ["host name", "", "a..b", "x" * 70 + ".example.org"])
def test_invalid_hosts(opened: Open, host: str) -> None:
    with pytest.raises(ConfigError, match="is no address"):
        opened(host=host).login()


def test_an_untrusted_certificate_is_refused_on_loopback_too(opened: Open) -> None:
    with pytest.raises(ConnectionFailed) as failed:
        opened(cacert=None).login()

    assert "--cacert" in str(failed.value.hint)
    assert "verify=False" in str(failed.value.hint)


def test_a_certificate_need_not_be_verified(opened: Open) -> None:
    session = opened(cacert=None, verify=False)
    session.login()

    assert len(first_page(session, VM)) == 20


def test_a_ca_file_that_does_not_exist(opened: Open) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.pem"):
        opened(cacert="nowhere.pem").login()


def test_several_ca_files(opened: Open, server: Vcsim, tmp_path: Path) -> None:
    copy = tmp_path / f"odd{os.pathsep}name.pem"
    copy.write_bytes(server.cacert.read_bytes())
    with Vcsim(vms=1, hosts=1) as other:
        both = os.pathsep.join([str(other.cacert), str(server.cacert)])
        opened(cacert=both).login()
        opened(cacert=both, port=other.port, password=Secret(other.password)).login()
    opened(cacert=str(copy)).login()

    with pytest.raises(ConfigError, match=r"cacert nowhere\.pem"):
        opened(cacert=os.pathsep.join([str(server.cacert), "nowhere.pem"])).login()


def test_a_port_without_a_server(opened: Open) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NotSent) as failed:
        opened(port=port).login()
    assert "port" in str(failed.value.hint)


@pytest.mark.parametrize("scheme", ["vsphere", "vsphere+http"])
def test_a_host_that_does_not_answer(opened: Open, context: RecordingContext, scheme: str) -> None:
    context.seconds = 0.3
    with socket.create_server(("127.0.0.1", 0)) as silent:
        start = time.monotonic()
        with pytest.raises(ConnectionTimeout) as failed:
            opened(scheme=scheme, port=silent.getsockname()[1]).login()

    assert time.monotonic() - start < 2
    assert "--timeout" in str(failed.value.hint)


@pytest.mark.parametrize(
    ("scheme", "beginning"),
    [
        ("vsphere+http", b""),
        ("vsphere+http", b"HTTP/1.1 200 OK\r\nX-Long: "),
        ("vsphere+http", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"),
        ("vsphere+http", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfff\r\n"),
        ("vsphere", b"\x16\x03\x03\x40\x00"),
    ],
)
def test_a_reply_that_arrives_byte_by_byte(
    opened: Open, dripping: Callable[[bytes], int], context: RecordingContext, scheme: str, beginning: bytes
) -> None:
    context.seconds = 0.5
    start = time.monotonic()
    with pytest.raises(ConnectionTimeout):
        opened(scheme=scheme, port=dripping(beginning)).login()

    assert time.monotonic() - start < 3


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", Unavailable),
        (b"HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n", RateLimited),
        (b"HTTP/1.1 404 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 302 Go\r\nConnection: close\r\nLocation: /ui\r\nContent-Length: 0\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 13\r\n\r\n<html></html>", ProtocolError),
        (b"HTTP/1.1 500 No\r\nConnection: close\r\nContent-Length: 9\r\n\r\n<p>no</p>", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n<x>", ConnectionFailed),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<x>\r\n", ConnectionFailed),
        (b"HTTP/1.1 200 OK\r\n\r\n<x>", ProtocolError),
        (b"HTTP/1.1 200 OK\r\nConten", ConnectionFailed),
        (b"", ConnectionFailed),
        (b"SSH-2.0-OpenSSH_9.9\r\n", ConnectionFailed),
    ],
)
def test_replies_that_are_not_of_a_vcenter(
    opened: Open, answering: Callable[[bytes], int], reply: bytes, error: type[HvlibError]
) -> None:
    with pytest.raises(error) as failed:
        opened(scheme="vsphere+http", port=answering(reply)).login()

    if isinstance(failed.value, Unavailable):
        assert failed.value.retry_after == 7.0


@pytest.mark.parametrize("kind", [VM, Host, TaskRecord])
def test_a_lost_session_is_never_an_empty_list(session: VSphereSession, admin: Administrator, kind: type) -> None:
    first_page(session, kind)
    admin.expire_sessions()

    with pytest.raises(SessionLost):
        first_page(session, kind)


@pytest.mark.parametrize("field", ["uuid", "name_label"])
def test_a_lost_session_is_never_a_missing_object(session: VSphereSession, admin: Administrator, field: str) -> None:
    adapter = session.adapters[VM]
    vm = first_page(session, VM)[0]
    admin.expire_sessions()

    with pytest.raises(SessionLost):
        adapter.get([vm.ref], query(session, VM))
    with pytest.raises(SessionLost):
        adapter.lookup(field, getattr(vm, field), query(session, VM))


def test_a_new_login_after_a_lost_session(session: VSphereSession, admin: Administrator) -> None:
    first_page(session, VM)
    admin.expire_sessions()
    session.login()

    assert len(first_page(session, VM)) == 20


def test_nothing_is_left_on_the_server(server: Vcsim, opened: Open) -> None:
    session = opened()
    session.login()
    first_page(session, VM)
    feed = session.feed([query(session, VM), query(session, Host)], None)
    feed.next(1.0)
    assert server.leftovers() == {"sessions": 1, "views": 2, "collectors": 1, "filters": 2}
    feed.close()
    assert server.leftovers() == {"sessions": 1, "views": 2, "collectors": 0, "filters": 0}
    session.login()
    session.close()
    session.close()

    assert server.leftovers() == NOTHING_LEFT


def test_closing_ends_calls_under_way(server: Vcsim, session: VSphereSession) -> None:
    feed = session.feed([query(session, VM)], None)
    feed.next(1.0)
    waiting = waiting_in(server, feed)
    start = time.monotonic()
    session.close()

    assert isinstance(waiting.join(3), HvlibError)
    assert time.monotonic() - start < 3
    feed.close()


def test_closing_does_not_wait_for_a_server_that_is_gone(endpoint: Endpoint, context: RecordingContext) -> None:
    with Vcsim(vms=1, hosts=1) as server:
        own = msgspec.structs.replace(
            endpoint, port=server.port, password=Secret(server.password), cacert=str(server.cacert)
        )
        session = VSphereDriver().session(own, context)
        session.login()
        server.stop()
        with pytest.raises(ConnectionFailed):
            first_page(session, VM)
        start = time.monotonic()
        session.close()

    assert time.monotonic() - start < 3


def test_the_sdk_shares_the_session(server: Vcsim, session: VSphereSession) -> None:
    assert session.native.content.sessionManager.currentSession.userName == server.user
    assert session.native is session.native
    assert server.leftovers()["sessions"] == 1
