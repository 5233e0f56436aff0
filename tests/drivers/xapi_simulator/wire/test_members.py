"""Members, each of which has an address of its own and can be lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from drivers.xapi_simulator.clients.plain import Refused
from drivers.xapi_simulator.clients.wire import WireClient
from hvlib_xapi_simulator import Simulator


@pytest.fixture
def slave(simulator: Simulator) -> WireClient:
    return WireClient(simulator, "127.0.0.2")


def test_a_master_that_is_lost_is_replaced(simulator: Simulator, client: WireClient, slave: WireClient) -> None:
    vms = set(client("VM.get_all"))
    simulator.stop_member("127.0.0.1")
    with pytest.raises(ConnectionRefusedError):
        client("VM.get_all")
    slave.session = slave.raw("session.slave_local_login_with_password", "root", "secret")
    slave("pool.emergency_transition_to_master")
    assert set(slave.login()("VM.get_all")) == vms
    simulator.start_member("127.0.0.1")
    with pytest.raises(Refused, match=r"HOST_IS_SLAVE, 127\.0\.0\.2"):
        client.login()


def test_the_unix_socket_of_a_slave_serves_as_the_masters(simulator: Simulator, tmp_path: Path) -> None:
    """ocaml/xapi/api_server.ml, callback1: calls at a slave's socket are forwarded to the master."""
    client = WireClient(simulator, unix_socket=tmp_path / "xapi.1").login()
    assert len(client("VM.get_all")) == 25


def test_ports_are_the_same_at_all_addresses(simulator: Simulator) -> None:
    assert simulator.addresses == ["127.0.0.1", "127.0.0.2"]
    hosts = WireClient(simulator).login()("host.get_all_records").values()
    assert {"127.0.0.1", "127.0.0.2"} < {host["address"] for host in hosts}
