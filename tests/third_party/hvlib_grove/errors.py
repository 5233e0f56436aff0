"""What Grove's refusals, HTTP answers and broken connections are as errors of hvlib."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from urllib3 import BaseHTTPResponse
from urllib3 import exceptions as native

from hvlib import errors
from hvlib.driver import NotSent, SessionLost, Unavailable
from hvlib.errors import ConnectionFailed, ConnectionTimeout, HvlibError, ProtocolError, RateLimited
from hvlib.resources import Failure

__all__ = ["connection_errors", "failure", "read_reply", "understood"]

CODES: Mapping[str, type[HvlibError]] = {
    "no_session": SessionLost,
    "bad_credentials": errors.AuthenticationFailed,
    "forbidden": errors.PermissionDenied,
    "not_found": errors.NotFound,
    "wrong_state": errors.InvalidState,
    "busy": errors.Conflict,
    "bad_request": errors.InvalidQuery,
    "bad_page": errors.CursorLost,
}
"""The error of each code. A code that is not here is a `TaskFailed`: the server refused, and no class says more."""

STATUSES: Mapping[int, type[HvlibError]] = {401: SessionLost, 403: errors.PermissionDenied}
"""What an HTTP status says without a code: anything on the way may have answered."""


def read_reply(response: BaseHTTPResponse) -> Any:
    """What a reply holds. Raises what it refuses, and `ProtocolError` if it can't be understood."""
    try:
        reply = json.loads(response.data)
    except ValueError:
        reply = None
    if response.status in (200, 201, 202) and isinstance(reply, dict):
        return reply
    raise _refusal(response, reply.get("error") if isinstance(reply, dict) else None)


def failure(error: Mapping[str, str] | None) -> Failure | None:
    """Why a task failed: the same classes that the refusal of a request is."""
    if error is None:
        return None
    return Failure(CODES.get(error["code"], errors.TaskFailed).__name__, error["message"], error)


@contextmanager
def understood() -> Iterator[None]:
    """Raise `ProtocolError` where a reply does not hold what it must."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ProtocolError(f"the reply can't be understood: {type(error).__name__} {error}") from error


@contextmanager
def connection_errors(server: str) -> Iterator[None]:
    """Raise what goes wrong on the way to ``server`` and back as errors of hvlib."""
    try:
        yield
    except native.NewConnectionError as error:
        raise NotSent(f"{server} can't be reached: {error.__cause__}", hint="is the address right?") from error
    except (native.TimeoutError, TimeoutError) as error:
        raise ConnectionTimeout(f"{server} did not answer in time") from error
    except (native.HTTPError, OSError) as error:
        if any(isinstance(part, TimeoutError) for part in error.args):  # While it was sent.
            raise ConnectionTimeout(f"{server} did not answer in time") from error
        raise ConnectionFailed(f"the connection to {server} broke: {error}") from error


def _refusal(response: BaseHTTPResponse, error: Any) -> HvlibError:
    status, request_id = response.status, response.headers.get("X-Request-Id")
    message = f"the server answered HTTP {status} {response.reason or ''}".rstrip()
    pause = _retry_after(response.headers.get("Retry-After"))
    if status == 429:
        return RateLimited(message, retry_after=pause, request_id=request_id)
    if status in (502, 503, 504):
        return Unavailable(message, retry_after=pause)
    if isinstance(error, dict) and "code" in error:
        refusal = CODES.get(error["code"], errors.TaskFailed)
        return refusal(str(error.get("message")), native=error, request_id=request_id)
    return STATUSES.get(status, ProtocolError)(message, hint="is this the address of a Grove server?")


def _retry_after(value: str | None) -> float | None:
    """Seconds, from a number of them or a date; None if it is neither."""
    if value is None:
        return None
    if value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)
