"""The life cycle of VMs, and the errors of forbidden operations.

What is asserted follows the server's source (ocaml/xapi/xapi_vm_lifecycle.ml, xapi_vm.ml), or what a test cites.
"""

from __future__ import annotations

from typing import Any

import pytest
from drivers.xapi_simulator.clients.held import Held
from drivers.xapi_simulator.clients.plain import Background, Client, until
from hvlib_xapi_simulator.machines import DISK_TEMPLATE
from hvlib_xapi_simulator.vm_operations import OPERATIONS, Guest, check

NULL = "OpaqueRef:NULL"


def record_of(client: Client, vm: str) -> dict[str, Any]:
    return dict(client("VM.get_record", vm))


def test_start(client: Client) -> None:
    """ocaml/xapi/xapi_xenops.ml, update_vm."""
    vm = client.vm()
    client("VM.start", vm, False, False)
    record = record_of(client, vm)
    assert (record["power_state"], record["current_operations"]) == ("Running", {})
    assert record["domid"] > 0
    assert vm in client("host.get_resident_VMs", record["resident_on"])
    assert all(client("VBD.get_currently_attached", vbd) for vbd in record["VBDs"])
    assert all(client("VIF.get_currently_attached", vif) for vif in record["VIFs"])
    assert client("VM_metrics.get_memory_actual", record["metrics"]) == record["memory_dynamic_max"]
    assert client("VM_guest_metrics.get_networks", record["guest_metrics"])["0/ip"].startswith("10.")
    assert len(record["consoles"]) == 1
    assert "clean_shutdown" in record["allowed_operations"]
    assert "start" not in record["allowed_operations"]


def test_shutdown(client: Client) -> None:
    """ocaml/xapi/xapi_vm_lifecycle.ml, force_state_reset_keep_current_operations."""
    vm = client.vm("Running")
    host = client("VM.get_resident_on", vm)
    client("VM.clean_shutdown", vm)
    record = record_of(client, vm)
    assert (record["power_state"], record["resident_on"], record["domid"]) == ("Halted", NULL, -1)
    assert vm not in client("host.get_resident_VMs", host)
    assert not any(client("VBD.get_currently_attached", vbd) for vbd in record["VBDs"])
    assert record["consoles"] == []
    assert "start" in record["allowed_operations"]


def test_memory_is_taken_and_given_back(client: Client) -> None:
    vm = client.vm("Running")
    host = client("VM.get_resident_on", vm)
    free = client("host.compute_free_memory", host)
    client("VM.hard_shutdown", vm)
    assert client("host.compute_free_memory", host) == free + client("VM.get_memory_dynamic_max", vm)
    metrics = client("host_metrics.get_record", client("host.get_metrics", host))
    assert metrics["memory_free"] == client("host.compute_free_memory", host)


def test_suspend_and_resume(client: Client) -> None:
    vm = client.vm("Running")
    client("VM.suspend", vm)
    record = record_of(client, vm)
    assert (record["power_state"], record["resident_on"]) == ("Suspended", NULL)
    image = record["suspend_VDI"]
    assert client("VDI.get_type", image) == "suspend"
    client("VM.resume", vm, False, False)
    assert client("VM.get_power_state", vm) == "Running"
    assert client.refused("VDI.get_record", image)[0] == "HANDLE_INVALID"
    assert client("VM.get_suspend_VDI", vm) == NULL


@pytest.mark.parametrize(
    ("state", "operation", "parameters", "after"),
    [
        ("Running", "pause", (), "Paused"),
        ("Paused", "unpause", (), "Running"),
        ("Running", "clean_reboot", (), "Running"),
        ("Paused", "hard_reboot", (), "Running"),
        ("Suspended", "hard_shutdown", (), "Halted"),
        ("Paused", "shutdown", (), "Halted"),
        ("Halted", "start", (True, False), "Paused"),
        ("Suspended", "resume", (True, False), "Paused"),
        ("Running", "power_state_reset", (), "Halted"),
    ],
)
def test_changes_of_power(client: Client, state: str, operation: str, parameters: tuple[bool, ...], after: str) -> None:
    vm = client.vm(state)
    client(f"VM.{operation}", vm, *parameters)
    assert client("VM.get_power_state", vm) == after


@pytest.mark.parametrize(
    ("state", "operation", "parameters", "expected"),
    [
        ("Running", "start", (False, False), "halted"),
        ("Halted", "clean_shutdown", (), "running"),
        ("Halted", "hard_shutdown", (), "paused, suspended, running"),
        ("Suspended", "hard_reboot", (), "paused, running"),
        ("Halted", "resume", (False, False), "suspended"),
        ("Running", "clone", ("x",), "halted"),
        ("Running", "destroy", (), "halted, suspended"),
        ("Halted", "checkpoint", ("x",), "paused, suspended, running"),
    ],
)
def test_power_states_that_forbid_an_operation(
    client: Client, state: str, operation: str, parameters: tuple[Any, ...], expected: str
) -> None:
    """ocaml/xapi/xapi_vm_lifecycle.ml, report_power_state_error."""
    vm = client.vm(state)
    error = client.refused(f"VM.{operation}", vm, *parameters)
    assert error == ["VM_BAD_POWER_STATE", vm, expected, state.lower()]


def test_the_order_of_the_checks(client: Client) -> None:
    """ocaml/xapi/xapi_vm_lifecycle.ml, check_operation_error."""
    vm = dict(client("VM.get_record", client.vm("Running")))
    guest = Guest(live=True)
    everything = {
        **vm,
        "blocked_operations": {"clean_shutdown": "no"},
        "power_state": "Halted",
        "current_operations": {"task": "clone"},
        "is_a_template": True,
        "is_a_snapshot": True,
        "is_control_domain": True,
    }
    errors = []
    for field in ("blocked_operations", "power_state", "current_operations", "is_a_snapshot", "is_control_domain", ""):
        error = check("ref", everything, guest, "clean_shutdown")
        errors.append(error[0] if error else None)
        if field == "is_a_snapshot":
            template = check("ref", {**everything, "is_a_snapshot": False}, guest, "clean_shutdown")
            assert template == ("VM_IS_TEMPLATE", "ref", "clean_shutdown")
            everything = {**everything, "is_a_template": False}
        everything = {**everything, field: vm.get(field)}
    assert errors == [
        "OPERATION_BLOCKED",
        "VM_BAD_POWER_STATE",
        "OTHER_OPERATION_IN_PROGRESS",
        "VM_IS_SNAPSHOT",
        "OPERATION_NOT_ALLOWED",
        "VM_LACKS_FEATURE",
    ]
    assert check("ref", vm, Guest(live=True, drivers=True), "clean_shutdown") is None


def test_other_operations_are_waited_for(client: Client, held: Held) -> None:
    """ocaml/xapi/helpers.ml, retry_with_global_lock: the operation is checked again after the wait."""
    held.hold()
    vm = client.vm("Running")
    first = client("Async.VM.suspend", vm)
    until(lambda: client("VM.get_current_operations", vm) == {first: "suspend"})
    second = Background(lambda: client.refused("VM.pause", vm))
    until(lambda: client.simulator.administrator.calls().get("VM.pause") == 1)
    assert second.waiting
    held.release()
    assert second.result() == ["VM_BAD_POWER_STATE", vm, "running", "suspended"]


def test_patience_ends(client: Client, held: Held) -> None:
    """ocaml/xapi/xapi_vm_lifecycle.ml, report_concurrent_operations_error."""
    client.simulator.pool.settings.patience = 0.0
    held.hold()
    vm = client.vm("Running")
    task = client("Async.VM.clean_reboot", vm)
    until(lambda: client("VM.get_current_operations", vm) == {task: "clean_reboot"})
    assert "clean_shutdown" not in client("VM.get_allowed_operations", vm)
    error = client.refused("VM.clean_shutdown", vm)
    assert error == ["OTHER_OPERATION_IN_PROGRESS", "VM", vm, "clean_reboot", task]
    stopping = Background(lambda: client("VM.hard_shutdown", vm))
    assert client.finished(task)["status"] == "cancelled"
    held.release()
    assert stopping.result() == ""
    assert client("VM.get_power_state", vm) == "Halted"


def test_templates_snapshots_and_control_domains(client: Client) -> None:
    template = client.named("VM", "Other install media")
    assert client.refused("VM.start", template, False, False) == ["VM_IS_TEMPLATE", template, "start"]
    assert client.refused("VM.destroy", template) == ["VM_IS_TEMPLATE", template, "destroy"]
    vm = client.vm()
    assert client.refused("VM.provision", vm) == ["ONLY_PROVISION_TEMPLATE"]
    assert client.refused("VM.revert", vm) == ["ONLY_REVERT_SNAPSHOT"]
    snapshot = client("VM.snapshot", vm, "s")
    assert client.refused("VM.start", snapshot, False, False) == ["VM_IS_SNAPSHOT", snapshot, "start"]
    (domain, *_) = client("VM.get_all_where", 'field "is_control_domain" = "true"')
    reason = "This operation is not allowed on a control domain"
    assert client.refused("VM.clean_shutdown", domain) == ["OPERATION_NOT_ALLOWED", reason]


def test_blocked_operations(client: Client) -> None:
    vm = client.vm()
    client("VM.add_to_blocked_operations", vm, "start", "because")
    assert "start" not in client("VM.get_allowed_operations", vm)
    assert client.refused("VM.start", vm, False, False) == ["OPERATION_BLOCKED", vm, "because"]
    client("VM.remove_from_blocked_operations", vm, "start")
    client("VM.start", vm, False, False)


def test_allowed_operations_are_what_the_checks_allow(client: Client) -> None:
    for vm, record in client("VM.get_all_records").items():
        for operation in set(OPERATIONS) & set(record["allowed_operations"]):
            assert client("VM.assert_operation_valid", vm, operation) == ""


def test_migration(client: Client) -> None:
    vm = client.vm("Running")
    source = client("VM.get_resident_on", vm)
    target, other = (host for host in client("host.get_all") if host != source)
    client("VM.pool_migrate", vm, target, {"live": "true"})
    assert client("VM.get_resident_on", vm) == target
    client("host.disable", other)
    assert client.refused("VM.pool_migrate", vm, other, {}) == ["HOST_DISABLED", other]
    assert client.refused("VM.pool_migrate", vm, "OpaqueRef:none", {})[0] == "HANDLE_INVALID"


def test_hosts_without_room(client: Client) -> None:
    vm = client.vm()
    host = client("VM.get_affinity", vm)
    client("VM.set_memory", vm, 2**50)
    assert client.refused("VM.start", vm, False, False) == ["NO_HOSTS_AVAILABLE"]
    (host, *_) = client("host.get_all")
    assert client.refused("VM.start_on", vm, host, False, False)[0] == "HOST_NOT_ENOUGH_FREE_MEMORY"
    assert client("VM.get_possible_hosts", vm) == []


def test_evacuation(client: Client) -> None:
    """ocaml/xapi/xapi_host.ml, evacuate: a paused VM cannot move."""
    paused = client.vm("Paused")
    host = client("VM.get_resident_on", paused)
    client("host.disable", host)
    assert client.refused("host.evacuate", host)[0] == "INTERNAL_ERROR"
    for vm in client("host.get_resident_VMs", host):
        if client("VM.get_power_state", vm) == "Paused":
            client("VM.unpause", vm)
    client("host.evacuate", host)
    (left,) = client("host.get_resident_VMs", host)
    assert client("VM.get_is_control_domain", left)


def test_destroying_leaves_disks(client: Client) -> None:
    """ocaml/xapi/xapi_vm_helpers.ml, destroy."""
    vm = client.vm()
    record = record_of(client, vm)
    disks = {client("VBD.get_VDI", vbd) for vbd in record["VBDs"]} - {NULL}
    client("VM.destroy", vm)
    for table, ref in (("VM", vm), ("VBD", record["VBDs"][0]), ("VIF", record["VIFs"][0])):
        assert client.refused(f"{table}.get_record", ref)[0] == "HANDLE_INVALID"
    assert all(client("VDI.get_record", disk) for disk in disks)


def test_create(client: Client) -> None:
    """ocaml/xapi/xapi_vm.ml, create: the settings are checked when the VM starts."""
    source = record_of(client, client.named("VM", DISK_TEMPLATE))
    vm = client("VM.create", {**source, "name_label": "made", "is_a_template": False, "power_state": "Halted"})
    record = record_of(client, vm)
    assert (record["name_label"], record["VBDs"], record["domid"]) == ("made", [], -1)
    assert record["other_config"]["mac_seed"]
    client("VM.start", vm, False, False)


def test_memory_and_processors(client: Client) -> None:
    vm, running = client.vm(), client.vm("Running")
    client("VM.set_memory", vm, 3 * 2**30)
    record = record_of(client, vm)
    assert {record[f"memory_{name}"] for name in ("dynamic_min", "dynamic_max", "static_max", "target")} == {3 * 2**30}
    assert client.refused("VM.set_memory", running, 2**30)[0] == "VM_BAD_POWER_STATE"
    assert client.refused("VM.set_memory_limits", vm, 4, 3, 2, 1) == ["MEMORY_CONSTRAINT_VIOLATION_ORDER"]
    client("VM.set_VCPUs_max", vm, 8)
    client("VM.set_VCPUs_at_startup", vm, 6)
    assert client.refused("VM.set_VCPUs_max", vm, 5)[0] == "INVALID_VALUE"
    assert client.refused("VM.set_VCPUs_at_startup", vm, 9)[0] == "INVALID_VALUE"
    assert client.refused("VM.set_VCPUs_max", running, 9) == ["VM_BAD_POWER_STATE", running, "halted", "running"]


def test_a_machine_becomes_a_template(client: Client) -> None:
    vm = client.vm()
    client("VM.set_is_a_template", vm, True)
    assert client("VM.get_metrics", vm) == NULL
    assert client.refused("VM.start", vm, False, False)[0] == "VM_IS_TEMPLATE"
    client("VM.set_is_a_template", vm, False)
    client("VM.start", vm, False, False)
    assert client.refused("VM.set_is_a_template", vm, True)[0] == "VM_BAD_POWER_STATE"


def test_a_start_adds_a_message(client: Client) -> None:
    vm = client.vm()
    client("VM.start", vm, False, False)
    (message,) = client("message.get", "VM", client("VM.get_uuid", vm), "19700101T00:00:00Z").values()
    assert message["name"] == "VM_STARTED"
