"""Tasks: how they run, end, are cancelled and are removed.

What is asserted follows the server's source (ocaml/xapi/taskHelper.ml, xapi_task.ml), or what a test cites.
"""

from __future__ import annotations

from drivers.xapi_simulator.clients.held import Held
from drivers.xapi_simulator.clients.plain import Background, Client, until


def test_an_operation_in_a_task(client: Client) -> None:
    """ocaml/xapi/taskHelper.ml, complete: the result is an XML fragment, on JSON-RPC too."""
    vm = client.vm()
    task = client("Async.VM.clone", vm, "a & b")
    record = client.finished(task)
    assert (record["status"], record["progress"], record["error_info"]) == ("success", 1.0, [])
    assert (record["name_label"], record["type"]) == ("Async.VM.clone", "<none/>")
    clone = record["result"].removeprefix("<value>").removesuffix("</value>")
    assert record["result"] == f"<value>{clone}</value>"
    assert client("VM.get_name_label", clone) == "a & b"
    assert record["created"] <= record["finished"]
    client("task.destroy", task)
    assert client.refused("task.get_record", task) == ["HANDLE_INVALID", "task", task]


def test_the_result_of_a_void_message_is_empty(client: Client) -> None:
    """ocaml/idl/ocaml_backend/gen_server.ml, result_marshaller."""
    assert client.finished(client("Async.VM.start", client.vm(), False, False))["result"] == "<value></value>"


def test_a_failure_is_in_the_task(client: Client) -> None:
    """ocaml/xapi/taskHelper.ml, failed."""
    vm = client.vm("Running")
    record = client.finished(client("Async.VM.start", vm, False, False))
    assert record["status"] == "failure"
    assert record["error_info"] == ["VM_BAD_POWER_STATE", vm, "halted", "running"]
    assert record["progress"] == 1.0


def test_progress_and_cancelling(client: Client, held: Held) -> None:
    """ocaml/xapi/xapi_task.ml, cancel: a request. taskHelper.ml, cancel_this: error_info stays empty."""
    held.hold(after=1)
    vm = client.vm("Running")
    task = client("Async.VM.clean_shutdown", vm)
    until(lambda: client("VM.get_current_operations", vm) == {task: "clean_shutdown"})
    until(lambda: client("task.get_allowed_operations", task) == ["cancel"])
    until(lambda: client("task.get_progress", task) > 0.2)
    client("task.cancel", task)
    record = client.finished(task)
    assert (record["status"], record["error_info"], record["progress"]) == ("cancelled", [], 1.0)
    assert client("VM.get_power_state", vm) == "Running"
    assert client("VM.get_current_operations", vm) == {}


def test_a_task_destroyed_while_it_runs_is_removed_at_its_end(client: Client, held: Held) -> None:
    """ocaml/xapi/xapi_task.ml, destroy."""
    held.hold()
    task = client("Async.VM.start", client.vm(), False, False)
    client("task.destroy", task)
    assert client("task.get_current_operations", task) == {"task": "destroy"}
    held.release()
    until(lambda: task not in client("task.get_all"))


def test_a_synchronous_call_is_a_task_while_it_lasts(client: Client, held: Held) -> None:
    """ocaml/xapi/context.ml, of_http_req and finally_destroy_context."""
    held.hold()
    vm = client.vm()
    starting = Background(lambda: client("VM.start", vm, False, False))
    until(lambda: len(client("task.get_all")) == 1)
    (record,) = client("task.get_all_records").values()
    assert (record["name_label"], record["status"]) == ("VM.start", "pending")
    held.release()
    assert starting.result() == ""
    assert client("task.get_all") == []


def test_tasks_of_clients(client: Client) -> None:
    task = client("task.create", "mine", "what it is")
    assert client("session.get_tasks", client.session) == [task]
    client("task.set_progress", task, 0.5)
    client("task.set_status", task, "success")
    record = client("task.get_record", task)
    assert (record["name_description"], record["progress"], record["status"]) == ("what it is", 0.5, "success")
    client("task.destroy", task)
    assert client("task.get_all") == []


def test_old_tasks_are_collected(client: Client) -> None:
    """ocaml/xapi/db_gc_util.ml, timeout_tasks: if over 200 would stay, 200 minus the number of ended ones do."""
    client.simulator.pool.settings.task_time = 0.0
    client.simulator.pool.settings.collection = 0.0
    vm = client.vm("Running")
    first = client("Async.VM.start", vm, False, False)
    client.finished(first)
    counts = []
    for _ in range(210):
        client.finished(client("Async.VM.start", vm, False, False))
        counts.append(len(client("task.get_all")))
    assert max(counts) == 200
    assert counts[-1] < 20
    assert client.refused("task.get_record", first)[0] == "HANDLE_INVALID"


def test_tasks_that_a_client_made_are_collected(client: Client) -> None:
    """ocaml/xapi/db_gc_util.ml, timeout_tasks: the time of their end is not written, and so counts as long ago."""
    client.simulator.pool.settings.collection = 0.0
    mine, destroyed, pending = (client("task.create", name, "") for name in ("mine", "destroyed", "pending"))
    client("task.destroy", destroyed)
    for task in (mine, destroyed):
        client("task.set_status", task, "success")
    client("task.create", "another", "")
    for task in (mine, destroyed):
        assert client.refused("task.get_record", task)[0] == "HANDLE_INVALID"
    assert client("task.get_status", pending) == "pending"


def test_a_session_with_a_task_is_not_idle(client: Client) -> None:
    """ocaml/xapi/db_gc_util.ml, is_session_unused."""
    client("task.create", "mine", "")
    client.simulator.pool.settings.idle = -1.0
    assert client("pool.get_all")
