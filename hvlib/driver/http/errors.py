"""Turns HTTP statuses and connection failures into hvlib's errors."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import urllib3
from urllib3 import exceptions as native

from hvlib.driver.failures import NotSent, Unavailable
from hvlib.model.errors import ConfigError, ConnectionFailed, ConnectionTimeout, HvlibError, ProtocolError, RateLimited

__all__ = ["connection_error", "connection_errors", "status_error"]


def status_error(
    response: urllib3.BaseHTTPResponse, statuses: Mapping[int, type[HvlibError]], hint: str | None = None
) -> HvlibError:
    """The error for an HTTP status that is not one of the API's own answers.

    429 is `RateLimited` and 502 to 504 are `Unavailable`, with the seconds of the header Retry-After. ``statuses`` has
    the errors of other statuses; any status that is not in it is a `ProtocolError` with ``hint``.
    """
    status = response.status
    message = f"the server answered HTTP {status} {response.reason or ''}".rstrip()
    pause = _retry_after(response.headers)
    if status == 429:
        return RateLimited(message, retry_after=pause)
    if status in (502, 503, 504):
        return Unavailable(message, retry_after=pause)
    if status in statuses:
        return statuses[status](message)
    return ProtocolError(message, hint=hint)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that Retry-After asks for: a number, or a date by the server's clock; None if it is neither."""
    value = headers.get("Retry-After", "")
    if value.strip().isdigit():
        return float(value)
    moment = _moment(value)
    if moment is None:
        return None
    return max((moment - (_moment(headers.get("Date", "")) or datetime.now(UTC))).total_seconds(), 0.0)


def _moment(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@contextmanager
def connection_errors(server: str) -> Iterator[None]:
    """Turn connection failures with ``server`` in the block into hvlib's errors."""
    try:
        yield
    except (native.HTTPError, OSError, ValueError) as error:
        raise connection_error(error, server) from error


def connection_error(error: Exception, server: str) -> HvlibError:
    """The hvlib error for a connection failure with ``server`` that urllib3 or the system raised."""
    if isinstance(error, TimeoutError):
        return _timed_out(server)
    if not isinstance(error, native.HTTPError):
        return ConnectionFailed(f"the connection to {server} broke: {error}")
    reason = error.args[0] if error.args else error
    if isinstance(error, native.LocationValueError):
        return ConfigError(f"{server} is no address: {error}", hint="an address reads SCHEME://USER@HOST:PORT")
    if isinstance(reason, ssl.SSLCertVerificationError):
        return ConnectionFailed(
            f"the certificate of {server} is not trusted: {reason.verify_message}",
            hint="trust its authority: --cacert FILE or cacert=; or do not verify at all: --insecure or verify=False",
        )
    if isinstance(error, native.NewConnectionError):
        return NotSent(f"{server} can't be reached: {_cause(error)}", hint="is the address right, and its port open?")
    timed_out = any(isinstance(part, TimeoutError) for part in error.args)  # While the request was being sent.
    if timed_out or isinstance(error, (native.ConnectTimeoutError, native.ReadTimeoutError)):
        return _timed_out(server)
    return ConnectionFailed(f"the connection to {server} broke: {error}")


def _timed_out(server: str) -> ConnectionTimeout:
    return ConnectionTimeout(
        f"{server} did not answer in time",
        hint="is the address right, and its port open? A slow server needs more time: --timeout or timeout=",
    )


def _cause(error: native.NewConnectionError) -> str:
    """The system's message, without urllib3's description of its own object."""
    return str(error.__cause__ or error).rpartition("]")[2].strip() or str(error)
