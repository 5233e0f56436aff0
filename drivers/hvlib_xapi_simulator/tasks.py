"""Tasks: every operation that could be asynchronous runs as one (ocaml/xapi/taskHelper.ml, xapi_task.ml)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from hvlib_xapi_simulator import xml_rpc
from hvlib_xapi_simulator.classes import CLASSES
from hvlib_xapi_simulator.database import Database, new_ref
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.members import Members
from hvlib_xapi_simulator.records import blank
from hvlib_xapi_simulator.settings import Settings
from hvlib_xapi_simulator.values import NULL, now

__all__ = ["Tasks"]

COMPLETED = ("success", "failure", "cancelled")
MAX_TASKS = 200
MAX_AGE_SECONDS = 65 * 60.0
STEPS = 4


class Tasks:
    """The tasks of a pool."""

    def __init__(self, settings: Settings, database: Database, members: Members, closed: threading.Event) -> None:
        self.pause: Callable[[threading.Event, float], bool] = threading.Event.wait
        """Waits for a step of an operation: seconds, or until the event is set. Returns whether it is set."""
        self._settings = settings
        self._database = database
        self._members = members
        self._closed = closed
        self._cancelling: dict[str, threading.Event] = {}
        self._collected = time.monotonic()
        self._sessions: dict[str, str] = {}

    def create(self, label: str, session: str, description: str = "") -> str:
        """Add a pending task; return it."""
        fields = blank(
            CLASSES["task"],
            name_label=label,
            name_description=description,
            type="<none/>",
            status="pending",
            created=now(),
            resident_on=self._members.master.host,
        )
        with self._database.lock:
            task = self._database.create("task", new_ref(), fields)
            self._cancelling[task] = threading.Event()
            self._sessions[task] = session
            self._write_session(session)
            self._collect()
        return task

    def run(self, task: str, operation: Callable[[], Any]) -> None:
        """Run an operation as a task, and write its outcome into the task."""
        try:
            result = operation()
        except Failure as failure:
            self.fail(task, failure)
        else:
            self.complete(task, result)

    def complete(self, task: str, result: Any = None) -> None:
        """End a task as successful. Its result is an XML fragment on both wires (taskHelper.ml)."""
        encoded = xml_rpc.encode("" if result is None else result)
        self._finish(task, status="success", result=encoded)

    def fail(self, task: str, failure: Failure) -> None:
        """End a task as failed or cancelled."""
        cancelled = failure.code == "TASK_CANCELLED"
        error = {} if cancelled else {"error_info": failure.description}
        self._finish(task, status="cancelled" if cancelled else "failure", **error)

    def work(self, task: str) -> None:
        """Wait as long as an operation takes, and write its progress. Raises TASK_CANCELLED once it is cancelled."""
        cancelling = self._cancelling.get(task) or self._closed
        for step in range(1, STEPS + 1):
            if self.pause(cancelling, self._settings.task_time / STEPS):
                raise Failure("TASK_CANCELLED", task)
            if step < STEPS:
                self._write(task, progress=step / STEPS)

    def stop_if_cancelled(self, task: str) -> None:
        """Raise TASK_CANCELLED if a task was cancelled."""
        cancelling = self._cancelling.get(task)
        if cancelling and cancelling.is_set():
            raise Failure("TASK_CANCELLED", task)

    def allow_cancel(self, task: str, allowed: bool) -> None:
        """Say whether a task can be cancelled."""
        self._write(task, allowed_operations=["cancel"] if allowed else [])

    def cancel(self, task: str, by: str) -> None:
        """Ask a task to stop. It ends when its operation has seen the request (xapi_task.ml)."""
        self._database.write("task", task, current_operations={by: "cancel"})
        with self._database.changed:
            if cancelling := self._cancelling.get(task):
                cancelling.set()
            self._database.changed.notify_all()

    def destroy(self, task: str) -> None:
        """Remove a task, or mark it to be removed when it ends."""
        with self._database.lock:
            fields = self._database.get("task", task)
            if fields["status"] in COMPLETED:
                self._delete(task)
            else:
                self._write(task, current_operations={**fields["current_operations"], "task": "destroy"})

    def any_pending(self, session: str) -> bool:
        """Whether a session has a task that has not ended."""
        rows = self._database.tables["task"].rows
        return any(
            owner == session and task in rows and rows[task].fields["status"] not in COMPLETED
            for task, owner in self._sessions.items()
        )

    def forget_all(self) -> None:
        """Forget all tasks, as a restart of the server does. Their operations are cancelled."""
        with self._database.lock:
            for cancelling in self._cancelling.values():
                cancelling.set()
            self._cancelling.clear()
            self._sessions.clear()

    def _finish(self, task: str, **fields: Any) -> None:
        with self._database.lock:
            row = self._database.tables["task"].rows.get(task)
            self._cancelling.pop(task, None)
            if row is None or row.fields["status"] != "pending":
                return
            self._write(task, allowed_operations=[], progress=1.0, finished=now(), **fields)
            if "destroy" in row.fields["current_operations"].values():
                self._delete(task)

    def _collect(self) -> None:
        """Sometimes remove tasks that ended long ago, are to be destroyed or are too many (ocaml/xapi/db_gc_util.ml).

        A client ends its own task by set_status, which writes no time: the task counts as ended long ago. If more than
        `MAX_TASKS` tasks would stay, only `MAX_TASKS` minus the number of ended ones stay of the latter: of 200, none.
        """
        if time.monotonic() - self._collected < self._settings.collection:
            return
        self._collected = time.monotonic()
        rows = {task: row.fields for task, row in self._database.tables["task"].rows.items()}
        over = {task: fields for task, fields in rows.items() if fields["status"] in COMPLETED}
        oldest = now(MAX_AGE_SECONDS)
        young = [task for task, fields in over.items() if not _is_forgotten(fields, oldest)]
        if len(rows) - len(over) + len(young) > MAX_TASKS:
            young.sort(key=lambda task: over[task]["finished"], reverse=True)
            young = young[: max(0, MAX_TASKS - len(young))]
        for task in over.keys() - set(young):
            self._delete(task)

    def _delete(self, task: str) -> None:
        session = self._sessions.pop(task, NULL)
        if self._database.exists(task):
            self._database.delete("task", task)
        self._write_session(session)

    def _write(self, task: str, **fields: Any) -> None:
        with self._database.lock:
            if task in self._database.tables["task"].rows:
                self._database.write("task", task, **fields)

    def _write_session(self, session: str) -> None:
        if session in self._database.tables["session"].rows:
            tasks = [task for task, owner in self._sessions.items() if owner == session]
            self._database.write("session", session, tasks=tasks)


def _is_forgotten(fields: Mapping[str, Any], oldest: str) -> bool:
    return "destroy" in fields["current_operations"].values() or fields["finished"] < oldest
