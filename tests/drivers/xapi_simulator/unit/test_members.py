"""A pool of several members, one of which is the master."""

from __future__ import annotations

import pytest
from drivers.xapi_simulator.clients.plain import Client, Refused
from hvlib_xapi_simulator import Simulator


@pytest.fixture
def slave(simulator: Simulator) -> Client:
    return Client(simulator, "127.0.0.2")


def test_a_slave_says_where_the_master_is(slave: Client) -> None:
    """ocaml/xapi/xapi_session.ml, login_with_password: before the password is checked."""
    for password in ("secret", "wrong"):
        with pytest.raises(Refused) as caught:
            slave.login(password=password)
        assert caught.value.description == ["HOST_IS_SLAVE", "127.0.0.1"]


def test_the_masters_sessions_are_not_the_slaves(client: Client, slave: Client) -> None:
    """ocaml/xapi/session_check.ml: Non_master_login_on_slave."""
    slave.session = client.session
    assert slave.refused("VM.get_all") == ["HOST_IS_SLAVE", "127.0.0.1"]
    slave.session = "OpaqueRef:none"
    assert slave.refused("VM.get_all") == ["SESSION_INVALID", "OpaqueRef:none"]


def test_local_sessions(slave: Client) -> None:
    """ocaml/xapi/xapi_session.ml, slave_local_login_with_password."""
    slave.session = slave.raw("session.slave_local_login_with_password", "root", "secret")
    slave("session.local_logout")
    assert slave.simulator.administrator.leftovers()["sessions"] == 0


def test_another_master(client: Client, slave: Client) -> None:
    """ocaml/xapi/xapi_pool.ml, designate_new_master: the servers restart, and the sessions are lost."""
    (pool,) = client("pool.get_all")
    hosts = client("host.get_all_records")
    (next_master,) = (ref for ref, record in hosts.items() if record["address"] == "127.0.0.2")
    client("pool.designate_new_master", next_master)
    assert client.refused("VM.get_all")[0] in ("SESSION_INVALID", "HOST_IS_SLAVE")
    with pytest.raises(Refused, match=r"HOST_IS_SLAVE, 127\.0\.0\.2"):
        client.login()
    assert slave.login()("pool.get_master", pool) == next_master
