"""Lab: a simulated server, with its objects, its engine and its sessions.

The methods are for code in the lab's own process, with or without a driver: to observe the lab (its requests, its
sessions), and to act as a server's administrator (end sessions, break connections, lose the change log). The driver
uses them in the place of a network.
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
"""Seconds without use after which a session ends: its process may have been killed."""

NOTED_SECONDS = 60.0
"""Seconds between two updates of a session's last use."""


class Lab:
    """A lab on a store. ``clock`` gives the time in seconds.

    The counters (``requests``, ``performed``) count the calls of this process only.
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
        """Notified at each change, and when waiting feeds have to check their sessions and connections."""
        self.requests: Counter[str] = Counter()
        """How often each call has reached the lab."""
        self.cuts = 0
        """How often all connections were broken."""
        self._cut_at: int | None = None

    @classmethod
    def named(cls, name: str, **settings: int | float | str) -> Lab:
        """The lab of ``sim://NAME`` in this process. It is made, with these settings, if it does not exist yet.

        Raises `ConfigError` if it was made with other settings.
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
        """Lock the lab for changes, and run the events that are due. Waiting feeds are notified at the end."""
        with self.changed:
            logged = self.engine.logged
            try:
                with self.store.writing():
                    self.engine.advance()
                    yield self.engine
            except BaseException:
                if self.store.transactional:
                    self.engine.unlog(logged)
                raise
            finally:
                self.changed.notify_all()

    @contextmanager
    def reading(self) -> Iterator[Store]:
        """The lab's objects as they are at one moment, after running the events that are due."""
        with self.changed:
            if self.engine.is_due():
                self.advance()
            with self.store.reading():
                yield self.store

    def advance(self) -> None:
        """Run the events that are due. For tests that have set the clock forward."""
        with self.at_work():
            pass

    def wait(self, seconds: float, seen: int) -> None:
        """Wait until `changed`, which the caller holds, is notified, or the store's version is no longer ``seen``."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if self.changed.wait(min(left, self.store.patience)) or self.store.version != seen:
                return

    @property
    def performed(self) -> Counter[str]:
        """How often each operation was requested, by name."""
        return self.engine.performed

    @contextmanager
    def request(self, call: str) -> Iterator[None]:
        """Count a call that has reached the lab; the ``with`` block is the lab's part of it.

        Raises `ConnectionFailed` if the reply is lost.
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
        """Begin a session, and return its token. Raises `AuthenticationFailed`."""
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
        """End the session of this token, if there is one."""
        with self.changed, self.store.writing():
            self.store.sessions.pop(token, None)

    def check(self, token: str | None) -> None:
        """Raise `SessionLost` if no session has this token. A session ends after half an hour without use."""
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
        """End all sessions: their next calls, and their waiting feeds, raise `SessionLost`."""
        with self.changed:
            with self.store.writing():
                self.store.sessions.clear()
            self.changed.notify_all()

    def cut_connections(self) -> None:
        """Break all connections: waiting feeds raise `ConnectionFailed`. New calls succeed."""
        with self.changed:
            self.cuts += 1
            self.changed.notify_all()

    def cut_after(self, requests: int | None) -> None:
        """Lose the reply to the request after so many ``requests``; it is carried out. None: lose no reply."""
        with self.changed:
            self._cut_at = None if requests is None else self.requests.total() + requests + 1

    def forget_changes(self) -> None:
        """Lose the change log: every cursor given out so far is lost."""
        with self.at_work():
            self.store.forget_changes()

    def close(self) -> None:
        """Release the lab. A lab in memory stays as it is."""

    def _is_open(self, token: str) -> bool:
        used = self.store.sessions.get(token)
        return used is not None and self.clock() - used <= IDLE_SECONDS
