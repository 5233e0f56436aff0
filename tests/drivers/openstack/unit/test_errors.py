"""The services' refusals, in the services' own words."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import requests
import urllib3
from hvlib_openstack.errors import failure, refusal

from hvlib import errors
from hvlib.driver import SessionLost, Unavailable
from hvlib.errors import HvlibError

REQUEST = "req-0d4b6bd4-6d8f-4a6e-9f0c-3b1a5a3f2b11"


def refused(status: int, body: Any = b"", **headers: str) -> HvlibError:
    """The error for a reply."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = requests.Response()
    response.status_code = status
    response.reason = requests.status_codes._codes[status][0]  # type: ignore[attr-defined]
    response.headers.update({"x-openstack-request-id": REQUEST, **headers})
    response._content = data
    response.raw = urllib3.HTTPResponse(io.BytesIO(data), dict(response.headers), status, reason=response.reason)
    return refusal(response)


def nova(name: str, status: int, message: str) -> dict[str, Any]:
    return {name: {"code": status, "message": message}}


def neutron(type: str, message: str) -> dict[str, Any]:
    return {"NeutronError": {"type": type, "message": message, "detail": ""}}


def glance(status: str, message: str) -> bytes:
    head = f"<html>\n <head>\n  <title>{status}</title>\n </head>\n"
    return f"{head} <body>\n  <h1>{status}</h1>\n  {message}<br /><br />\n\n\n </body>\n</html>".encode()


def keystone(status: int, title: str, message: str) -> dict[str, Any]:
    return {"error": {"code": status, "message": message, "title": title}}


ID = "7f0c5d5a-7c5d-4c5e-9b1a-6f3f00000001"
IN_STATE = f"Cannot 'start' instance {ID} while it is in vm_state active"
IN_TASK = f"Cannot 'stop' instance {ID} while it is in task_state powering-off"
POLICY = "Policy doesn't allow os_compute_api:os-hypervisors:list-detail to be performed."
QUOTA = "Quota exceeded for instances: Requested 1, but already used 10 of 10 instances"
GIGABYTES = (
    "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota."
    " Requested 10G, quota is 5G and 0G has been consumed."
)
NOT_AVAILABLE = (
    "Invalid volume: Volume status must be available or error or error_restoring and must not be migrating, attached,"
    " belong to a group, have snapshots or be disassociated from snapshots after volume transfer."
)
IN_USE = "Unable to complete operation on network 7f0c. There are one or more ports still in use on the network."
REVISION = "Constrained to 3, but current revision is 5"


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (409, nova("conflictingRequest", 409, IN_STATE), errors.InvalidState, IN_STATE),
        (409, nova("conflictingRequest", 409, IN_TASK), errors.InvalidState, IN_TASK),
        (409, nova("conflictingRequest", 409, f"Instance {ID} is locked"), errors.InvalidState, "is locked"),
        (409, nova("conflictingRequest", 409, "Flavor with name m1 already exists."), errors.Conflict, "already"),
        (403, nova("forbidden", 403, QUOTA), errors.QuotaExceeded, QUOTA),
        (403, nova("forbidden", 403, POLICY), errors.PermissionDenied, POLICY),
        (413, nova("overLimit", 413, "This request was rate-limited."), errors.QuotaExceeded, "rate-limited"),
        (404, nova("itemNotFound", 404, f"Instance {ID} could not be found."), errors.NotFound, ID),
        (400, nova("badRequest", 400, "marker [x] not found"), errors.InvalidQuery, "marker"),
        (406, nova("computeFault", 406, "Version 2.999 is not supported"), errors.Unsupported, "2.999"),
        (501, nova("notImplemented", 501, "Unable to do that"), errors.Unsupported, "Unable"),
        (413, nova("overLimit", 413, GIGABYTES), errors.QuotaExceeded, "gigabytes"),
        (400, nova("badRequest", 400, NOT_AVAILABLE), errors.InvalidState, "Volume status must be"),
        (404, neutron("NetworkNotFound", "Network 7f0c could not be found."), errors.NotFound, "Network 7f0c"),
        (409, neutron("OverQuota", "Quota exceeded for resources: ['port']."), errors.QuotaExceeded, "port"),
        (409, neutron("NetworkInUse", IN_USE), errors.Conflict, "still in use"),
        (412, neutron("RevisionNumberConstraintFailed", REVISION), errors.Conflict, REVISION),
        (404, glance("404 Not Found", "No image found with ID 7f0c"), errors.NotFound, "No image found with ID 7f0c"),
        (403, glance("403 Forbidden", "Image 7f0c is protected"), errors.PermissionDenied, "is protected"),
        (409, glance("409 Conflict", "Image 7f0c is in use"), errors.Conflict, "is in use"),
        (401, keystone(401, "Unauthorized", "Requires authentication."), SessionLost, "Requires authentication."),
        (403, keystone(403, "Forbidden", "You are not authorized"), errors.PermissionDenied, "not authorized"),
        (409, {"errors": [{"status": 409, "title": "Conflict", "detail": "a conflict"}]}, errors.Conflict, "conflict"),
        (404, b"", errors.NotFound, "404"),
        (404, "nothing here", errors.NotFound, "nothing here"),
        (404, [], errors.NotFound, "404"),
        (409, 7, errors.Conflict, "409"),
        (404, b"\xff\xfe", errors.NotFound, ""),
    ],
)
def test_the_error_of_a_refusal(status: int, body: Any, error: type[HvlibError], words: str) -> None:
    found = refused(status, body)
    assert type(found) is error
    assert words in str(found)
    assert "<" not in str(found)
    assert found.request_id == REQUEST


def test_faults_of_the_server() -> None:
    fault = refused(500, nova("computeFault", 500, "Unexpected API Error. <class 'sqlalchemy.exc.TimeoutError'>"))
    assert type(fault) is errors.ProtocolError
    assert "Unexpected API Error" in str(fault)
    assert fault.request_id == REQUEST
    gateway = refused(502, glance("502 Bad Gateway", "nginx " * 1000))
    assert isinstance(gateway, errors.ConnectionFailed)
    assert len(str(gateway)) < 600


def test_retry_after() -> None:
    limited = refused(429, nova("overLimit", 429, "slow down"), **{"Retry-After": "7"})
    assert isinstance(limited, errors.RateLimited)
    assert limited.retry_after == 7
    assert limited.request_id == REQUEST
    busy = refused(503, b"", **{"Retry-After": "3"})
    assert isinstance(busy, Unavailable)
    assert busy.retry_after == 3


def test_the_other_header_with_a_request_identifier() -> None:
    response = refused(404, b"", **{"x-openstack-request-id": "", "x-compute-request-id": "req-1"})
    assert response.request_id == "req-1"


def test_native_is_the_body_of_the_reply() -> None:
    body = nova("conflictingRequest", 409, IN_STATE)
    assert refused(409, body).native == body
    assert refused(404, b"<p>no</p>").native == "<p>no</p>"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("No valid host was found. There are not enough hosts available.", "TaskFailed"),
        ("Exceeded maximum number of retries. Exhausted all hosts available", None),
        (QUOTA, "QuotaExceeded"),
        ("Build of instance aborted: Volume did not finish being created", "TaskFailed"),
    ],
)
def test_the_failure_of_an_operation(message: str, kind: str | None) -> None:
    found = failure(message)
    assert found.message == message
    assert kind is None or found.error == kind
