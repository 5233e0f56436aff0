"""Errors: Grove's refusals, HTTP answers and broken connections as errors of hvlib."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from urllib3 import BaseHTTPResponse

from hvlib.driver import SessionLost
from hvlib.driver.http import chunks, status_error
from hvlib.model import errors
from hvlib.model.task import Failure

__all__ = ["failure", "read_reply"]

CODES: Mapping[str, type[errors.HvlibError]] = {
    "no_session": SessionLost,
    "bad_credentials": errors.AuthenticationFailed,
    "forbidden": errors.PermissionDenied,
    "not_found": errors.NotFound,
    "wrong_state": errors.InvalidState,
    "busy": errors.Conflict,
    "bad_request": errors.InvalidQuery,
    "bad_page": errors.CursorLost,
}
"""The error of each code. Any other code is a `TaskFailed`: the server refused, and no other class fits."""

STATUSES: Mapping[int, type[errors.HvlibError]] = {401: SessionLost, 403: errors.PermissionDenied}
"""The errors for HTTP statuses without a code: a proxy on the way may have answered."""


def read_reply(response: BaseHTTPResponse) -> Any:
    """The body of a reply. Raises the server's refusal, and `ProtocolError` if the reply can't be understood."""
    try:
        reply = json.loads(b"".join(chunks(response)))
    except ValueError:
        reply = None
    if response.status in (200, 201, 202) and isinstance(reply, dict):
        return reply
    raise _refusal(response, reply.get("error") if isinstance(reply, dict) else None)


def failure(error: Mapping[str, str] | None) -> Failure | None:
    """The failure of a task, if it failed, with the same error classes as the refusal of a request."""
    if error is None:
        return None
    return Failure(CODES.get(error["code"], errors.TaskFailed).__name__, error["message"], error)


def _refusal(response: BaseHTTPResponse, error: Any) -> errors.HvlibError:
    refusal = status_error(response, STATUSES, hint="is this the address of a Grove server?")
    if isinstance(error, dict) and error.get("code") in CODES:
        refusal = CODES[error["code"]](str(error.get("message")), native=error)
    elif isinstance(error, dict) and type(refusal) is errors.ProtocolError:
        refusal = errors.TaskFailed(str(error.get("message")), native=error)
    refusal.request_id = response.headers.get("X-Request-Id")
    return refusal
