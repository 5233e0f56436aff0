"""A call on its way through the simulator, and the handlers that answer calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from hvlib_xapi_simulator.database import Database
from hvlib_xapi_simulator.members import Member
from hvlib_xapi_simulator.pool import Pool
from hvlib_xapi_simulator.values import NULL

__all__ = ["HANDLERS", "Call", "Handler", "handles"]


@dataclass(slots=True)
class Call:
    """One call. ``local``: whether it came through the unix socket; ``task``: the task as which it runs, if any."""

    pool: Pool
    member: Member
    name: str
    session: str = NULL
    local: bool = False
    task: str = NULL
    key: str = ""
    """The key of the operation in current_operations: its task, or a dummy reference that is in no table."""

    @property
    def database(self) -> Database:
        """The pool's database."""
        return self.pool.database

    def work(self) -> None:
        """Wait for as long as an operation takes. Raises TASK_CANCELLED as soon as the call's task is cancelled."""
        self.pool.tasks.work(self.task)


Handler = Callable[..., Any]
H = TypeVar("H", bound=Handler)

HANDLERS: dict[str, Handler] = {}
"""The functions that answer messages, by message: each takes the `Call` and the message's parameters."""


def handles(*names: str) -> Callable[[H], H]:
    """Make a function the handler of messages."""

    def register(handler: H) -> H:
        HANDLERS.update(dict.fromkeys(names, handler))
        return handler

    return register
