"""Operations on servers in the OpenStack replay, and compute's records of them. Start and stop take a moment."""

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
"""How long an action takes."""

STATUS, VM_STATE, POWER, TASK = "status", "OS-EXT-STS:vm_state", "OS-EXT-STS:power_state", "OS-EXT-STS:task_state"


@dataclass(frozen=True)
class Power:
    """What an action is called, begins with, goes through and comes to."""

    name: str
    since: str
    task: str
    after: Record


POWERS = {
    "os-start": Power("start", "stopped", "powering-on", {STATUS: "ACTIVE", VM_STATE: "active", POWER: 1, TASK: None}),
    "os-stop": Power("stop", "active", "powering-off", {STATUS: "SHUTOFF", VM_STATE: "stopped", POWER: 4, TASK: None}),
}


@dataclass
class Done:
    """One action: what is told of it, and what is to come of it when."""

    server: str
    record: Record
    after: Record
    due: float = field(default_factory=lambda: time.monotonic() + SECONDS)


class Actions:
    """What was done to servers."""

    def __init__(self, servers: Collection, clock: Clock) -> None:
        self._servers = servers
        self._clock = clock
        self._lock = threading.Lock()
        self._under_way: list[Done] = []
        self._records: dict[str, list[Record]] = defaultdict(list)

    def act(self, server: str, request: Request) -> Reply:
        """POST /servers/ID/action. Raises `Refused`."""
        asked = json.loads(request.body)
        unknown = asked.keys() - POWERS.keys()
        if unknown or len(asked) != 1:
            raise Refused(400, f"the replay knows no action {' '.join(asked)}")
        [power] = [POWERS[name] for name in asked]
        with self._lock:
            found = json.loads(self._servers.find(server).data)
            for name in (TASK, VM_STATE):
                if found[name] not in (None, power.since):
                    words = f"Cannot '{power.name}' instance {server} while it is in {name[11:]} {found[name]}"
                    raise Refused(409, words)
            record = self._record(server, power.name, request.id)
            self._records[server].insert(0, record)
            self._under_way.append(Done(server, record, power.after))
            self._change(server, {TASK: power.task})
        return Reply(202)

    def note(self, server: str, name: str, request: Request) -> None:
        """Record an operation that is over at once."""
        with self._lock:
            record = self._record(server, name, request.id)
            record["events"][0] |= {"result": "Success", "finish_time": self._now()}
            self._records[server].insert(0, record)

    def listed(self, server: str) -> Reply:
        """GET /servers/ID/os-instance-actions: the newest first, without events."""
        self._servers.find(server)
        with self._lock:
            told = [{key: record[key] for key in record if key != "events"} for record in self._records[server]]
        return json_reply(200, {"instanceActions": told})

    def settle(self) -> None:
        """Let what has taken its time be over."""
        with self._lock:
            now = time.monotonic()
            over = [done for done in self._under_way if done.due <= now]
            self._under_way = [done for done in self._under_way if done.due > now]
            for done in over:
                self._change(done.server, done.after)
                done.record["events"][0] |= {"result": "Success", "finish_time": self._now()}

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
