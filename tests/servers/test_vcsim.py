"""Tests of the vcsim server alone. hvlib's vSphere driver is tested elsewhere."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import pytest

from servers.observing import listens
from servers.vcsim import Vcsim


@pytest.fixture(scope="module")
def vcsim() -> Iterator[Vcsim]:
    with Vcsim(vms=8) as server:
        yield server


def test_certificate_is_strictly_valid_for_both_names(vcsim: Vcsim) -> None:
    context = ssl.create_default_context(cafile=str(vcsim.cacert))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    for name in ("127.0.0.1", "localhost"):
        with (
            socket.create_connection(("127.0.0.1", vcsim.port)) as connection,
            context.wrap_socket(connection, server_hostname=name) as secure,
        ):
            assert secure.version() == "TLSv1.3"


def test_a_new_server_has_no_calls_and_no_leftovers(vcsim: Vcsim) -> None:
    assert vcsim.calls() == {}
    assert vcsim.leftovers() == {"sessions": 0, "views": 0, "collectors": 0, "filters": 0}


def test_after_a_restart_it_is_the_same_server() -> None:
    with Vcsim(vms=8) as server:
        url, certificate = server.url, server.cacert.read_text()
        server.stop()
        assert not listens("127.0.0.1", server.port)
        server.start()
        assert (server.url, server.cacert.read_text()) == (url, certificate)
