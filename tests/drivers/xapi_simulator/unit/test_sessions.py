"""Sessions: how they begin and end.

What is asserted follows the server's source (ocaml/xapi/xapi_session.ml), or what a test cites.
"""

from __future__ import annotations

import time

import pytest
from drivers.xapi_simulator.clients.plain import Background, Client, Refused
from hvlib_xapi_simulator import Simulator
from hvlib_xapi_simulator.values import DateTime


def test_a_wrong_password_costs_time(simulator: Simulator) -> None:
    """ocaml/xapi/xapi_session.ml, thread_delay_and_raise_error."""
    simulator.pool.settings.login_penalty = 0.05
    began = time.monotonic()
    with pytest.raises(Refused) as caught:
        Client(simulator).login(password="wrong")
    assert caught.value.description == ["SESSION_AUTHENTICATION_FAILED", "root", "Authentication failure"]
    assert time.monotonic() - began >= 0.05


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
    client.simulator.pool.settings.idle = -1.0
    assert client.refused("VM.get_all") == ["SESSION_INVALID", client.session]


def test_the_sessions_of_an_originator_are_limited(simulator: Simulator) -> None:
    """ocaml/xapi/db_gc_util.ml: those idle longest are ended, only of the same originator."""
    simulator.pool.settings.session_cap = 3
    other = Client(simulator).login(originator="other")
    first, second, *rest = [Client(simulator).login() for _ in range(3)]
    first("pool.get_all")  # so that the second is idle longest
    rest.append(Client(simulator).login())
    assert second.refused("pool.get_all")[0] == "SESSION_INVALID"
    for client in (other, first, *rest):
        assert client("pool.get_all")


def test_a_session_with_a_task_does_not_count(simulator: Simulator) -> None:
    """ocaml/xapi/db_gc_util.ml, timeout_sessions_common: sessions in use are set aside first."""
    simulator.pool.settings.session_cap = 2
    clients = [Client(simulator).login() for _ in range(2)]
    busy = Client(simulator).login()
    assert clients[0].refused("pool.get_all")[0] == "SESSION_INVALID"
    busy("task.create", "mine", "")
    another = Client(simulator).login()
    for client in (clients[1], busy, another):
        assert client("pool.get_all")


def test_sessions_without_an_originator_have_another_limit(simulator: Simulator) -> None:
    """ocaml/xapi/db_gc_util.ml, timeout_sessions; xapi_globs.ml, max_sessions."""
    simulator.pool.settings.anonymous_cap = 1
    first, second = (Client(simulator).login(originator="") for _ in range(2))
    assert first.refused("pool.get_all")[0] == "SESSION_INVALID"
    assert second("pool.get_all")


def test_the_use_of_a_session_is_noted_every_ten_minutes(simulator: Simulator) -> None:
    """ocaml/xapi/session_check.ml, threshold_last_active."""
    client = Client(simulator).login()
    noted = client("session.get_last_active", client.session)
    simulator.pool.database.write("session", client.session, last_active=DateTime("20240101T00:00:00Z"))
    assert client("session.get_last_active", client.session) >= noted


def test_a_session_says_who_it_is(client: Client) -> None:
    record = client("session.get_record", client.session)
    assert (record["auth_user_name"], record["originator"]) == ("root", "tests")
    assert record["is_local_superuser"]
    assert client.refused("session.get_all")[0] == "MESSAGE_METHOD_UNKNOWN"
