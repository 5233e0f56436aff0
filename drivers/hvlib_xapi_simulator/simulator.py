"""The simulator in a Python process: a pool, and the servers of its members."""

from __future__ import annotations

import errno
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from hvlib_xapi_simulator.administrator import Administrator
from hvlib_xapi_simulator.dispatch import Dispatcher
from hvlib_xapi_simulator.http_server import Answer, HTTPServer
from hvlib_xapi_simulator.pool import Pool
from hvlib_xapi_simulator.service import Service
from hvlib_xapi_simulator.settings import Settings

__all__ = ["Simulator"]

FIRST_ADDRESS = "127.0.0.1"
ATTEMPTS = 20


class Simulator:
    """A pool whose members answer calls: a context manager that starts and ends them.

    Every member has an address of its own, 127.0.0.1, 127.0.0.2 and so on. All have the same ports, because a slave
    names its master by an address without a port, as real servers do.

    | members: how many hosts answer calls
    | port, tls_port: the ports of HTTP and HTTPS; 0: any free port; None: no port
    | certificate: a file with a key and a certificate, which is made if it does not exist
    | unix_socket: the path of the first master's socket; the other members' paths have a number appended
    """

    def __init__(
        self,
        settings: Settings,
        *,
        members: int = 1,
        port: int | None = 0,
        tls_port: int | None = None,
        certificate: Path | None = None,
        unix_socket: Path | None = None,
    ) -> None:
        self.pool = Pool(settings, [f"127.0.0.{number + 1}" for number in range(min(members, settings.hosts))])
        self.port = port
        self.tls_port = tls_port
        self.unix_socket = unix_socket
        self._dispatcher = Dispatcher(self.pool)
        self.administrator = Administrator(self.pool, self._dispatcher, self.start_member, self.stop_member)
        self._tls = _tls_context(certificate, self.addresses) if certificate else None
        self._servers: dict[str, list[HTTPServer]] = {}
        self._door: HTTPServer | None = None

    @property
    def addresses(self) -> list[str]:
        """The members' addresses, the first master's address first."""
        return [member.address for member in self.pool.members.all]

    @property
    def door(self) -> int:
        """The port of the administrator's door, at 127.0.0.1."""
        assert self._door
        return int(self._door.server_address[1])

    def start(self) -> None:
        """Start all members. Returns when they answer."""
        self._door = HTTPServer((FIRST_ADDRESS, 0), self.administrator.answer)
        self._door.start()
        for member in self.pool.members.all:
            self.start_member(member.address)

    def start_member(self, address: str) -> None:
        """Start a member's servers, for the first time or again."""
        servers = list(self._make_servers(address))
        self._servers[address] = servers
        for server in servers:
            server.start()

    def stop_member(self, address: str) -> None:
        """End a member at once, as a crash would."""
        # The port is closed last: once it is closed, the socket's file is gone too.
        for server in reversed(self._servers.pop(address, [])):
            server.close()

    def close(self) -> None:
        """End everything."""
        self.pool.faults.clear()
        self.pool.close()
        for address in list(self._servers):
            self.stop_member(address)
        if self._door:
            self._door.close()
            self._door = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def service(self, address: str, local: bool = False) -> Service:
        """Return a member's service, over TCP or, if ``local``, over its unix socket. It needs no running server."""
        member = next(member for member in self.pool.members.all if member.address == address)
        return Service(self.pool, self._dispatcher, member, local)

    def _make_servers(self, address: str) -> Iterator[HTTPServer]:
        answer = self.service(address).answer
        if self.port is not None:
            server = self._listen(address, self.port, answer, None)
            self.port = server.server_address[1]
            yield server
        if self.tls_port is not None and self._tls:
            server = self._listen(address, self.tls_port, answer, self._tls)
            self.tls_port = server.server_address[1]
            yield server
        if self.unix_socket:
            number = self.addresses.index(address)
            path = Path(f"{self.unix_socket}{f'.{number}' if number else ''}")
            path.unlink(missing_ok=True)  # a killed server leaves it behind
            yield HTTPServer(str(path), self.service(address, local=True).answer)

    def _listen(self, address: str, port: int, answer: Answer, tls: ssl.SSLContext | None) -> HTTPServer:
        """Listen at a port. Port 0 is any port that is free at the other members' addresses too."""
        for _ in range(ATTEMPTS):
            server = HTTPServer((address, port), answer, tls)
            if port or all(_is_free(other, server.server_address[1]) for other in self.addresses[1:]):
                return server
            server.server_close()
        raise OSError(errno.EADDRINUSE, "no port is free at the addresses of all members")


def _is_free(address: str, port: int) -> bool:
    try:
        HTTPServer((address, port), lambda _path, _body: ("", b"")).server_close()
    except OSError:
        return False
    return True


def _tls_context(certificate: Path, addresses: list[str]) -> ssl.SSLContext:
    if not certificate.exists():
        from hvlib_xapi_simulator.certificate import make_certificate  # needs cryptography, which nothing else needs

        make_certificate(certificate, addresses)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
