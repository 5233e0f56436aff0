"""Waits of the native layer, with the replies that a test sets."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hvlib_vsphere.data_objects import MoRef
from hvlib_vsphere.property import Collector, WaitOptions

from hvlib.driver import SessionLost
from hvlib.errors import ConnectionFailed, NotFound, PermissionDenied

VM, GONE = MoRef("VirtualMachine", "vm-1"), MoRef("VirtualMachine", "vm-2")


class Server:
    """Answers each wait with the next of its replies, then with None: nothing changes any more."""

    def __init__(self, *replies: Any) -> None:
        self.replies = list(replies)
        self.calls: list[str] = []
        self.closed = 0
        self.login = SimpleNamespace(service=lambda name: MoRef("PropertyCollector", name))

    def call(self, method: str, this: MoRef, arguments: str = "", **_: object) -> Any:
        self.calls.append(method)
        reply = self.replies.pop(0) if self.replies else None
        if isinstance(reply, Exception):
            raise reply
        return reply

    def apart(self) -> Any:
        return self, SimpleNamespace(close=self._close)

    def _close(self) -> None:
        self.closed += 1


def fault(type: str, **detail: object) -> dict[str, Any]:
    return {"fault": {"xsi:type": type, **detail}, "localizedMessage": "because"}


def reply(**sets: object) -> dict[str, Any]:
    return {"version": "1", "filterSet": {"filter": MoRef("PropertyFilter", "filter-1"), **sets}}


UNREADABLE = reply(missingSet={"obj": GONE, "fault": fault("ManagedObjectNotFound", obj=GONE)})
FORBIDDEN = reply(
    objectSet={"kind": "enter", "obj": VM, "missingSet": {"path": "name", "fault": fault("NoPermission")}}
)


@pytest.mark.parametrize(("sent", "error"), [(UNREADABLE, NotFound), (FORBIDDEN, PermissionDenied)])
def test_missing_values_end_a_wait_that_propagates_them(sent: dict[str, Any], error: type[Exception]) -> None:
    server: Any = Server(sent)
    with pytest.raises(error):
        list(Collector(server).wait_for_updates(WaitOptions(max_wait_seconds=0, propagate_missing=True)))
    assert server.closed == 1


def test_missing_values_are_told_otherwise() -> None:
    server: Any = Server(UNREADABLE, FORBIDDEN)
    gone, forbidden = Collector(server).wait_for_updates(WaitOptions(max_wait_seconds=0))
    assert gone.missing[GONE].type == "ManagedObjectNotFound"
    assert forbidden.objects[0].missing["name"].type == "NoPermission"
    assert server.closed == 1


def test_a_wait_without_a_limit_goes_on_after_a_reply_without_changes() -> None:
    server: Any = Server(None, None, reply())
    updates = Collector(server).wait_for_updates()
    assert not next(updates).truncated
    assert len(server.calls) == 3


def test_a_lost_session_ends_a_wait() -> None:
    server: Any = Server(SessionLost("gone"))
    with pytest.raises(ConnectionFailed, match="session has ended"):
        next(Collector(server).wait_for_updates())
    assert server.closed == 1
