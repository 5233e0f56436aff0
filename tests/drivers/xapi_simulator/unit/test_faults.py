"""Faults on request, through the administrator's door."""

from __future__ import annotations

import json
from typing import Any

import pytest
from drivers.xapi_simulator.clients.plain import Background, Client, Refused, until


def ask(client: Client, name: str, **arguments: Any) -> Any:
    return json.loads(client.simulator.administrator.answer(f"/hvlib/{name}", json.dumps(arguments).encode())[1])


def test_a_frozen_reply(client: Client) -> None:
    client.simulator.administrator.add_fault("freeze", "pool.get_all")
    frozen = Background(lambda: client("pool.get_all"))
    until(lambda: client.simulator.administrator.calls().get("pool.get_all") == 1)
    assert client("host.get_all")
    assert frozen.waiting
    client.simulator.administrator.clear_faults()
    assert frozen.result() == client("pool.get_all")


def test_numbers_that_json_can_not_express(client: Client) -> None:
    client.simulator.administrator.add_fault("nan", "VM.get_record")
    multiplier = client("VM.get_record", client.vm())["HVM_shadow_multiplier"]
    assert multiplier != multiplier


def test_a_session_lost_during_a_wait(client: Client) -> None:
    token = client.events(["VM"])["token"]
    waiting = Background(lambda: client.events(["VM"], token, 60.0))
    ask(client, "expire_sessions")
    with pytest.raises(Refused, match="SESSION_INVALID"):
        waiting.result()


def test_a_session_lost_before_a_call(client: Client) -> None:
    client.simulator.administrator.add_fault("session_lost", "VM.start")
    assert client.refused("VM.start", client.vm(), False, False) == ["SESSION_INVALID", client.session]


def test_counters(client: Client) -> None:
    client("VM.get_all")
    assert ask(client, "calls")["result"] == {"session.login_with_password": 1, "VM.get_all": 1}
    assert ask(client, "leftovers")["result"] == {"sessions": 1, "tasks": 0}


def test_settings_and_fields_can_be_changed(client: Client) -> None:
    vm = client.vm()
    ask(client, "set", task_time=0.5)
    assert client.simulator.pool.settings.task_time == 0.5
    ask(client, "write", table="VM", ref=vm, fields={"guest_metrics": "Ref:broken"})
    assert client("VM.get_guest_metrics", vm) == "Ref:broken"


def test_calls_of_the_administrator(client: Client) -> None:
    vm = client.vm()
    calls = ask(client, "calls")
    assert ask(client, "call", method="VM.set_name_label", parameters=[vm, "renamed"]) == {"result": None}
    assert ask(client, "call", method="VM.get_record", parameters=[vm])["result"]["name_label"] == "renamed"
    assert ask(client, "call", method="VM.start", parameters=[vm]) == {
        "error": "MESSAGE_PARAMETER_COUNT_MISMATCH, VM.start, 3, 1"
    }
    assert ask(client, "calls") == calls
    assert ask(client, "leftovers")["result"] == {"sessions": 1, "tasks": 0}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("nothing", {}),
        ("_pool", {}),
        ("set", {"nothing": 1}),
        ("add_fault", {"kind": "nothing"}),
        ("set_master", {"address": "nowhere"}),
        ("write", {"table": "VM", "ref": "none", "fields": {}}),
    ],
)
def test_errors_of_the_administrators_commands(client: Client, name: str, arguments: dict[str, Any]) -> None:
    assert "error" in ask(client, name, **arguments)
