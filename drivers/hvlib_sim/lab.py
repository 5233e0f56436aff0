"""Lab: a simulated site, as a server has it: its objects, its engine, and who is logged in.

The methods are for those who hold the lab in their own process, beside or without a driver: to look on, and to do what
a server's administrator could do (end sessions, lose the change log). The driver uses them as its wire.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import NAMESPACE_URL, uuid5

import msgspec

from hvlib.driver import Secret, SessionLost
from hvlib.errors import AuthenticationFailed, InvalidQuery
from hvlib_sim.engine import Engine
from hvlib_sim.generate import generate
from hvlib_sim.store import LOG_LENGTH, Store

__all__ = ["Lab", "Settings"]


class Settings(msgspec.Struct, frozen=True):
    """What a lab is made of.

    | vms, hosts: how many it has at first; seed: what else they are is drawn from it
    | task_time: seconds that an operation takes
    | password: what a login needs; "": nothing
    """

    vms: int = 20
    hosts: int = 4
    seed: int = 1
    task_time: float = 0.3
    password: str = ""


class Lab:
    """A lab, generated from its settings: the same ones make the same objects, in every process.

    ``uuid`` comes from the name and the seed. ``clock`` is what time is measured by, in seconds.
    """

    _named: dict[str, Lab] = {}
    _naming = threading.Lock()

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        name: str = "",
        clock: Callable[[], float] = time.monotonic,
        log_length: int = LOG_LENGTH,
    ) -> None:
        self.name = name
        self.settings = settings or Settings()
        self.uuid = str(uuid5(NAMESPACE_URL, f"sim://{name}?seed={self.settings.seed}"))
        self.generation = secrets.token_hex(4)
        """Tells this lab's change log from that of another one with its uuid."""
        self.store = Store(log_length)
        for one in generate(self.store.new_id, self.settings.vms, self.settings.hosts, self.settings.seed):
            self.store.put(one)
        self.engine = Engine(self.store, clock, self.settings.task_time)
        self.changed = threading.Condition(threading.RLock())
        """Notified at each change, and when a waiting feed has to look around."""
        self._sessions: set[str] = set()

    @classmethod
    def named(cls, name: str, **settings: int | float | str) -> Lab:
        """The lab that ``sim://NAME`` stands for in this process; made, with these settings, if there is none yet.

        Raises `InvalidQuery` if it was made with others.
        """
        with cls._naming:
            lab = cls._named.get(name.lower())
            if lab is None:
                made = msgspec.convert(settings, Settings)
                lab = cls._named[name.lower()] = cls(made, name=name.lower())
        for option, value in settings.items():
            if getattr(lab.settings, option) != value:
                raise InvalidQuery(f"sim://{name} exists already, with another {option}=")
        return lab

    @contextmanager
    def at_work(self) -> Iterator[Engine]:
        """The lab for oneself, brought up to its time; who waits for changes is told of them afterwards."""
        with self.changed:
            before = self.store.revision
            try:
                self.engine.advance()
                yield self.engine
            finally:
                if self.store.revision != before:
                    self.changed.notify_all()

    def advance(self) -> None:
        """Let everything happen that is due: after the clock of a test was set forward."""
        with self.at_work():
            pass

    def login(self, password: Secret | None) -> str:
        """A session's token. Raises `AuthenticationFailed`."""
        wanted, given = self.settings.password, password.reveal() if password else ""
        if wanted and not hmac.compare_digest(wanted.encode(), given.encode()):
            raise AuthenticationFailed("the lab does not accept this password")
        token = secrets.token_hex(16)
        with self.changed:
            self._sessions.add(token)
        return token

    def logout(self, token: str) -> None:
        """End a session, if there is one."""
        with self.changed:
            self._sessions.discard(token)

    def check(self, token: str | None) -> None:
        """Raise `SessionLost` if the token is of no session."""
        if token not in self._sessions:
            raise SessionLost("the lab does not know the session")

    @property
    def open_sessions(self) -> int:
        """How many sessions are logged in."""
        return len(self._sessions)

    def expire_sessions(self) -> None:
        """End all sessions: their next calls, and their feeds' waits, raise `SessionLost`."""
        with self.changed:
            self._sessions.clear()
            self.changed.notify_all()

    def forget_changes(self) -> None:
        """Lose the change log: every cursor given out so far is lost."""
        with self.at_work():
            self.store.forget_changes()
