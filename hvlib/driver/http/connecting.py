"""Connecting: connections of urllib3 whose sockets keep to the deadline, and can be cut while they connect."""

from __future__ import annotations

import errno
import math
import os
import selectors
import socket
import time
from collections.abc import Callable
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, LocationParseError, NameResolutionError, NewConnectionError

from hvlib.driver.http.deadline import PlainSocket, allow, cut_check, note

__all__ = ["PlainConnection", "TlsConnection", "UnixConnection"]

UNDER_WAY = frozenset({errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK})
"""The results of a call to connect that has not ended yet."""

CUT_SECONDS = 0.2
"""The pause between two looks, while connecting, whether the connections were cut."""


class PlainConnection(HTTPConnection):
    """HTTP without TLS, on a socket that keeps to the deadline."""

    def _new_conn(self) -> socket.socket:
        return _connected(self)


class TlsConnection(HTTPSConnection):
    """HTTP over TLS, on a socket that keeps to the deadline."""

    def _new_conn(self) -> socket.socket:
        return _connected(self)


class UnixConnection(HTTPConnection):
    """HTTP over a unix socket that keeps to the deadline."""

    def __init__(self, *args: Any, socket_path: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self._socket_path = socket_path

    def connect(self) -> None:
        """Connect."""
        self.sock = PlainSocket(socket.AF_UNIX)
        try:
            note(self.sock)
            _limit(self.sock, min(allow(self.sock), _seconds(self)))
            self.sock.connect(self._socket_path)
        except OSError as error:
            self.sock.close()
            raise NewConnectionError(self, f"{self._socket_path}: {error}") from error


def _connected(connection: HTTPConnection) -> PlainSocket:
    """Connect to the first of the host's addresses that accepts. Raises urllib3's own errors.

    urllib3's function returns the socket only when it is connected, so that no other thread could cut it before.
    """
    host = connection.host
    try:
        connection._dns_host.encode("idna")
        return _first_that_connects(connection)
    except UnicodeError:
        raise LocationParseError(f"'{host}', label empty or too long") from None
    except socket.gaierror as error:
        raise NameResolutionError(host, connection, error) from error
    except TimeoutError as error:
        raise ConnectTimeoutError(connection, f"{host} did not answer in {connection.timeout} s") from error
    except OSError as error:
        raise NewConnectionError(connection, f"{host} can't be reached: {error}") from error


def _first_that_connects(connection: HTTPConnection) -> PlainSocket:
    failure = OSError("the name has no address")
    name = connection._dns_host.strip("[]")  # Not `host`, which lacks the dot at the end of an absolute name.
    check_cuts = cut_check()
    for family, kind, protocol, _, address in socket.getaddrinfo(name, connection.port, type=socket.SOCK_STREAM):
        try:
            return _connected_to(connection, PlainSocket(family, kind, protocol), address, check_cuts)
        except OSError as error:  # The machine may lack the address's family, too.
            failure = error
        check_cuts()
    raise failure


def _connected_to(
    connection: HTTPConnection, sock: PlainSocket, address: Any, check_cuts: Callable[[], None]
) -> PlainSocket:
    try:
        for option in connection.socket_options or ():
            sock.setsockopt(*option)
        note(sock)
        left = min(allow(sock), _seconds(connection))
        sock.setblocking(False)
        _finish(sock, sock.connect_ex(address), time.monotonic() + left, check_cuts)
        _limit(sock, left)
    except BaseException:
        sock.close()
        raise
    return sock


def _finish(sock: PlainSocket, code: int, end: float, check_cuts: Callable[[], None]) -> None:
    """Wait until a socket is connected. It can't be cut before the system knows of the attempt, so look for cuts."""
    with selectors.DefaultSelector() as ready:
        ready.register(sock, selectors.EVENT_WRITE)
        while code in UNDER_WAY:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            if ready.select(min(left, CUT_SECONDS)):
                code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            check_cuts()
    if code:
        raise OSError(code, os.strerror(code))


def _limit(sock: socket.socket, seconds: float) -> None:
    sock.settimeout(None if seconds == math.inf else seconds)


def _seconds(connection: HTTPConnection) -> float:
    """The seconds that connecting may take."""
    return connection.timeout if isinstance(connection.timeout, (int, float)) else math.inf
