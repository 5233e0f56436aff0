"""The expected outcome of each fault, in each operation, on each driver, as data.

``recovers``: the caller gets the same result as without the fault. Any other outcome is the class of the error.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["EXCEPTIONS", "EXPECTED", "FAULTS", "NOT_THERE", "NO_WIRE", "OPERATIONS", "RECOVERS", "Fault", "expected"]


class Fault(NamedTuple):
    """A fault. ``acted``: the server has carried out the request."""

    words: str
    acted: bool


FAULTS = {
    "refused": Fault("no connection is accepted for a while", False),
    "reset before": Fault("the connection is reset before the server saw the request", False),
    "reset after": Fault("the connection is reset when the server has acted, before its reply", True),
    "closed": Fault("the connection is closed in place of the reply", True),
    "cut in head": Fault("the connection ends within the headers of the reply", True),
    "cut in body": Fault("the connection ends in the middle of the reply", True),
    "delayed": Fault("the reply comes late, within the time-out", True),
    "frozen before": Fault("no answer at all; the server never saw the request", False),
    "frozen after": Fault("no answer at all; the server has acted", True),
    "truncated": Fault("a reply that is complete as HTTP, but whose document is cut off", True),
    "401": Fault("401 Unauthorized", False),
    "session rejected": Fault("the server's own error for a session that it does not know", False),
    "429 seconds": Fault("429 Too Many Requests, Retry-After in seconds", False),
    "429 date": Fault("429 Too Many Requests, Retry-After as a date", False),
    "503": Fault("503 Service Unavailable", False),
    "503 seconds": Fault("503 Service Unavailable, Retry-After in seconds", False),
    "500": Fault("500 Internal Server Error, in no API's format", False),
    "HTML": Fault("200, with an HTML page", False),
}

OPERATIONS = {
    "login": "the first call of a provider",
    "list": "`get_all().all()`, at its second page",
    "pages": "`get_all().pages()`, at the second page",
    "by uuid": "`get_by_uuid()`",
    "by name": "`get_by_name_label()`",
    "snapshot": "`watch()`, until SYNCED",
    "watch": "`watch()`, waiting for another client's change",
    "action": "`start()` or `stop()`",
    "task": "`task.wait()`",
    "create": "`vms.create()`, at its second changing request",
}

READS = ("login", "list", "pages", "by uuid", "by name")
STREAMS = ("snapshot", "watch", "task")

RECOVERS = "recovers"

EXPECTED = {
    # fault               reads                  streams                action, create
    "refused":           ("recovers",            "recovers",            "recovers"),
    "reset before":      ("recovers",            "recovers",            "ConnectionFailed"),
    "reset after":       ("recovers",            "recovers",            "ConnectionFailed"),
    "closed":            ("recovers",            "recovers",            "ConnectionFailed"),
    "cut in head":       ("recovers",            "recovers",            "ConnectionFailed"),
    "cut in body":       ("recovers",            "recovers",            "ConnectionFailed"),
    "delayed":           ("recovers",            "recovers",            "recovers"),
    "frozen before":     ("ConnectionTimeout",   "recovers",            "ConnectionTimeout"),
    "frozen after":      ("ConnectionTimeout",   "recovers",            "ConnectionTimeout"),
    "truncated":         ("ProtocolError",       "ProtocolError",       "ProtocolError"),
    "401":               ("recovers",            "recovers",            "recovers"),
    "session rejected":  ("recovers",            "recovers",            "recovers"),
    "429 seconds":       ("recovers",            "recovers",            "recovers"),
    "429 date":          ("recovers",            "recovers",            "recovers"),
    "503":               ("recovers",            "recovers",            "ConnectionFailed"),
    "503 seconds":       ("recovers",            "recovers",            "ConnectionFailed"),
    "500":               ("ProtocolError",       "ProtocolError",       "ProtocolError"),
    "HTML":              ("ProtocolError",       "ProtocolError",       "ProtocolError"),
}  # fmt: skip

NOT_THERE = "-"
"""The fault can't happen in this operation."""

NO_WIRE = "no wire"
"""The driver has no connection that could meet this fault."""


class Different(NamedTuple):
    """An outcome that differs from EXPECTED on a driver, and the reason."""

    driver: str
    faults: tuple[str, ...]
    operations: tuple[str, ...]
    outcome: str
    reason: str


ANY = "every driver"

EXCEPTIONS = (
    Different(ANY, ("401",), ("login",), "AuthenticationFailed", "a rejected login means a wrong password"),
    Different(ANY, ("session rejected",), ("login",), NOT_THERE, "there is no session yet"),
    Different(ANY, ("frozen after",), READS, NOT_THERE, "for a call that only reads, it is the same as frozen before"),
    Different(
        "sim",
        ("closed", "cut in head", "cut in body", "delayed", "frozen after", "429 date", "503 seconds", "500", "HTML"),
        tuple(OPERATIONS),
        NO_WIRE,
        "the lab is in the caller's process: faults that differ from another fault only in bytes do not exist there",
    ),
    Different("vsphere", tuple(FAULTS), ("create",), NOT_THERE, "the driver does not create VMs yet"),
    Different(
        "vsphere",
        ("401",),
        tuple(OPERATIONS),
        "AuthenticationFailed",
        "vSphere reports a lost session with a fault of its own; a 401 comes from something in between",
    ),
    Different(
        "xenapi",
        ("401",),
        tuple(OPERATIONS),
        "AuthenticationFailed",
        "XenAPI reports a lost session with an error of its own; a 401 comes from something in between",
    ),
    Different(
        "openstack",
        ("cut in body", "truncated"),
        ("action", "create"),
        RECOVERS,
        "nova's answer to an action has no body that could be cut",
    ),
    Different(
        "xenapi",
        ("500", "HTML"),
        ("login",),
        RECOVERS,
        "a server without JSON-RPC answers like this: the driver then uses XML-RPC",
    ),
    Different(
        "vsphere",
        ("reset after", "closed", "cut in head", "cut in body", "session rejected"),
        ("pages",),
        "CursorLost",
        "a listing ends with its session, each page comes once: `all()` starts over, but returned pages are final",
    ),
)


def expected(driver: str, fault: str, operation: str) -> str:
    """Return the expected outcome."""
    for exception in EXCEPTIONS:
        if exception.driver in (driver, ANY) and fault in exception.faults and operation in exception.operations:
            return exception.outcome
    reads, streams, action = EXPECTED[fault]
    return reads if operation in READS else streams if operation in STREAMS else action
