"""Retry: how often, how long, and what may be sent again.

Reads are repeated after a lost connection, 429 and 503, not after a time-out. An action is repeated only when the
server cannot have acted on it: the request did not reach it, or it answered 429. (A rejected session is no retry: core
logs in and calls again.)
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from hvlib.driver import NotSent
from hvlib.errors import ConnectionFailed, ConnectionTimeout, HvlibError, RateLimited

if TYPE_CHECKING:
    from tenacity import RetryCallState, Retrying

__all__ = ["RetryPolicy", "action_repeatable", "exponential", "read_repeatable"]


def exponential(attempt: int, _error: HvlibError) -> float:
    """0.2 s, doubled with each attempt up to 10 s, each shortened at random by up to half."""
    return min(0.2 * 2.0 ** (attempt - 1), 10.0) * random.uniform(0.5, 1.0)


class RetryPolicy(msgspec.Struct, frozen=True):
    """How failed calls are repeated.

    | max_retries: repetitions of one call, at most
    | backoff: seconds to wait before repetition ``attempt`` (from 1) after ``error``; a Retry-After goes before it
    | max_elapsed: seconds after which a call is not repeated any more
    | max_outage: seconds that a watch keeps trying to reach its server again
    """

    max_retries: int = 4
    backoff: Callable[[int, HvlibError], float] = exponential
    max_elapsed: float = 60.0
    max_outage: float = 900.0

    def delay(self, attempt: int, error: HvlibError) -> float:
        """Seconds to wait before repetition ``attempt``: what the server asks for, else the backoff."""
        asked: float | None = getattr(error, "retry_after", None)
        return self.backoff(attempt, error) if asked is None else asked

    def retrying(self, repeatable: Callable[[BaseException], bool], sleep: Callable[[float], None]) -> Retrying:
        """What runs a call under this policy; ``sleep`` waits, and raises to give up."""
        import tenacity

        def wait(state: RetryCallState) -> float:
            error = state.outcome and state.outcome.exception()
            assert isinstance(error, HvlibError)
            return self.delay(state.attempt_number, error)

        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(repeatable),
            stop=tenacity.stop_after_attempt(self.max_retries + 1) | tenacity.stop_before_delay(self.max_elapsed),
            wait=wait,
            sleep=sleep,
            reraise=True,
        )


def read_repeatable(error: BaseException) -> bool:
    """Whether a call that only reads may be repeated after this error. Not after a time-out: that was wait enough."""
    return isinstance(error, (ConnectionFailed, RateLimited)) and not isinstance(error, ConnectionTimeout)


def action_repeatable(error: BaseException) -> bool:
    """Whether an action may be repeated after this error: the server can't have acted on it."""
    return isinstance(error, (NotSent, RateLimited))
