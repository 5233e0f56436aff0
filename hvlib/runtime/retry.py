"""Retry: how often, how long, and which calls may be sent again.

Reads are repeated after a lost connection, 429 and 503, but not after a time-out. An action is repeated only if the
server cannot have acted on it: the request did not reach the server, or the server answered 429. (A rejected session
does not count as a retry: core logs in and calls again.)
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from hvlib.driver import NotSent
from hvlib.model.arguments import seconds
from hvlib.model.errors import ConfigError, ConnectionFailed, ConnectionTimeout, HvlibError, RateLimited
from hvlib.runtime.clock import Clock

if TYPE_CHECKING:
    from tenacity import RetryCallState, Retrying

__all__ = ["Retrier", "RetryPolicy", "action_repeatable", "exponential", "read_repeatable"]

T = TypeVar("T")


def exponential(attempt: int, _error: HvlibError) -> float:
    """The pause in seconds: 0.2, doubled with each attempt up to 10, each shortened at random by up to half."""
    return min(0.2 * 2.0 ** (attempt - 1), 10.0) * random.uniform(0.5, 1.0)


class RetryPolicy(msgspec.Struct, frozen=True):
    """How failed calls are repeated.

    | max_retries: how often one call is repeated, at most
    | backoff: a function of ``attempt`` (from 1) and ``error``, which returns the seconds to wait before this
      repetition; a Retry-After of the server takes precedence
    | max_elapsed: seconds after which a call is not repeated any more
    | max_outage: seconds for which a watch keeps trying to reach its server again
    """

    max_retries: int = 4
    backoff: Callable[[int, HvlibError], float] = exponential
    max_elapsed: float = 60.0
    max_outage: float = 900.0

    def __post_init__(self) -> None:
        whole = isinstance(self.max_retries, int) and not isinstance(self.max_retries, bool)
        if not whole or self.max_retries < 0:
            raise ConfigError(f"max_retries must be a whole number, 0 or more, not {self.max_retries!r}")
        if not callable(self.backoff):
            raise ConfigError(f"backoff must be a function of attempt and error, not {self.backoff!r}")
        for name in ("max_elapsed", "max_outage"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value >= 0:
                raise ConfigError(f"{name} must be a number of seconds, 0 or more, not {value!r}")

    def delay(self, attempt: int, error: HvlibError) -> float:
        """Seconds to wait before repetition ``attempt``: the server's Retry-After, else the backoff.

        Raises `ConfigError` if the backoff raises an error, or returns anything but a number of seconds.
        """
        retry_after: float | None = getattr(error, "retry_after", None)
        if retry_after is not None:
            return retry_after
        try:
            return seconds("the backoff", self.backoff(attempt, error))
        except Exception as mistake:
            raise ConfigError(f"the backoff of the RetryPolicy failed: {type(mistake).__name__} {mistake}") from mistake


class Call:
    """One call that may be repeated. ``sleep`` waits between two attempts; it raises to end them."""

    __slots__ = ("_run", "began", "repeatable", "sleep")

    def __init__(
        self,
        run: Callable[[], Any],
        repeatable: Callable[[BaseException], bool],
        sleep: Callable[[float], None],
        began: float,
    ) -> None:
        self._run = run
        self.repeatable = repeatable
        self.sleep = sleep
        self.began = began

    def __call__(self) -> Any:
        return self._run()


class Retrier:
    """Repeats calls under one policy, by one clock: one tenacity object for all of them."""

    def __init__(self, policy: RetryPolicy, clock: Clock) -> None:
        self._policy = policy
        self._clock = clock
        self._thread = threading.local()

    def run(
        self, run: Callable[[], T], repeatable: Callable[[BaseException], bool], sleep: Callable[[float], None]
    ) -> T:
        """The result of ``run``, called again after each error that is ``repeatable``, as the policy says."""
        call = Call(run, repeatable, sleep, self._clock.now())
        if getattr(self._thread, "calling", False):
            # A backoff or callback uses the provider inside a call. A tenacity object holds one iteration per thread.
            return cast(T, self._retrying.copy()(call))
        self._thread.calling = True
        try:
            return cast(T, self._retrying(call))
        finally:
            self._thread.calling = False

    @cached_property
    def _retrying(self) -> Retrying:
        import tenacity

        return tenacity.Retrying(
            retry=_is_repeatable,
            wait=self._delay,
            stop=self._is_over,
            before_sleep=_sleep,
            sleep=_slept_already,
            reraise=True,
        )

    def _delay(self, state: RetryCallState) -> float:
        if state.attempt_number > self._policy.max_retries:
            return 0.0  # No repetition follows, so the backoff is not called.
        return self._policy.delay(state.attempt_number, cast(HvlibError, _error(state)))

    def _is_over(self, state: RetryCallState) -> bool:
        elapsed = self._clock.now() - _call(state).began
        late = elapsed + state.upcoming_sleep >= self._policy.max_elapsed
        return late or state.attempt_number > self._policy.max_retries


def _call(state: RetryCallState) -> Call:
    return cast(Call, state.fn)


def _error(state: RetryCallState) -> BaseException | None:
    return None if state.outcome is None else state.outcome.exception()


def _is_repeatable(state: RetryCallState) -> bool:
    error = _error(state)
    return error is not None and _call(state).repeatable(error)


def _sleep(state: RetryCallState) -> None:
    _call(state).sleep(state.upcoming_sleep)


def _slept_already(_seconds: float) -> None:
    """Do nothing: `_sleep` has slept. Each call has its own sleep, and only ``before_sleep`` gets the call."""


def read_repeatable(error: BaseException) -> bool:
    """Whether a call that only reads may be repeated after this error. Not after a time-out: it has waited enough."""
    return isinstance(error, (ConnectionFailed, RateLimited)) and not isinstance(error, ConnectionTimeout)


def action_repeatable(error: BaseException) -> bool:
    """Whether an action may be repeated after this error: the server can't have acted on it."""
    return isinstance(error, (NotSent, RateLimited))
