"""Messages: which ones exist, how their parameters are counted and read, and what the implied ones do.

What is asserted follows the server's source (ocaml/idl/ocaml_backend/gen_server.ml), or what a test cites.
"""

from __future__ import annotations

import pytest
from drivers.xapi_simulator.clients.plain import Client, Refused


def test_parameters_are_counted_before_the_session_is_checked(client: Client) -> None:
    """ocaml/idl/ocaml_backend/gen_server.ml: the session does not count, and is checked afterwards."""
    assert client.refused("VM.start", "x") == ["MESSAGE_PARAMETER_COUNT_MISMATCH", "VM.start", "3", "1"]
    with pytest.raises(Refused, match=r"MESSAGE_PARAMETER_COUNT_MISMATCH, VM.get_all, 0, -1"):
        client.raw("VM.get_all")
    with pytest.raises(Refused, match=r"MESSAGE_PARAMETER_COUNT_MISMATCH, VM.get_record, 1, 2"):
        client.raw("VM.get_record", "OpaqueRef:none", "x", "y")


def test_parameters_with_defaults_may_be_missing_and_others_too_many(client: Client) -> None:
    """ocaml/idl/ocaml_backend/gen_server.ml: the parameters after the required ones are matched as a list."""
    for more in ((), ("1.0",), ("1.0", "x"), ("1.0", "x", "y")):
        session = client.raw("session.login_with_password", "root", "secret", *more)
        client.raw("session.logout", session)
    assert client.refused("session.login_with_password")[1:] == ["session.login_with_password", "2", "1"]


def test_unknown_messages_are_refused_after_the_session_is_checked(client: Client) -> None:
    """ocaml/idl/ocaml_backend/gen_server.ml: an unknown name may be an extension's, which needs a session."""
    assert client.refused("VM.sing") == ["MESSAGE_METHOD_UNKNOWN", "VM.sing"]
    with pytest.raises(Refused, match=r"SESSION_INVALID, OpaqueRef:none"):
        client.raw("VM.sing", "OpaqueRef:none")
    with pytest.raises(Refused, match="MESSAGE_METHOD_UNKNOWN"):
        client.raw("VM.sing")


def test_other_names_of_a_message(client: Client) -> None:
    """ocaml/idl/datamodel_utils.ml, alternative_wire_name."""
    assert client("VM_get_all") == client("VM.get_all")


def test_removed_messages(client: Client) -> None:
    """ocaml/idl/ocaml_backend/gen_server.ml: parameters and session are checked all the same."""
    assert client.refused("VBD_metrics.get_all_records") == ["MESSAGE_REMOVED"]
    assert client.refused("VBD_metrics.get_record")[0] == "MESSAGE_PARAMETER_COUNT_MISMATCH"


def test_messages_without_an_asynchronous_form(client: Client) -> None:
    """ocaml/xapi/server_helpers.ml, do_dispatch; a fault is an error whose code is Fault (gen_api.ml)."""
    reason = "No async mode for this operation (rpc: VM.get_record)"
    assert client.refused("Async.VM.get_record", client.vm()) == ["Fault", reason]


def test_messages_that_the_simulator_does_not_have(client: Client) -> None:
    assert client.refused("VM.send_sysrq", client.vm(), "h") == ["NOT_IMPLEMENTED", "VM.send_sysrq"]


def test_handles_and_uuids(client: Client) -> None:
    """ocaml/xapi/exnHelper.ml: a missing row is HANDLE_INVALID, a missing uuid UUID_INVALID."""
    assert client.refused("VM.get_record", "OpaqueRef:none") == ["HANDLE_INVALID", "VM", "OpaqueRef:none"]
    assert client.refused("VM.get_name_label", "OpaqueRef:none") == ["HANDLE_INVALID", "VM", "OpaqueRef:none"]
    assert client.refused("VM.get_by_uuid", "none") == ["UUID_INVALID", "VM", "none"]
    (host, *_) = client("host.get_all")
    uuid = client("host.get_uuid", host)
    assert client("host.get_by_uuid", uuid) == host
    assert client.refused("VM.get_by_uuid", uuid) == ["UUID_INVALID", "VM", uuid]


def test_wrong_types_are_internal_errors(client: Client) -> None:
    """ocaml/xapi/exnHelper.ml: errors of the unmarshalling code have no code of their own."""
    assert client.refused("VM.set_user_version", client.vm(), "x")[0] == "INTERNAL_ERROR"
    assert client.refused("VM.set_name_label", client.vm(), 1)[0] == "INTERNAL_ERROR"


def test_ints_may_be_strings(client: Client) -> None:
    """ocaml-rpc: XML-RPC has no ints of 64 bits, so clients send them as text."""
    vm = client.vm()
    client("VM.set_user_version", vm, "8589934592")
    assert client("VM.get_user_version", vm) == 8589934592


def test_names_repeat(client: Client) -> None:
    first, second = client.vm(), client.vm("Running")
    for vm in (first, second):
        client("VM.set_name_label", vm, "twin")
    assert set(client("VM.get_by_name_label", "twin")) == {first, second}
    assert client("VM.get_by_name_label", "Twin") == []


def test_maps(client: Client) -> None:
    """ocaml/database/db_cache_impl.ml, AddMapLegacy: a key that is there is an error, whatever its value."""
    vm = client.vm()
    client("VM.set_xenstore_data", vm, {"a": "1"})
    client("VM.add_to_xenstore_data", vm, "b", "2")
    error = ["MAP_DUPLICATE_KEY", "VM", "xenstore_data", vm, "b"]
    assert client.refused("VM.add_to_xenstore_data", vm, "b", "2") == error
    client("VM.remove_from_xenstore_data", vm, "a")
    client("VM.remove_from_xenstore_data", vm, "none")
    assert client("VM.get_xenstore_data", vm) == {"b": "2"}


def test_sets(client: Client) -> None:
    vm = client.vm()
    client("VM.set_tags", vm, ["a"])
    client("VM.add_tags", vm, "b")
    client("VM.add_tags", vm, "b")
    client("VM.remove_tags", vm, "a")
    assert client("VM.get_tags", vm) == ["b"]


def test_records_are_complete_and_lists_agree(client: Client) -> None:
    records = client("VM.get_all_records")
    assert {len(record) for record in records.values()} == {92}
    assert set(client("VM.get_all")) == set(records)
    ref, record = next(iter(records.items()))
    assert client("VM.get_record", ref) == record
    kinds = [(record["is_a_template"], record["is_control_domain"]) for record in records.values()]
    assert (kinds.count((True, False)), kinds.count((False, True)), len(kinds)) == (2, 3, 25)


def test_both_ends_of_a_relation_agree(client: Client) -> None:
    """ocaml/database/db_cache_types.ml, update_one_to_many."""
    vms, vbds = client("VM.get_all_records"), client("VBD.get_all_records")
    assert all(ref in vms[record["VM"]]["VBDs"] for ref, record in vbds.items())
    hosts = client("host.get_all_records")
    for ref, record in vms.items():
        assert [host for host in hosts if ref in hosts[host]["resident_VMs"]] == [
            host for host in hosts if host == record["resident_on"]
        ]


def test_objects_that_clients_make(client: Client) -> None:
    record = {"name_label": "a group", "name_description": ""}
    appliance = client("VM_appliance.create", record)
    assert client("VM_appliance.get_name_label", appliance) == "a group"
    vm = client.vm()
    client("VM.set_appliance", vm, appliance)
    assert client("VM_appliance.get_VMs", appliance) == [vm]
    client("VM_appliance.destroy", appliance)
    assert client.refused("VM_appliance.get_record", appliance)[0] == "HANDLE_INVALID"


def test_a_constructor_needs_the_fields_without_defaults(client: Client) -> None:
    """ocaml/idl/ocaml_backend/gen_server.ml, from_ctor_record: Dispatcher_FieldNotFound."""
    error = client.refused("VDI.create", {"name_label": "x"})
    assert error == ["INTERNAL_ERROR", 'Server_helpers.Dispatcher_FieldNotFound("SR")']
    assert client.refused("console.create", {}) == ["NOT_IMPLEMENTED", "console.create"]
