"""The refusals of OpenStack's services, as errors of hvlib."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import requests

from hvlib.driver import SessionLost
from hvlib.driver.http import status_error
from hvlib.model import errors
from hvlib.model.errors import HvlibError
from hvlib.model.task import Failure

__all__ = ["failure", "refusal"]

STATUSES: Mapping[int, type[HvlibError]] = {
    400: errors.InvalidQuery,
    401: SessionLost,
    403: errors.PermissionDenied,
    404: errors.NotFound,
    405: errors.Unsupported,
    406: errors.Unsupported,
    409: errors.Conflict,
    412: errors.Conflict,
    413: errors.QuotaExceeded,
    501: errors.Unsupported,
}

QUOTA = re.compile(r"quota|limit exceeded|maximum number of", re.IGNORECASE)
STATE = re.compile(
    r"\bin (?:vm_state|task_state|instance)|while it is in|is locked|status must be|must be (?:available|in-use)"
    r"|in an invalid state|invalid volume: volume|is not in a state|is in this state",
    re.IGNORECASE,
)
"""Words of nova and cinder for a request that the object's state forbids. Other conflicts are with other objects."""

UNAUTHORIZED = re.compile(r"unauthorized exception", re.IGNORECASE)
"""Words of nova when another service no longer accepts the user's token."""

MEANWHILE = re.compile("UnexpectedTaskStateError")
"""Words of nova's internal error when another request to the same server arrives at the same moment."""

MISSING = re.compile(r"could not be found|no such|does not exist", re.IGNORECASE)
FORBIDDEN = re.compile(r"not authorized|policy doesn't allow|forbidden", re.IGNORECASE)

REASONS: Mapping[re.Pattern[str], type[HvlibError]] = {
    re.compile("No valid host"): errors.TaskFailed,
    QUOTA: errors.QuotaExceeded,
    STATE: errors.InvalidState,
    FORBIDDEN: errors.PermissionDenied,
    MISSING: errors.NotFound,
}
"""Error types by the words of a failure. The first pattern that matches counts."""

TAG = re.compile(r"<[^>]*>")
MAX_TEXT = 400
"""How many characters of a reply that is not JSON are put into an error."""


def refusal(response: requests.Response) -> HvlibError:
    """The error for a reply that is not a success."""
    message = _message(response)
    request = response.headers.get("x-openstack-request-id") or response.headers.get("x-compute-request-id")
    if response.status_code == 404 and request is None and isinstance(_native(response), str):
        return errors.ProtocolError(
            f"HTTP 404 that does not come from the service itself: {message}", native=_native(response)
        )
    error_type = _error_type(response.status_code, message)
    if error_type is None:
        error = status_error(response.raw, {})
        if response.status_code >= 500 and message:
            error.args = (f"{error}: {message}",)
        error.request_id = request
        return error
    message = message or f"HTTP {response.status_code} {response.reason}"
    return error_type(message, native=_native(response), request_id=request)


def failure(message: str, native: Any = None) -> Failure:
    """The `Failure` for the error text of a service's record."""
    error = next((error for words, error in REASONS.items() if words.search(message)), errors.TaskFailed)
    return Failure(error.__name__, message, native)


def _error_type(status: int, message: str) -> type[HvlibError] | None:
    error = STATUSES.get(status)
    if status == 400 and UNAUTHORIZED.search(message):
        return SessionLost
    if status == 500 and MEANWHILE.search(message):
        return errors.Conflict
    if status in (403, 409) and QUOTA.search(message):
        return errors.QuotaExceeded
    if status in (400, 409) and STATE.search(message):
        return errors.InvalidState
    return error


def _message(response: requests.Response) -> str:
    """The service's message, under any of the keys that services use for it."""
    try:
        body = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return " ".join(TAG.sub(" ", response.content.decode(errors="replace")).split())[:MAX_TEXT]
    return _words(body) or ""


def _words(body: Any) -> str | None:
    if isinstance(body, str):
        return body
    if isinstance(body, list):
        return next((words for each in body if (words := _words(each))), None)
    if not isinstance(body, dict):
        return None
    for name in ("message", "detail", "title"):
        if isinstance(body.get(name), str) and body[name]:
            return str(body[name])
    return next((words for value in body.values() if (words := _words(value))), None)


def _native(response: requests.Response) -> Any:
    try:
        return msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return response.content.decode(errors="replace")
