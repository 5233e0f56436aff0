"""Steps: the calls of an action that takes several. None of them is carried out twice.

Core repeats an action from its beginning where the server can't have acted on it. That is right until its first call
that changes something has been carried out, and wrong afterwards. So from then on a call that loses its session is sent
in a new login, from here; and what can't be sent ends the action with an error that says what was done.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from hvlib.driver import NotSent, SessionLost, Started
from hvlib.model.errors import ConnectionFailed, HvlibError, NotFound, RateLimited
from hvlib.model.ref import Ref
from hvlib.model.resources import TaskRecord
from hvlib.model.task import ENDED
from hvlib_xenapi.errors import failure_error
from hvlib_xenapi.operations.outcome import made, state
from hvlib_xenapi.wire.client import Client
from hvlib_xenapi.wire.events import BEGINNING, Reply, reply_type
from hvlib_xenapi.wire.rows import row_type, rows_type

__all__ = ["Steps"]

SESSIONS_PER_CALL = 3
"""A call that loses its session this often in a row has lost it for good."""

LOOK_SECONDS = 30.0
"""Seconds, at most, of one look at a task that is waited for."""

OUTCOME = frozenset({"status", "error_info", "result"})
REPLY = reply_type({"task": OUTCOME})


class Steps:
    """The calls of one action, in one thread."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.login = client.login
        """The login that stood in the beginning: what it says holds for the whole action."""
        self._done: list[str] = []

    def call(self, name: str, *parameters: Any, result: Any = Any, wait: float = 0.0) -> Any:
        """`Client.call`. Once something was changed, it raises nothing that makes core repeat the action."""
        if self._done:
            with self._not_repeated(name):
                found = self._go_on(name, parameters, result, wait)
        else:
            found = self.client.call(name, *parameters, result=result, wait=wait)
        if _changes(name):
            self._done.append(name)
        return found

    def record(self, cls: str, ref: str, *fields: str) -> Any:
        """A row of one object. `NotFound` if it is gone."""
        return self.call(f"{cls}.get_record", ref, result=row_type(cls, frozenset(fields)))

    def find(self, cls: str, condition: str, *fields: str) -> dict[str, Any]:
        """Rows of the objects of a class that fit a condition."""
        result = rows_type(cls, frozenset(fields))
        found: dict[str, Any] = self.call(f"{cls}.get_all_records_where", condition, result=result)
        return found

    def run(self, name: str, *parameters: Any) -> str:
        """Carry out a call that may take long, and wait for its end. Returns what it made, "" if nothing."""
        return self.outcome(self.begin(name, *parameters))

    def start(self, name: str, *parameters: Any, result: Ref | None = None) -> Started:
        """The last call, which core follows. ``result``: what it makes, where the server's record does not say so."""
        return Started(self.client.context.ref(TaskRecord, self.begin(name, *parameters, result=result)))

    def begin(self, name: str, *parameters: Any, result: Ref | None = None) -> str:
        """Call a message's asynchronous form: the task."""
        task: str = self.call(f"Async.{name}", *parameters)
        self.client.own_tasks.begin(task, result)
        return task

    def outcome(self, task: str) -> str:
        """Wait until a task has ended. Returns what it made, "" if nothing.

        It may take as long as it takes: each look is bounded.
        """
        row = self._end(task)
        ended = state(row.status, row.error_info)
        self.client.own_tasks.saw(task, ended)
        if ended == "succeeded":
            return made(row.result) or ""
        with self._not_repeated("a task"):
            raise failure_error(row.error_info if ended == "failed" else ["TASK_CANCELLED", task])

    def cancel(self, task: str) -> str:
        """End a task that nobody waits for any more. Returns what it made all the same, "" if nothing."""
        with suppress(HvlibError):
            self.call("task.cancel", task)
        return self.outcome(task)

    def _end(self, task: str) -> Any:
        """Its record, once it has ended."""
        token = BEGINNING
        while True:
            reply = self.call("event.from", [f"task/{task}"], token, LOOK_SECONDS, result=REPLY, wait=LOOK_SECONDS)
            row = _last(reply) or self._looked_up(task)
            if state(row.status, row.error_info) in ENDED:
                return row
            token = reply.token

    def _looked_up(self, task: str) -> Any:
        """A task that no event tells of. `NotFound` if the server has forgotten it, as after a restart."""
        try:
            return self.record("task", task, *OUTCOME)
        except NotFound as error:
            done = ", ".join(self._done)
            raise NotFound(
                f"the server keeps no record of the task any more, so its outcome is unknown; begun before: {done}",
                native=error.native,
            ) from error

    def _go_on(self, name: str, parameters: Any, result: Any, wait: float) -> Any:
        for _ in range(SESSIONS_PER_CALL - 1):
            login = self.client.slot.latest
            try:
                return self.client.call(name, *parameters, result=result, wait=wait)
            except SessionLost:
                self.client.slot.renew_after(login)
        return self.client.call(name, *parameters, result=result, wait=wait)

    @contextmanager
    def _not_repeated(self, name: str) -> Iterator[None]:
        try:
            yield
        except (SessionLost, NotSent, RateLimited) as error:
            done = ", ".join(self._done)
            raise ConnectionFailed(
                f"partly done: {name} could not be carried out ({error}); before it: {done}", native=error.native
            ) from error


def _changes(name: str) -> bool:
    message = name.partition(".")[2]
    return not message.startswith(("get_", "assert_", "from"))


def _last(reply: Reply) -> Any:
    return next((event.snapshot for event in reversed(reply.events) if event.snapshot is not None), None)
