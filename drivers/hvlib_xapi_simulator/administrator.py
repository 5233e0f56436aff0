"""The administrator's door, which is no part of XenAPI: faults, counters, and acts that no client can do.

It has a port of its own, so that it answers when members do not. POST /hvlib/NAME with a JSON object of arguments; the
reply is ``{"result": ...}`` or ``{"error": "..."}``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from hvlib_xapi_simulator import json_rpc
from hvlib_xapi_simulator.dispatch import Dispatcher
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.faults import Fault
from hvlib_xapi_simulator.http_server import Reply
from hvlib_xapi_simulator.pool import Pool

__all__ = ["Administrator"]

PATH = "/hvlib/"


class Administrator:
    """The administrator's commands, through the door or as methods in the simulator's own process."""

    def __init__(
        self,
        pool: Pool,
        dispatcher: Dispatcher,
        start_member: Callable[[str], None],
        stop_member: Callable[[str], None],
    ) -> None:
        self._pool = pool
        self._dispatcher = dispatcher
        self.start_member = start_member
        self.stop_member = stop_member

    def answer(self, path: str, body: bytes) -> Reply:
        """Carry out a request; return the reply."""
        name = path.removeprefix(PATH)
        verb = None if name.startswith("_") or name == "answer" else getattr(self, name, None)
        try:
            if verb is None or not path.startswith(PATH):
                raise ValueError(f"there is no {path}")
            reply = {"result": verb(**json.loads(body or b"{}"))}
        except (TypeError, ValueError, LookupError, Failure) as error:
            reply = {"error": str(error)}
        return json_rpc.CONTENT_TYPE, json_rpc.encode(reply).encode()

    def call(self, method: str, parameters: Sequence[Any] = ()) -> Any:
        """Call a message at the master without a client: the call is not counted, and no fault happens to it."""
        session = self._pool.sessions.open_local()
        try:
            return self._dispatcher.dispatch(self._pool.members.master, method, [session, *parameters], local=True)
        finally:
            self._pool.sessions.close(session)

    def calls(self) -> dict[str, int]:
        """The number of calls so far, by the name in the call."""
        return self._pool.faults.calls()

    def log(self) -> list[tuple[str, Sequence[Any]]]:
        """The latest messages that were carried out for clients, oldest first: each with its name and its arguments."""
        return list(self._pool.log)

    def leftovers(self) -> dict[str, int]:
        """The number of sessions that are logged in, and the number of tasks."""
        return {"sessions": self._pool.sessions.count(), "tasks": len(self._pool.database.tables["task"].rows)}

    def add_fault(self, kind: str, method: str = "*", times: int = 1, skip: int = 0) -> None:
        """Let a fault happen to the next calls of a message; ``method`` may have ``*`` in it."""
        self._pool.faults.add(Fault(kind, method, times, skip))

    def clear_faults(self) -> None:
        """Remove all faults, and let frozen calls be answered."""
        self._pool.faults.clear()

    def expire_sessions(self) -> None:
        """End every session."""
        self._pool.sessions.close_all()

    def forget_deletions(self) -> None:
        """Empty the logs of deletions: clients that have not received them never will."""
        self._pool.forget_deletions()

    def restart_toolstack(self) -> None:
        """Lose sessions, tasks and the logs of deletions, as a restart of xapi does."""
        self._pool.restart()

    def back_up(self) -> None:
        """Copy the database to the other members: later changes are lost with the master."""
        self._pool.back_up()

    def set_master(self, address: str) -> None:
        """Make another member the master."""
        for member in self._pool.members.all:
            if member.address == address:
                return self._pool.promote(member)
        raise ValueError(f"no member is at {address}")

    def set(self, **settings: Any) -> None:
        """Change settings, such as ``task_time``, from now on."""
        for name, value in settings.items():
            if not hasattr(self._pool.settings, name):
                raise ValueError(f"there is no setting {name}")
            setattr(self._pool.settings, name, value)

    def reserve(self, device: str) -> None:
        """Reserve a VBD or VIF without attaching it, as while its VM starts."""
        self._pool.database.reserved.add(device)

    def write(self, table: str, ref: str, fields: dict[str, Any]) -> None:
        """Change any fields of an object, as the pool itself would."""
        unknown = fields.keys() - self._pool.database.get(table, ref).keys()
        if unknown:
            raise ValueError(f"{table} has no {', '.join(unknown)}")
        self._pool.database.write(table, ref, **fields)
