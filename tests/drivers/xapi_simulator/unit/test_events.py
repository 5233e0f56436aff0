"""event.from: which changes a client learns of, and which it does not.

What is asserted follows the server's source (ocaml/xapi/xapi_event.ml), or what a test cites.
"""

from __future__ import annotations

import re
import time

import pytest
from drivers.xapi_simulator.clients.plain import Background, Client, Refused, until
from hvlib_xapi_simulator.events import Subscriptions
from hvlib_xapi_simulator.values import Int32

TOKEN = re.compile(r"\d{20},\d{20}$")


def changes(client: Client, classes: list[str], token: str) -> list[tuple[str, str, str]]:
    events = client.events(classes, token)["events"]
    return [(event["class"], event["operation"], event["ref"]) for event in events]


def make_network(client: Client, name: str) -> str:
    record = {
        "name_label": name,
        "name_description": "",
        "MTU": 1500,
        "other_config": {},
        "bridge": "",
        "managed": True,
    }
    return str(client("network.create", {**record, "tags": []}))


def test_from_the_beginning_all_that_exists_is_added(client: Client) -> None:
    """ocaml/xapi/xapi_event.ml, Token.of_string: no token is generation 0."""
    batch = client.events(["VM", "host"])
    assert TOKEN.match(batch["token"])
    assert {event["operation"] for event in batch["events"]} == {"add"}
    found = {event["ref"]: event["snapshot"] for event in batch["events"] if event["class"] == "vm"}
    assert found == client("VM.get_all_records")
    assert set(batch["events"][0]) == {"id", "timestamp", "class", "operation", "ref", "snapshot"}
    assert isinstance(batch["events"][0]["id"], str)


def test_counts_of_all_classes_come_along(client: Client) -> None:
    """ocaml/xapi/xapi_event.ml, from_inner: of every table, in lower case; over XML-RPC as <i4>."""
    counts = client.events(["pool"])["valid_ref_counts"]
    assert (counts["vm"], counts["vm_metrics"], counts["task"], counts["session"]) == (25, 23, 0, 1)
    assert "message" not in counts
    pool = client.simulator.pool
    batch = pool.events.wait(client.session, Subscriptions(["pool"]), "", 0.0)
    assert isinstance(batch["valid_ref_counts"]["vm"], Int32)


def test_several_changes_are_one_event_with_the_present_record(client: Client) -> None:
    """ocaml/xapi/xapi_event.ml, collect_events."""
    vm = client.vm()
    token = client.events(["VM"])["token"]
    for name in ("first", "second", "third"):
        client("VM.set_name_label", vm, name)
    (event,) = client.events(["VM"], token)["events"]
    assert (event["operation"], event["ref"], event["snapshot"]["name_label"]) == ("mod", vm, "third")


def test_new_objects_are_only_added_and_short_lived_ones_have_no_event(client: Client) -> None:
    """ocaml/xapi/xapi_event.ml, collect_events: created after the token."""
    token = client.events(["network"])["token"]
    network, other = make_network(client, "stays"), make_network(client, "goes")
    client("network.set_name_label", network, "renamed")
    client("network.destroy", other)
    assert changes(client, ["network"], token) == [("network", "add", network)]


def test_additions_come_first_and_deletions_last(client: Client) -> None:
    """ocaml/xapi/xapi_event.ml, from_inner."""
    old, changed = make_network(client, "old"), make_network(client, "changed")
    token = client.events(["network"])["token"]
    client("network.destroy", old)
    client("network.set_name_label", changed, "renamed")
    new = make_network(client, "new")
    assert changes(client, ["network"], token) == [
        ("network", "add", new),
        ("network", "mod", changed),
        ("network", "del", old),
    ]
    deletion = client.events(["network"], token)["events"][-1]
    assert "snapshot" not in deletion


def test_a_change_to_one_end_of_a_relation_changes_the_other(client: Client) -> None:
    """ocaml/database/db_cache_types.ml, update_one_to_many."""
    vm = client.vm()
    [vbd] = [each for each in client("VM.get_VBDs", vm) if client("VBD.get_type", each) == "Disk"]
    disk = client("VBD.get_VDI", vbd)
    token = client.events(["*"])["token"]
    client("VBD.destroy", vbd)
    assert changes(client, ["VM", "VBD", "VDI"], token) == [
        ("vm", "mod", vm),
        ("vdi", "mod", disk),
        ("vbd", "del", vbd),
    ]


def test_changes_of_a_class_come_in_the_order_of_references(client: Client) -> None:
    """ocaml/database/db_cache_types.ml, fold_over_recent: the order of a map, not of the changes."""
    token = client.events(["*"])["token"]
    vms = sorted(client("VM.get_all"), reverse=True)
    for vm in vms:
        client("VM.set_user_version", vm, 7)
    assert [ref for _, _, ref in changes(client, ["VM"], token)] == sorted(vms)


def test_messages_come_oldest_first_after_deleted_ones(client: Client) -> None:
    """ocaml/xapi/xapi_message.ml, get_since_for_events; xapi_event.ml, from_inner."""
    uuid = client("VM.get_uuid", client.vm())
    old = client("message.create", "OLD", 3, "VM", uuid, "")
    token = client.events(["message"])["token"]
    first, second = (client("message.create", name, 3, "VM", uuid, "") for name in ("A", "B"))
    client("message.destroy", old)
    assert changes(client, ["message"], token) == [
        ("message", "del", old), ("message", "add", first), ("message", "add", second),
    ]  # fmt: skip


def test_the_log_of_deleted_messages_is_bounded(client: Client) -> None:
    """ocaml/xapi/xapi_message.ml, destroy_real: of more than 1024, 512 are kept; no count reveals it."""
    uuid = client("VM.get_uuid", client.vm())
    alerts = [client("message.create", "HELLO", 3, "VM", uuid, "") for _ in range(1025)]
    token = client.events(["message"])["token"]
    client("message.destroy_many", alerts)
    batch = client.events(["message"], token)
    assert [event["ref"] for event in batch["events"]] == alerts[-512:]
    assert "message" not in batch["valid_ref_counts"]


@pytest.mark.parametrize("token", ["nonsense", "1", "1,2,3", " 1,2", "9223372036854775808,0", "\u0661,0"])
def test_malformed_tokens(client: Client, token: str) -> None:
    """ocaml/xapi/xapi_event.ml, Token.of_string: two numbers of 64 bits."""
    assert client.refused("event.from", ["VM"], token, 0.0) == ["EVENT_FROM_TOKEN_PARSE_FAILURE", token]


def test_subscriptions(client: Client) -> None:
    """ocaml/xapi/xapi_event.ml, Subscription: case does not matter, an unknown class has no events."""
    vm, other = client.vm(), client.vm("Running")
    token = client.events(["*"])["token"]
    for ref in (vm, other):
        client("VM.set_user_version", ref, 2)
    assert len(changes(client, ["vM"], token)) == 2
    assert changes(client, [f"VM/{vm}"], token) == [("vm", "mod", vm)]
    assert changes(client, ["nothing", "task"], token) == []
    assert {kind for kind, _, _ in changes(client, ["*"], token)} == {"vm"}


def test_a_write_without_a_change_is_no_event(client: Client) -> None:
    """ocaml/database/db_cache_impl.ml, write_field_locked."""
    vm = client.vm()
    token = client.events(["VM"])["token"]
    client("VM.set_name_label", vm, client("VM.get_name_label", vm))
    assert changes(client, ["VM"], token) == []


def test_nothing_happened(client: Client) -> None:
    """ocaml/xapi/xapi_event.ml: when the time is over, no events and the token that was sent."""
    token = client.events(["VM"])["token"]
    began = time.monotonic()
    batch = client.events(["VM"], token, 0.05)
    assert time.monotonic() - began >= 0.05
    assert (batch["events"], batch["token"]) == ([], token)


def test_a_wait_ends_when_something_happens(client: Client) -> None:
    vm = client.vm()
    token = client.events(["VM"])["token"]
    waiting = Background(lambda: client.events([f"VM/{vm}"], token, 30.0))
    client("VM.set_name_label", client.vm("Running"), "another")
    until(lambda: client.simulator.administrator.calls().get("event.from") == 2)
    assert waiting.waiting
    client("VM.set_name_label", vm, "renamed")
    (event,) = waiting.result()["events"]
    assert event["snapshot"]["name_label"] == "renamed"


def test_inject(client: Client) -> None:
    """ocaml/xapi/xapi_event.ml, inject: the token is from before the event, which changes nothing."""
    (pool,) = client("pool.get_all")
    record = client("pool.get_record", pool)
    token = client("event.inject", "pool", pool)
    assert TOKEN.match(token)
    assert changes(client, ["pool"], token) == [("pool", "mod", pool)]
    later = client.events(["pool"], token)["token"]
    assert later > token
    assert client("pool.get_record", pool) == record
    assert client.refused("event.inject", "VM", pool) == ["HANDLE_INVALID", "VM", pool]


def test_deletions_are_dropped_and_only_the_counts_reveal_it(client: Client) -> None:
    """ocaml/database/db_cache_types.ml, Table.remove: at 512 the log keeps 256, and there is no error."""
    networks = [make_network(client, f"n{number}") for number in range(3)]
    batch = client.events(["network"])
    client("network.destroy", networks[0])
    client.simulator.administrator.forget_deletions()
    client("network.destroy", networks[1])
    after = client.events(["network"], batch["token"])
    assert [event["ref"] for event in after["events"]] == [networks[1]]
    assert after["valid_ref_counts"]["network"] == batch["valid_ref_counts"]["network"] - 2


def test_how_many_deletions_are_kept(client: Client) -> None:
    """ocaml/database/db_cache_types.ml, Table.remove."""
    networks = [make_network(client, f"n{number}") for number in range(520)]
    token = client.events(["network"])["token"]
    for number, network in enumerate(networks, 1):
        client.simulator.pool.database.delete("network", network)
        logged = len(client.simulator.pool.database.tables["network"].deletions)
        assert logged <= 512
        if number in (510, 511):
            assert logged == (511 if number == 510 else 257)
    gone = {ref for _, operation, ref in changes(client, ["network"], token) if operation == "del"}
    assert gone == set(networks[510 - 256 :])


def test_a_restart_of_the_toolstack(client: Client) -> None:
    """ocaml/database/db_cache_types.ml, reindex: deletions are lost, and objects that others refer to look new."""
    vm, network = client.vm(), make_network(client, "n")
    client("task.create", "mine", "")
    token = client.events(["*"])["token"]
    client("network.destroy", network)
    client.simulator.administrator.restart_toolstack()
    assert client.refused("VM.get_all")[0] == "SESSION_INVALID"
    client.login()
    batch = client.events(["*"], token)
    assert ("vm", "add", vm) in {(event["class"], event["operation"], event["ref"]) for event in batch["events"]}
    assert not [event for event in batch["events"] if event["operation"] == "del"]
    assert (batch["valid_ref_counts"]["task"], batch["valid_ref_counts"]["network"]) == (0, 2)


def test_messages_are_events_too(client: Client) -> None:
    """ocaml/xapi/xapi_message.ml, get_since_for_events: they have a number of their own in the token."""
    vm = client.vm()
    token = client.events(["message"], "", 0.0)["token"]
    uuid = client("VM.get_uuid", vm)
    alert = client("message.create", "HELLO", 3, "VM", uuid, "a body")
    batch = client.events(["message"], token)
    (event,) = batch["events"]
    assert (event["class"], event["operation"], event["ref"]) == ("message", "add", alert)
    assert event["snapshot"]["body"] == "a body"
    client("message.destroy", alert)
    assert changes(client, ["message"], batch["token"]) == [("message", "del", alert)]
    assert client("message.get_all") == []


def test_sessions_have_no_events(client: Client) -> None:
    """ocaml/idl/datamodel.ml: gen_events:false."""
    token = client.events(["*"])["token"]
    Client(client.simulator).login()
    assert changes(client, ["*"], token) == []


def test_another_wait_of_a_session_that_ends(client: Client) -> None:
    token = client.events(["VM"])["token"]
    waits = [Background(lambda: client.events(["VM"], token, 30.0)) for _ in range(2)]
    until(lambda: client.simulator.administrator.calls()["event.from"] == 3)
    client.simulator.administrator.expire_sessions()
    for wait in waits:
        with pytest.raises(Refused, match="SESSION_INVALID"):
            wait.result()


def test_event_register_and_event_next(client: Client) -> None:
    """ocaml/xapi/xapi_event.ml, next: a session must have registered."""
    assert client.refused("event.next") == ["SESSION_NOT_REGISTERED", client.session]
    vm = client.vm()
    client("event.register", ["vm"])
    client("VM.set_name_label", vm, "renamed")
    (event,) = client("event.next")
    assert (event["class"], event["operation"], event["ref"]) == ("vm", "mod", vm)
    waiting = Background(lambda: client("event.next"))
    client("network.set_name_label", client("network.get_all")[0], "unheard")
    client("VM.set_name_label", vm, "again")
    (event,) = waiting.result()
    assert event["snapshot"]["name_label"] == "again"
    client("event.unregister", ["vm"])
