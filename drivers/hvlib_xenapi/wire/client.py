"""The client: sends one call in the login that stands."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from hvlib.driver import Context, Endpoint, NotSent, SessionLost
from hvlib.driver.login_slot import LoginSlot
from hvlib.model.errors import ConnectionFailed, ConnectionTimeout, HvlibError
from hvlib_xenapi.login import Caller, Login
from hvlib_xenapi.own_tasks import OwnTasks
from hvlib_xenapi.wire.authentication import LOGOUT_TIMEOUT, Authenticator
from hvlib_xenapi.wire.connections import Connections

__all__ = ["Client"]

TASK_REMOVAL_TIMEOUT = 2.0
"""Seconds that removing tasks which are over may keep an action."""


class Client:
    """Calls to the master of a XenServer or XCP-ng pool, in the login that stands. Shared by threads.

    | own_tasks: the tasks that were begun through this client
    """

    def __init__(self, endpoint: Endpoint, context: Context) -> None:
        self.context = context
        self.own_tasks = OwnTasks()
        self._slot: LoginSlot[Login] = LoginSlot()
        self._connections = Connections()
        self._authenticator = Authenticator(endpoint, context, self._connections)
        self._logging_in = threading.RLock()

    @property
    def login(self) -> Login:
        """The login that stands. Raises `SessionLost` if there is none, `Closed` after `close`."""
        login = self._slot.current
        if login.doubtful:
            raise SessionLost("the master has not answered in time: it may be another one now")
        return login

    @property
    def latest_login(self) -> Login | None:
        """The login that was made last, whatever became of it. None while there is none."""
        return self._slot.latest

    def call(self, name: str, *parameters: Any, result: Any = Any, wait: float = 0.0) -> Any:
        """Send one message in the login that stands; its result is as the wire has it.

        ``wait``: seconds that the server itself may take.
        """
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

    def log_in(self) -> None:
        """Log in, an earlier login being logged out. Raises what `Authenticator.log_in` does, and `ConfigError`."""
        self._authenticator.check()
        with self._logging_in:
            self._log_out()
            self._slot.put(self._authenticator.log_in())
            if self._slot.closed:
                self._log_out()

    def renew(self, lost: Login | None) -> None:
        """Log in, unless another thread has done so since ``lost`` was the latest login. Raises what `log_in` does."""
        with self._logging_in:
            self._slot.check_open()
            if self._slot.latest is lost:
                self.log_in()

    def remove_ended_tasks(self) -> None:
        """task.destroy of the tasks begun here that were seen to be over. Raises `SessionLost`, `NotSent`."""
        self._remove_tasks(self.login, time.monotonic() + TASK_REMOVAL_TIMEOUT)

    def close(self) -> None:
        """session.logout; every call under way ends. Takes `LOGOUT_TIMEOUT` seconds at most."""
        self._slot.close()
        self._authenticator.cancel()
        self._connections.cut()
        self._log_out()
        self._connections.close()

    def _log_out(self) -> None:
        """Log out, if that still means anything to the server."""
        login = self._slot.take()
        if login is not None:
            until = time.monotonic() + LOGOUT_TIMEOUT
            with suppress(HvlibError):
                self._remove_tasks(login, until)
            login.caller.log_out(max(until - time.monotonic(), LOGOUT_TIMEOUT / 4))

    def _remove_tasks(self, login: Login, until: float) -> None:
        """task.destroy of tasks that are over, until a moment on the monotonic clock. Ends with the first lost call.

        Raises `SessionLost`, `NotSent`; a call that fails otherwise leaves the tasks to the next time.
        """
        with self.reaching(login):
            while (limit := until - time.monotonic()) > 0 and (task := self.own_tasks.take()) is not None:
                try:
                    login.caller.call("task.destroy", [task], limit=limit)
                except (SessionLost, NotSent):
                    self.own_tasks.put_back(task)
                    raise
                except ConnectionFailed:  # So little time is no reason to doubt the master: the action's call tells.
                    self.own_tasks.put_back(task)
                    return
                except HvlibError:
                    pass  # It is gone.
                self.own_tasks.forget(task)
