"""Sessions: how they begin and end."""

from __future__ import annotations

import time

import pytest
from hvlib_xenapi.simulator import Simulator
from xenapi_clients.plain import Background, Client, Refused


def test_a_wrong_password_costs_time(simulator: Simulator) -> None:
    """ocaml/xapi/xapi_session.ml, thread_delay_and_raise_error."""
    simulator.pool.settings.login_penalty = 0.2
    began = time.monotonic()
    with pytest.raises(Refused) as caught:
        Client(simulator).login(password="wrong")
    assert caught.value.description == ["SESSION_AUTHENTICATION_FAILED", "root", "Authentication failure"]
    assert time.monotonic() - began >= 0.2


def test_logout_ends_a_session_and_its_waits(client: Client) -> None:
    """ocaml/xapi/xapi_event.ml, on_session_deleted."""
    other = Client(client.simulator).login()
    token = other.events(["VM"])["token"]
    waiting = Background(lambda: other.events(["VM"], token, 60.0))
    other("session.logout")
    with pytest.raises(Refused, match=f"SESSION_INVALID, {other.session}"):
        waiting.result()
    assert other.refused("VM.get_all") == ["SESSION_INVALID", other.session]
    assert client.simulator.administrator.leftovers()["sessions"] == 1


def test_idle_sessions_end(client: Client) -> None:
    """ocaml/xapi/db_gc_util.ml, timeout_sessions_common."""
    client.simulator.pool.settings.idle = 0.05
    time.sleep(0.1)
    assert client.refused("VM.get_all") == ["SESSION_INVALID", client.session]


def test_an_originator_may_have_so_many_sessions(simulator: Simulator) -> None:
    """ocaml/xapi/db_gc_util.ml: those idle longest go, of the same originator only."""
    simulator.pool.settings.session_cap = 3
    other = Client(simulator).login(originator="other")
    first, second, *rest = [Client(simulator).login() for _ in range(3)]
    first("pool.get_all")  # so that the second is idle longest
    rest.append(Client(simulator).login())
    assert second.refused("pool.get_all")[0] == "SESSION_INVALID"
    for client in (other, first, *rest):
        assert client("pool.get_all")


def test_a_session_says_who_it_is(client: Client) -> None:
    record = client("session.get_record", client.session)
    assert (record["auth_user_name"], record["originator"]) == ("root", "tests")
    assert record["is_local_superuser"]
    assert client.refused("session.get_all")[0] == "MESSAGE_METHOD_UNKNOWN"
