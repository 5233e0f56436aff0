"""Connection: one login to one server, shared by threads; every call to a driver passes here."""

from __future__ import annotations

import threading
import weakref
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from hvlib.driver import Adapter, Driver, Endpoint, Feed, PageToken, Session, SessionLost, WatchCursor
from hvlib.errors import AuthenticationFailed, Closed, ConnectionFailed, HvlibError, ProtocolError, Unsupported
from hvlib.query import Query
from hvlib.ref import Ref
from hvlib.resources import Resource
from hvlib.retry import RetryPolicy, action_repeatable, read_repeatable

if TYPE_CHECKING:
    from hvlib.provider import Provider

__all__ = ["CallContext", "Connection", "Login", "Requests", "Unexpected"]

T = TypeVar("T")
R = TypeVar("R", bound=Resource)

LOGINS = 2
"""How often a login begins before what it meets is taken for a refusal."""

SESSIONS_PER_CALL = 3
"""A call that loses its session this often in a row has lost it for good."""


class Unexpected(ProtocolError):
    """A driver raised what is none of hvlib's errors: a fault of the driver."""


class Requests:
    """Round trips counted by ``provider.count_requests()``: ``total``, and ``calls`` by the server's name for each."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()

    @property
    def total(self) -> int:
        """All of them."""
        return self.calls.total()

    def __repr__(self) -> str:
        each = " ".join(f"{call}={times}" for call, times in self.calls.items())
        return f"<Requests {self.total}: {each}>"


class CallContext:
    """`hvlib.driver.Context`: what core lends a session."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.provider_uuid = ""
        self._timeout = endpoint.timeout
        self._counters: tuple[Requests, ...] = ()
        self._lock = threading.RLock()  # Reentrant: a finalizer may count a call while another is being counted.
        self._provider: Callable[[], Provider | None] = lambda: None

    def bind(self, provider: Provider) -> None:
        """Refs are bound to this provider from now on. Held weakly: a forgotten provider must end."""
        self._provider = weakref.ref(provider)

    def sent(self, call: str) -> None:
        """`hvlib.driver.Context.sent`."""
        with self._lock:
            for counter in self._counters:
                counter.calls[call] += 1

    def timeout(self) -> float:
        """`hvlib.driver.Context.timeout`."""
        return self._timeout

    def ref(self, kind: type[Resource], id: str) -> Ref:
        """`hvlib.driver.Context.ref`."""
        return Ref(self.provider_uuid, kind.kind, id, self._provider())

    @contextmanager
    def counting(self) -> Iterator[Requests]:
        """Count the round trips made until the end of the block, by all threads."""
        counter = Requests()
        with self._lock:
            self._counters += (counter,)
        try:
            yield counter
        finally:
            with self._lock:
                self._counters = tuple(other for other in self._counters if other is not counter)


class Waiter(Protocol):
    """Something that waits for the server and must end when the connection does."""

    def abort(self) -> None: ...


class Login(Future[None]):
    """One login, waited for by every thread that needs it. Until it is lost, it stands for the session."""

    def settle(self, error: Exception | None) -> None:
        """Tell its outcome to all who wait, unless they know it."""
        with suppress(InvalidStateError):
            if error is None:
                self.set_result(None)
            else:
                self.set_exception(error)


class Connection:
    """A driver's session with what core adds: login, retry, error context, closing."""

    def __init__(self, driver: Driver, endpoint: Endpoint, retry: RetryPolicy) -> None:
        self.retry = retry
        self.context = CallContext(endpoint)
        self.session: Session = driver.open(endpoint, self.context)
        self.abandoned: deque[Callable[[], None]] = deque()
        """What frees things that the server holds and nobody uses any more. Finalizers only append: they may run at any
        moment, even inside of a lock, so what they leave is freed with the next call."""
        self._waiters: weakref.WeakSet[Waiter] = weakref.WeakSet()
        self._provider: Callable[[], Provider | None] = lambda: None
        self._lock = threading.RLock()
        self._login: Login | None = None
        self._closed = threading.Event()
        # Also runs at interpreter exit, so that a session is logged out whatever happens.
        self._finalizer = weakref.finalize(self, self.session.close)

    def bind(self, provider: Provider) -> None:
        """What errors and refs name as their provider."""
        self._provider = weakref.ref(provider)
        self.context.bind(provider)

    @property
    def provider(self) -> Provider:
        """The provider that stands on this connection."""
        provider = self._provider()
        assert provider is not None
        return provider

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed.is_set()

    def close(self) -> None:
        """Log out; every wait and call under way, in any thread, raises `Closed`. Idempotent."""
        self._closed.set()
        try:
            with self._lock:
                waiters, login = list(self._waiters), self._login
            if login is not None:
                login.settle(self._closed_error())
            for waiter in waiters:
                waiter.abort()
        finally:
            self._finalizer()

    def enlist(self, waiter: Waiter) -> None:
        """`close` ends this waiter."""
        with self._lock:
            self._waiters.add(waiter)

    def dismiss(self, waiter: Waiter) -> None:
        """It waits no more."""
        with self._lock:
            self._waiters.discard(waiter)

    def abandon(self, kind: type[Resource], token: PageToken) -> None:
        """Leave what the server holds for a listing to be freed. Safe in a finalizer: it sends nothing itself."""
        session = self.session
        self.abandoned.append(lambda: session.adapters[kind].release(token))

    def free_abandoned(self) -> None:
        """Free what was left to be freed: without login or retry. What can't be freed now goes with the session."""
        while self.abandoned and not self.closed:
            with suppress(HvlibError, IndexError):
                self.abandoned.popleft()()

    def adapter(self, kind: type[R]) -> Adapter[R]:
        """What the driver has for a kind. Logs in. Raises `Unsupported` if it has nothing."""
        return self.read(lambda session: _adapter(session, kind))

    def read(self, call: Callable[[Session], T], *, sleep: Callable[[float], None] | None = None) -> T:
        """The result of a call that changes nothing: repeated as the policy says.

        ``sleep`` waits between two attempts, instead of `sleep`; raises to give up.
        """
        return self._run(call, self.retry, read_repeatable, sleep or self.sleep)[0]

    def act(self, call: Callable[[Session], T]) -> T:
        """The result of a call that changes something: repeated only when the server can't have acted on it."""
        return self._run(call, self.retry, action_repeatable, self.sleep)[0]

    def open_feed(
        self, queries: Sequence[Query[Any]], since: WatchCursor | None, retry: RetryPolicy
    ) -> tuple[Feed, Login]:
        """A feed, and the login that it lives with: hand that to `lost` if the feed loses its session."""
        return self._run(lambda session: session.feed(queries, since), retry, read_repeatable, self.sleep)

    def lost(self, login: Login) -> None:
        """A session turned out to be gone: the next call logs in."""
        with self._lock:
            if self._login is login:
                self._login = None

    def check_open(self) -> None:
        """Raises `Closed` if the connection is closed."""
        if self.closed:
            raise self._closed_error()

    def sleep(self, seconds: float) -> None:
        """Wait; raises `Closed` as soon as the connection is closed."""
        if self._closed.wait(seconds):
            raise self._closed_error()

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Errors from a driver as callers see them: hvlib's own, saying which provider; `Closed` once it is closed."""
        try:
            yield
        except HvlibError as error:
            if self.closed and not isinstance(error, Closed):
                raise self._closed_error() from error
            error.provider = error.provider or self._provider()
            raise
        except Exception as error:
            if self.closed:
                raise self._closed_error() from error
            wrapped = Unexpected(f"unexpected {type(error).__name__} in the driver: {error}")
            wrapped.provider = self._provider()
            raise wrapped from error

    def _run(
        self,
        call: Callable[[Session], T],
        policy: RetryPolicy,
        repeatable: Callable[[BaseException], bool],
        sleep: Callable[[float], None],
    ) -> tuple[T, Login]:
        """The call's result, and the login that it was made in."""
        with self.reported():
            for attempt in range(1, SESSIONS_PER_CALL + 1):
                login = self._logged_in()
                self.free_abandoned()
                try:
                    return policy.retrying(repeatable, sleep)(call, self.session), login
                except SessionLost as error:
                    self.lost(login)
                    if attempt == SESSIONS_PER_CALL:
                        raise AuthenticationFailed("the server drops each session right after the login") from error
        raise AssertionError("unreachable")

    def _logged_in(self) -> Login:
        """The login that stands; made by one thread while the others wait for it and share its outcome.

        It is repeated as the provider's policy says, whatever the policy of the call that happens to make it.
        """
        self.check_open()
        with self._lock:
            login = self._login
            mine = login is None
            if login is None:
                login = self._login = Login()
        if mine:
            self._log_in(login)
        login.result()
        return login

    def _log_in(self, login: Login) -> None:
        try:
            self._begin_session()
            self.context.provider_uuid = self.session.about().uuid
            if self.closed:  # Closed during the login: what it opened must go too.
                self.session.close()
                raise self._closed_error()
        except BaseException as error:
            self.lost(login)
            login.settle(error if isinstance(error, Exception) else ConnectionFailed("the login was interrupted"))
            raise
        login.settle(None)

    def _begin_session(self) -> None:
        """Where a server says the same of a lost session and of a wrong password, a login tells which it is.

        The new session may be lost in the middle of it, to a server that restarts: that is no wrong password either.
        """
        for attempt in range(1, LOGINS + 1):
            try:
                self.retry.retrying(read_repeatable, self.sleep)(self.session.login)
                return
            except SessionLost as error:
                if attempt == LOGINS:
                    raise AuthenticationFailed(f"the server rejects the login: {error}", native=error.native) from error

    def _closed_error(self) -> Closed:
        error = Closed("the provider was closed")
        error.provider = self._provider()
        return error


def _adapter(session: Session, kind: type[R]) -> Adapter[R]:
    adapter = session.adapters.get(kind)
    if adapter is None:
        known = " ".join(sorted(known.kind for known in session.adapters))
        raise Unsupported(f"this server's driver has no {kind.kind}", hint=f"kinds: {known}")
    return adapter
