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
"""Words of nova and cinder where the object's state forbids a request; other conflicts are with other objects."""

UNAUTHORIZED = re.compile(r"unauthorized exception", re.IGNORECASE)
"""Words of nova where another service does not take the user's token any more."""

MEANWHILE = re.compile("UnexpectedTaskStateError")
"""Words of nova, as an error of its own, where another request comes to the same server in the same moment."""

MISSING = re.compile(r"could not be found|no such|does not exist", re.IGNORECASE)
FORBIDDEN = re.compile(r"not authorized|policy doesn't allow|forbidden", re.IGNORECASE)

REASONS: Mapping[re.Pattern[str], type[HvlibError]] = {
    re.compile("No valid host"): errors.TaskFailed,
    QUOTA: errors.QuotaExceeded,
    STATE: errors.InvalidState,
    FORBIDDEN: errors.PermissionDenied,
    MISSING: errors.NotFound,
}
"""Errors by the words of a failure; the first that is found counts."""

TAG = re.compile(r"<[^>]*>")
MAX_TEXT = 400
"""Characters of an answer that is no JSON which are repeated."""


def refusal(response: requests.Response) -> HvlibError:
    """The error that a reply with a status from 400 means."""
    said = _message(response)
    request = response.headers.get("x-openstack-request-id") or response.headers.get("x-compute-request-id")
    if response.status_code == 404 and request is None and isinstance(_native(response), str):
        return errors.ProtocolError(f"HTTP 404, which the service did not say itself: {said}", native=_native(response))
    error = _error_type(response.status_code, said)
    if error is None:
        found = status_error(response.raw, {})
        if response.status_code >= 500 and said:
            found.args = (f"{found}: {said}",)
        found.request_id = request
        return found
    return error(said or f"HTTP {response.status_code} {response.reason}", native=_native(response), request_id=request)


def failure(message: str, native: Any = None) -> Failure:
    """The failure that the words of a server's record mean."""
    error = next((error for words, error in REASONS.items() if words.search(message)), errors.TaskFailed)
    return Failure(error.__name__, message, native)


def _error_type(status: int, said: str) -> type[HvlibError] | None:
    error = STATUSES.get(status)
    if status == 400 and UNAUTHORIZED.search(said):
        return SessionLost
    if status == 500 and MEANWHILE.search(said):
        return errors.Conflict
    if status in (403, 409) and QUOTA.search(said):
        return errors.QuotaExceeded
    if status in (400, 409) and STATE.search(said):
        return errors.InvalidState
    return error


def _message(response: requests.Response) -> str:
    """The service's words, under any of the names that services put them."""
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
