"""The client: sends calls in the current login."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hvlib.driver import Context, NotSent, SessionLost
from hvlib.driver.http import Connections
from hvlib.driver.login_slot import LoginSlot
from hvlib.model.errors import ConnectionTimeout
from hvlib_xenapi.login import Caller, Login
from hvlib_xenapi.own_tasks import OwnTasks

__all__ = ["Client"]

TASK_REMOVAL_TIMEOUT = 2.0
"""Seconds for which the removal of ended tasks may delay an action."""


class Client:
    """Sends calls to a pool's master, in the current login. Shared by threads.

    | own_tasks: the tasks that were started through this client
    | slot: holds the current login
    """

    def __init__(self, context: Context, connections: Connections, own_tasks: OwnTasks, slot: LoginSlot[Login]) -> None:
        self.context = context
        self.own_tasks = own_tasks
        self.slot = slot
        self._connections = connections

    @property
    def login(self) -> Login:
        """The current login. Raises `SessionLost` if there is none, `Closed` after `close`."""
        login = self.slot.current
        if login.doubtful:
            raise SessionLost("the pool's master has not answered in time: another host may be the master now")
        return login

    def call(self, name: str, *parameters: Any, result: Any = Any, wait: float = 0.0) -> Any:
        """Send one message in the current login. The keyword parameters are those of `Caller.call`."""
        login = self.login
        with self.reaching(login):
            return login.caller.call(name, parameters, result=result, wait=wait)

    @contextmanager
    def reaching(self, login: Login) -> Iterator[None]:
        """Send a call to the master in this block.

        In a pool of several hosts, a master that can't be reached may have been replaced, which only a new login shows.
        So a call that was not sent raises `SessionLost`. After an unanswered call, the next one raises it.
        """
        try:
            yield
        except NotSent as error:
            if len(login.members) > 1:
                raise SessionLost(f"the pool's master can't be reached: {error}") from error
            raise
        except ConnectionTimeout:
            login.doubtful = len(login.members) > 1
            raise

    def apart(self, login: Login) -> Caller:
        """A caller of this login with its own connections, for calls that wait. Close its transport after use."""
        return login.caller.over(self._connections.apart(login.caller.transport.address))

    def remove_ended_tasks(self) -> None:
        """task.destroy of own tasks that were seen to have ended. Raises `SessionLost`, `NotSent`."""
        login = self.login
        with self.reaching(login):
            self.own_tasks.remove_ended(login.caller, time.monotonic() + TASK_REMOVAL_TIMEOUT)
