"""The client: sends one call in the login that stands."""

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
"""Seconds that removing tasks which are over may keep an action."""


class Client:
    """Calls to the master of a XenServer or XCP-ng pool, in the login that stands. Shared by threads.

    | own_tasks: the tasks that were begun through this client
    | slot: the login that stands
    """

    def __init__(self, context: Context, connections: Connections, own_tasks: OwnTasks, slot: LoginSlot[Login]) -> None:
        self.context = context
        self.own_tasks = own_tasks
        self.slot = slot
        self._connections = connections

    @property
    def login(self) -> Login:
        """The login that stands. Raises `SessionLost` if there is none, `Closed` after `close`."""
        login = self.slot.current
        if login.doubtful:
            raise SessionLost("the master has not answered in time: it may be another one now")
        return login

    def call(self, name: str, *parameters: Any, result: Any = Any, wait: float = 0.0) -> Any:
        """Send one message in the login that stands. The parameters by name are those of `Caller.call`."""
        login = self.login
        with self.reaching(login):
            return login.caller.call(name, parameters, result=result, wait=wait)

    @contextmanager
    def reaching(self, login: Login) -> Iterator[None]:
        """In the block, a call goes to the master.

        One that can't be reached may have been replaced, and it takes a login to find out: a call that was not sent is
        a lost session, and one that was not answered makes the next call a lost session.
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
        """Return a caller of this login with connections of its own, for calls that wait. The caller closes them."""
        return login.caller.over(self._connections.apart(login.caller.transport.address))

    def remove_ended_tasks(self) -> None:
        """task.destroy of the tasks begun here that were seen to be over. Raises `SessionLost`, `NotSent`."""
        login = self.login
        with self.reaching(login):
            self.own_tasks.remove_ended(login.caller, time.monotonic() + TASK_REMOVAL_TIMEOUT)
