"""Messages about tasks (ocaml/xapi/xapi_task.ml)."""

from __future__ import annotations

from collections.abc import Mapping

from hvlib_xapi_simulator.call import Call, handles

__all__: list[str] = []


@handles("task.create")
def create(call: Call, label: str, description: str) -> str:
    """Add a task that the caller brings to its end."""
    return call.pool.tasks.create(label, call.session, description)


@handles("task.destroy")
def destroy(call: Call, task: str) -> None:
    """Remove a task, when it is over."""
    call.pool.tasks.destroy(task)


@handles("task.cancel")
def cancel(call: Call, task: str) -> None:
    """Ask a task to stop."""
    call.pool.tasks.cancel(task, call.key)


@handles("task.set_other_config")
def set_other_config(call: Call, task: str, value: Mapping[str, str]) -> None:
    """Replace other_config."""
    call.database.write("task", task, other_config=dict(value))
