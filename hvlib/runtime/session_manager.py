"""SessionManager: a driver's session, shared by threads. Every call to a driver goes through it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, Protocol, TypeVar

from hvlib.driver import (
    About,
    Adapter,
    Driver,
    Endpoint,
    Feed,
    Outcome,
    Session,
    SessionLost,
    WatchCursor,
)
from hvlib.model.actions import Action
from hvlib.model.binding import BoundProvider
from hvlib.model.errors import Unsupported
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource, TaskRecord
from hvlib.runtime.clock import Clock
from hvlib.runtime.deferred import DeferredFrees
from hvlib.runtime.kept_listings import KeptListings
from hvlib.runtime.listing import Fetched, Place
from hvlib.runtime.login import SESSIONS_PER_CALL, LoginAttempt, SharedLogin, dropped_sessions
from hvlib.runtime.requests import CallContext
from hvlib.runtime.retry import Retrier, RetryPolicy, action_repeatable, read_repeatable
from hvlib.runtime.sweep import SweepFeed
from hvlib.runtime.translation import closed_error, translate_errors

__all__ = ["SessionManager"]

OWN_INTERVAL = 1.0
"""The longest pause, in seconds, between two reads of watched tasks of this process."""

T = TypeVar("T")
R = TypeVar("R", bound=Resource)


class Waiter(Protocol):
    """A wait for the server, which must end when the provider is closed."""

    def abort(self) -> None: ...


class OwnTasks(Protocol):
    """The tasks that this process carries out. The server has no record of them."""

    def has(self, ref: Ref) -> bool: ...

    def adapter(self, session: Session) -> Any: ...


class SessionManager:
    """A session, with the parts that core adds: login, retry, error translation, closing."""

    def __init__(self, driver: Driver, endpoint: Endpoint, retry: RetryPolicy, clock: Clock | None = None) -> None:
        self.retry = retry
        self.clock = clock or Clock()
        self.context = CallContext(endpoint)
        self.session: Session = driver.open(endpoint, self.context)
        self.deferred = DeferredFrees()
        self.kept_listings = KeptListings(self.clock, self.deferred)
        self.own_tasks: OwnTasks | None = None
        self._retrier = Retrier(retry, self.clock)
        self._login = SharedLogin(self._log_in)
        self._waiters: weakref.WeakSet[Waiter] = weakref.WeakSet()
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._logged_out = threading.Event()
        self._thread = threading.local()
        # Also runs at interpreter exit, so that a session is logged out whatever happens.
        self._finalizer = weakref.finalize(self, self.session.close)

    @property
    def provider(self) -> BoundProvider:
        """The provider of this session."""
        provider = self.context.provider
        assert provider is not None
        return provider

    @property
    def closed(self) -> bool:
        """Whether the provider is closed. In a thread that is `finishing`: whether it is logged out."""
        return self._end.is_set()

    @property
    def _end(self) -> threading.Event:
        return self._logged_out if getattr(self._thread, "finishing", False) else self._closed

    def end_waits(self) -> None:
        """Let every call and wait raise `Closed`, also the ones under way. Does not affect threads in `finishing`."""
        self._closed.set()
        with self._lock:
            waiters = list(self._waiters)
        self._login.fail(closed_error(self.context.provider))
        self.kept_listings.clear()
        self.deferred.clear()
        for waiter in waiters:
            waiter.abort()

    def close(self) -> None:
        """`end_waits`, and log out. Idempotent."""
        try:
            self.end_waits()
        finally:
            self._logged_out.set()
            self._finalizer()

    @contextmanager
    def finishing(self) -> Iterator[None]:
        """A block in which this thread may make calls after `end_waits`, until `close`, to remove what it has made."""
        before = getattr(self._thread, "finishing", False)
        self._thread.finishing = True
        try:
            yield
        finally:
            self._thread.finishing = before

    def add_waiter(self, waiter: Waiter) -> None:
        """Register a waiter: `close` aborts it."""
        with self._lock:
            self._waiters.add(waiter)

    def remove_waiter(self, waiter: Waiter) -> None:
        """Forget a waiter whose wait is over."""
        with self._lock:
            self._waiters.discard(waiter)

    def release_deferred(self) -> None:
        """Make the deferred frees, also for the listings that were kept long enough."""
        self.kept_listings.drop_old()
        with self.translate_errors():
            self.deferred.release(until=lambda: self.closed)

    def about(self) -> About:
        """The server's own name, version and identity, which the login has read."""
        return self._read(lambda session: session.about())

    def native(self) -> Any:
        """The SDK's own connection, logged in."""
        return self._read(lambda session: session.native)

    def adapter(self, kind: type[R]) -> Adapter[R]:
        """The driver's adapter of a kind. Logs in. Raises `Unsupported` where the driver does not have the kind."""
        with self.translate_errors():
            self._logged_in()
            return _adapter(self.session, kind)

    def fetch(
        self,
        place: Place[R],
        *,
        sleep: Callable[[float], None] | None = None,
        check: Callable[[], None] = lambda: None,
    ) -> Fetched[R]:
        """Fetch the next page of a listing.

        ``sleep`` waits between two attempts, instead of `SessionManager.sleep`. ``check`` is called before each
        attempt. Both raise an error to end the attempts.
        """

        def read(session: Session) -> Fetched[R]:
            check()
            return place.run.fetch(session, place)

        return self._read(read, sleep)

    def lookup(self, query: Query[R], field: str, value: str) -> Sequence[R]:
        """The objects whose ``field`` is exactly ``value``."""
        return self._read(lambda session: session.adapters[query.kind].lookup(field, value, query))

    def get(self, query: Query[R], refs: Sequence[Ref]) -> Sequence[R]:
        """The objects of ``refs`` that exist. There may be as many refs as an adapter takes at a time."""
        return self._read(lambda session: session.adapters[query.kind].get(refs, query))

    def read(self, call: Callable[[], T]) -> T:
        """Make a call to the driver that changes nothing, and return its result."""
        return self._read(lambda _: call())

    def send(self, call: Callable[[], T], repeatable: Callable[[BaseException], bool]) -> T:
        """Make a call that changes something: again after errors that are ``repeatable``, and after a lost session."""
        return self._run(lambda _: call(), repeatable, self.sleep)[0]

    def forget(self, task: Ref) -> None:
        """Tell the driver that a task which was begun here has ended."""
        with self.translate_errors():
            self.session.forget(task)

    def submit(self, kind: type[Resource], ref: Ref | None, action: Action) -> Outcome:
        """Submit an action. It is sent again only if the server can't have acted on it."""
        call = partial(_submit, kind=kind, ref=ref, action=action)
        return self._run(call, action_repeatable, self.sleep)[0]

    def open_feed(
        self, queries: Sequence[Query[Any]], since: WatchCursor | None, *, repeat: bool
    ) -> tuple[Feed, LoginAttempt]:
        """Open a feed. Returns it with its login, which is to be passed to `lose` if the feed loses its session.

        With ``repeat`` the call is repeated like any read. A watch that opens a feed again does without: it repeats the
        call by itself, so that closing the watch ends the pauses.
        """
        call = partial(self._open_feed, queries=queries, since=since)
        return self._run(call, read_repeatable if repeat else _never, self.sleep)

    def lose(self, login: LoginAttempt) -> None:
        """Forget a login whose session is gone: the next call logs in."""
        self._login.lose(login)

    def check_open(self) -> None:
        """Raise `Closed` if the provider is closed."""
        if self.closed:
            raise closed_error(self.context.provider)

    def sleep(self, seconds: float) -> None:
        """Wait. Raises `Closed` as soon as the provider is closed."""
        if self.clock.wait(self._end, seconds):
            raise closed_error(self.context.provider)

    def translate_errors(self) -> AbstractContextManager[None]:
        """`hvlib.runtime.translation.translate_errors` of this provider."""
        return translate_errors(lambda: self.context.provider, lambda: self.closed)

    def _read(self, call: Callable[[Session], T], sleep: Callable[[float], None] | None = None) -> T:
        """Make a call that changes nothing. It is repeated as the policy allows."""
        return self._run(call, read_repeatable, sleep or self.sleep)[0]

    def _run(
        self,
        call: Callable[[Session], T],
        repeatable: Callable[[BaseException], bool],
        sleep: Callable[[float], None],
    ) -> tuple[T, LoginAttempt]:
        """Make a call, again in a new login if the session is lost. Returns the result, and the login of the call."""
        with self.translate_errors():
            for attempt in range(1, SESSIONS_PER_CALL + 1):
                login = self._logged_in()
                self.release_deferred()
                try:
                    return self._retrier.run(partial(call, self.session), repeatable, sleep), login
                except SessionLost as error:
                    self.lose(login)
                    if attempt == SESSIONS_PER_CALL:
                        raise dropped_sessions(error) from error
        raise AssertionError("unreachable")

    def _open_feed(self, session: Session, queries: Sequence[Query[Any]], since: WatchCursor | None) -> Feed:
        own = self.own_tasks
        if own is not None and any(own.has(ref) for query in queries for ref in query.refs or ()):
            return SweepFeed({**session.adapters, TaskRecord: own.adapter(session)}, queries, since, OWN_INTERVAL)
        return session.feed(queries, since) or SweepFeed(session.adapters, queries, since, session.poll_interval)

    def _logged_in(self) -> LoginAttempt:
        self.check_open()
        return self._login.ensure()

    def _log_in(self) -> None:
        """Log in, with the retries of the provider's policy, whatever the retries of the call that needs the login."""
        self._begin_session()
        if self.closed:  # Closed during the login: the session that it opened must be closed too.
            self.session.close()
            raise closed_error(self.context.provider)

    def _begin_session(self) -> None:
        """Log in, and again if a restart of the server ends the session in mid-login: the password was accepted."""
        for attempt in range(1, SESSIONS_PER_CALL + 1):
            try:
                self._retrier.run(self.session.login, read_repeatable, self.sleep)
                self.context.provider_uuid = self.session.about().uuid
                return
            except SessionLost as error:
                if attempt == SESSIONS_PER_CALL:
                    raise dropped_sessions(error) from error


def _submit(session: Session, kind: type[Resource], ref: Ref | None, action: Action) -> Outcome:
    return session.adapters[kind].submit(ref, action)


def _never(_error: BaseException) -> bool:
    return False


def _adapter(session: Session, kind: type[R]) -> Adapter[R]:
    adapter = session.adapters.get(kind)
    if adapter is None:
        known = " ".join(sorted(known.kind for known in session.adapters))
        raise Unsupported(f"this server's driver has no {kind.kind}", hint=f"kinds: {known}")
    return adapter
