"""Actions on servers in the OpenStack replay, and compute's records of the actions."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from servers.openstack_replay.clock import Clock
from servers.openstack_replay.collection import Collection, Row
from servers.openstack_replay.message import Refused, Reply, Request, json_reply
from servers.openstack_replay.region import PROJECT_ID, USER_ID, Record, encode, stamp

__all__ = ["Actions"]

SECONDS = 0.05
"""How long a start or stop takes."""

STATUS, VM_STATE, POWER, TASK = "status", "OS-EXT-STS:vm_state", "OS-EXT-STS:power_state", "OS-EXT-STS:task_state"


@dataclass(frozen=True)
class Power:
    """A power action: its name, the vm_state it needs, its task_state, and the server's fields after it."""

    name: str
    before: str
    task: str
    after: Record


POWERS = {
    "os-start": Power("start", "stopped", "powering-on", {STATUS: "ACTIVE", VM_STATE: "active", POWER: 1, TASK: None}),
    "os-stop": Power("stop", "active", "powering-off", {STATUS: "SHUTOFF", VM_STATE: "stopped", POWER: 4, TASK: None}),
}


@dataclass
class RunningAction:
    """An action under way: its record, the server's fields after it, and when it ends."""

    server: str
    record: Record
    after: Record
    due: float = field(default_factory=lambda: time.monotonic() + SECONDS)


class Actions:
    """The actions on servers, under way and ended."""

    def __init__(self, servers: Collection, clock: Clock) -> None:
        self._servers = servers
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way: list[RunningAction] = []
        self._records: dict[str, list[Record]] = defaultdict(list)

    def act(self, server: str, request: Request) -> Reply:
        """POST /servers/ID/action. Raises `Refused`."""
        body = json.loads(request.body)
        unknown = body.keys() - POWERS.keys()
        if unknown or len(body) != 1:
            raise Refused(400, f"the replay has no action {' '.join(body)}")
        [power] = [POWERS[name] for name in body]
        with self._lock:
            current = json.loads(self._servers.find(server).data)
            for name in (TASK, VM_STATE):
                if current[name] not in (None, power.before):
                    message = f"Cannot '{power.name}' instance {server} while it is in {name[11:]} {current[name]}"
                    raise Refused(409, message)
            record = self._record(server, power.name, request.id)
            self._records[server].insert(0, record)
            self._under_way.append(RunningAction(server, record, power.after))
            self._change(server, {TASK: power.task})
        return Reply(202)

    def note(self, server: str, name: str, request: Request) -> None:
        """Record an action that ends at once."""
        with self._lock:
            record = self._record(server, name, request.id)
            record["events"][0] |= {"result": "Success", "finish_time": self._now()}
            self._records[server].insert(0, record)

    def listing(self, server: str) -> Reply:
        """GET /servers/ID/os-instance-actions: the records, newest first, without events."""
        self._servers.find(server)
        with self._lock:
            records = [{key: record[key] for key in record if key != "events"} for record in self._records[server]]
        return json_reply(200, {"instanceActions": records})

    def settle(self) -> None:
        """End the actions whose time has come."""
        with self._lock:
            now = time.monotonic()
            ended = [action for action in self._under_way if action.due <= now]
            self._under_way = [action for action in self._under_way if action.due > now]
            for action in ended:
                self._change(action.server, action.after)
                action.record["events"][0] |= {"result": "Success", "finish_time": self._now()}

    def _change(self, server: str, fields: Record) -> None:
        now = self._clock.now().replace(microsecond=0)
        record = json.loads(self._servers.find(server).data) | fields | {"updated": stamp(now)}
        self._servers.put(Row(server, encode(record), now))

    def _record(self, server: str, name: str, request: str) -> dict[str, Any]:
        event = {"event": f"compute_{name}_instance", "start_time": self._now(), "finish_time": None, "result": None}
        return {
            "action": name,
            "instance_uuid": server,
            "request_id": request,
            "user_id": USER_ID,
            "project_id": PROJECT_ID,
            "start_time": self._now(),
            "message": None,
            "events": [event],
        }

    def _now(self) -> str:
        return self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")
