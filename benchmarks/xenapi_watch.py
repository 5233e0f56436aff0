"""Watching the VMs of a XenServer or XCP-ng pool: processor time and latency of an event, with 100 and 10,000 VMs.

Each pool is simulated by a separate process, and another process watches all fields of its VMs. Then VMs are renamed in
both pools in turns, so that other load of the machine affects both alike. The server collects events for 50 ms after
each call. Of every two renames one happens while the watch waits, and one while the server collects. They are so far
apart that each is delivered separately.

    python benchmarks/xenapi_watch.py
"""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from watch_follower import Figures, Follower

SIZES = (100, 10_000)
RENAMES = 2_000
BATCHING = 0.050
"""How long the server collects events, in seconds. Real servers do this too."""

ROUND = 0.120
"""The time for two renames in each pool, in seconds: twice BATCHING, and some time to deliver and call again."""

SECOND = (0.010, 0.045)
"""The time from a pool's first rename in a round to the second, in seconds: the server collects then."""

TARGETS = 100
"""How many VMs are renamed, in turns."""

PASSWORD = "none"


class Pool:
    """A simulated pool, and the process that watches it."""

    def __init__(self, vms: int, stack: contextlib.ExitStack) -> None:
        options = [f"--vms={vms}", f"--password={PASSWORD}", f"--event-delay={BATCHING}"]
        command = [sys.executable, "-m", "hvlib_xapi_simulator", *options]
        simulator = stack.enter_context(
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        )
        stack.callback(simulator.kill)
        assert simulator.stdout
        ready = json.loads(simulator.stdout.readline())
        self._door = stack.enter_context(contextlib.closing(http.client.HTTPConnection("127.0.0.1", ready["door"])))
        self.watch = Follower(f"xenapi+http://root@127.0.0.1:{ready['port']}", PASSWORD, RENAMES, stack)
        self._refs = itertools.cycle(self.watch.ids[:TARGETS])
        self._waits = self.waits()

    def rename(self) -> None:
        """Rename the next VM to the current time."""
        fields = {"name_label": str(time.monotonic_ns())}
        self._call("write", table="VM", ref=next(self._refs), fields=fields)

    def waits(self) -> int:
        """Return how many calls for events the server has had."""
        return int(self._call("calls")["event.from"])

    def events_a_call(self) -> float:
        """Return how many events a call has brought since the watch began."""
        return RENAMES / (self.waits() - self._waits)

    def _call(self, verb: str, **arguments: Any) -> Any:
        self._door.request("POST", f"/hvlib/{verb}", json.dumps(arguments))
        return json.load(self._door.getresponse())["result"]


def schedule(pools: list[Pool]) -> Iterator[tuple[float, Pool]]:
    """Generate the times of the renames, with the pool of each."""
    chance = random.Random("hvlib")
    for number in range(RENAMES // 2):
        for position, pool in enumerate(pools):
            first = ROUND * (number + position / len(pools))
            yield first, pool
            yield first + chance.uniform(*SECOND), pool


def measure() -> list[tuple[Figures, float]]:
    """Return the figures of each pool's watch, and how many events a call has brought."""
    with contextlib.ExitStack() as stack:
        pools = [Pool(vms, stack) for vms in SIZES]
        start = time.monotonic()
        for moment, pool in schedule(pools):
            time.sleep(max(0.0, start + moment - time.monotonic()))
            pool.rename()
        return [(pool.watch.figures(), pool.events_a_call()) for pool in pools]


def main() -> None:
    results = measure()
    print(f"{RENAMES:,} renames in each pool, all fields watched; the server collects for {BATCHING * 1000:.0f} ms")
    print(f"  {'VMs':>8} {'CPU an event':>14} {'events a call':>14} {'median latency':>15} {'99 % within':>12}")
    for vms, ((cpu, median, slow), per_call) in zip(SIZES, results, strict=True):
        print(f"  {vms:8,} {cpu * 1e6:11.0f} us {per_call:14.2f} {median * 1000:12.1f} ms {slow * 1000:9.1f} ms")
    small, large = (figures.cpu for figures, _ in results)
    print(f"  CPU an event, {SIZES[1]:,} VMs to {SIZES[0]}: {large / small:.2f} (goal: at most 1.2)")
    print(f"  goal for latency: at most {BATCHING * 1000 + 20:.0f} ms")


if __name__ == "__main__":
    main()
