"""Lab: a simulated site, as a server has it: its objects, its engine, and who is logged in.

The methods are for those who hold the lab in their own process, beside or without a driver: to look on (what was asked
of it, who is logged in), and to do what a server's administrator could do (end sessions, break connections, lose the
change log). The driver uses them as its wire.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import msgspec

from hvlib.driver import Secret, SessionLost
from hvlib.model.errors import AuthenticationFailed, ConnectionFailed, HvlibError
from hvlib_sim.lab import lifecycle  # noqa: F401 -- tasks name its operations
from hvlib_sim.lab.engine import Engine
from hvlib_sim.lab.memory_store import MemoryStore
from hvlib_sim.lab.settings import Settings
from hvlib_sim.lab.store import Store

__all__ = ["Lab"]

IDLE_SECONDS = 1800.0
"""Seconds after which a session that is not used has ended: its process may have been killed."""

NOTED_SECONDS = 60.0
"""Seconds within which a session is noted to be used only once."""


class Lab:
    """A lab on a store. ``clock`` is what time is measured by, in seconds.

    What it counts (``requests``, ``performed``) is what came from this process.
    """

    _named: dict[str, Lab] = {}
    _naming = threading.Lock()

    def __init__(self, store: Store, *, name: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self.store = store
        self.settings = store.settings
        self.uuid = store.uuid
        self.clock = clock
        self.engine = Engine(store, clock)
        self.changed = threading.Condition(threading.RLock())
        """Notified at each change, and when a waiting feed has to look around."""
        self.requests: Counter[str] = Counter()
        """How often each call has reached the lab."""
        self.cuts = 0
        """How often all connections were broken."""
        self._cut_at: int | None = None

    @classmethod
    def named(cls, name: str, **settings: int | float | str) -> Lab:
        """The lab that ``sim://NAME`` stands for in this process; made, with these settings, if there is none yet.

        Raises `ConfigError` if it was made with others.
        """
        name = name.lower()
        with cls._naming:
            lab = cls._named.get(name)
            if lab is None:
                store = MemoryStore(msgspec.convert(settings, Settings), name=name)
                lab = cls._named[name] = cls(store, name=name)
        lab.settings.check(f"sim://{name}", settings)
        return lab

    @contextmanager
    def at_work(self) -> Iterator[Engine]:
        """The lab for oneself, brought up to its time; who waits for changes is told of them afterwards."""
        with self.changed:
            try:
                with self.store.writing():
                    self.engine.advance()
                    yield self.engine
            finally:
                self.changed.notify_all()

    @contextmanager
    def reading(self) -> Iterator[Store]:
        """The lab's objects as they are at one moment, brought up to its time."""
        with self.changed:
            if self.engine.is_due():
                self.advance()
            with self.store.reading():
                yield self.store

    def advance(self) -> None:
        """Let everything happen that is due: after the clock of a test was set forward."""
        with self.at_work():
            pass

    def wait(self, seconds: float, seen: int) -> None:
        """Wait, `changed` being held, until it is notified or the store's version is not the ``seen`` one any more."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if self.changed.wait(min(left, self.store.patience)) or self.store.version != seen:
                return

    @property
    def performed(self) -> Counter[str]:
        """How often the lab was made to begin each operation, by name."""
        return self.engine.performed

    @contextmanager
    def request(self, call: str) -> Iterator[None]:
        """A call that has reached the lab: the block is what the lab does. Raises `ConnectionFailed` where the reply
        is lost.
        """
        with self.changed:
            self.requests[call] += 1
            lost = self.requests.total() == self._cut_at
        if not lost:
            yield
            return
        with suppress(HvlibError):  # An error is a reply too.
            yield
        raise ConnectionFailed("the connection broke before the reply")

    def login(self, password: Secret | None) -> str:
        """A session's token. Raises `AuthenticationFailed`."""
        wanted, given = self.settings.password, password.reveal() if password else ""
        if wanted and not hmac.compare_digest(wanted.encode(), given.encode()):
            raise AuthenticationFailed("the lab does not accept this password")
        token = secrets.token_hex(16)
        with self.changed, self.store.writing():
            for idle in [each for each in self.store.sessions if not self._is_open(each)]:
                del self.store.sessions[idle]
            self.store.sessions[token] = self.clock()
        return token

    def logout(self, token: str) -> None:
        """End a session, if there is one."""
        with self.changed, self.store.writing():
            self.store.sessions.pop(token, None)

    def check(self, token: str | None) -> None:
        """Raise `SessionLost` if the token is of no session. One that was not used for half an hour has ended."""
        with self.changed:
            sessions, now = self.store.sessions, self.clock()
            used = sessions.get(token or "")
            if token is None or used is None or now - used > IDLE_SECONDS:
                raise SessionLost("the lab does not know the session")
            if now - used > NOTED_SECONDS:
                with self.store.writing():
                    if token in sessions:  # Another process may have ended it meanwhile.
                        sessions[token] = now

    @property
    def open_sessions(self) -> int:
        """How many sessions are logged in."""
        with self.changed:
            return sum(self._is_open(token) for token in self.store.sessions)

    def expire_sessions(self) -> None:
        """End all sessions: their next calls, and their feeds' waits, raise `SessionLost`."""
        with self.changed:
            with self.store.writing():
                self.store.sessions.clear()
            self.changed.notify_all()

    def cut_connections(self) -> None:
        """Break all connections: the waits of feeds raise `ConnectionFailed`. New calls go well."""
        with self.changed:
            self.cuts += 1
            self.changed.notify_all()

    def cut_after(self, requests: int | None) -> None:
        """Let so many more requests pass, and lose the reply to the next one: it is carried out. None: lose none."""
        with self.changed:
            self._cut_at = None if requests is None else self.requests.total() + requests + 1

    def forget_changes(self) -> None:
        """Lose the change log: every cursor given out so far is lost."""
        with self.at_work():
            self.store.forget_changes()

    def close(self) -> None:
        """Use it no more. What is in memory stays."""

    def _is_open(self, token: str) -> bool:
        used = self.store.sessions.get(token)
        return used is not None and self.clock() - used <= IDLE_SECONDS
