"""Watching the VMs of a XenServer or XCP-ng pool: what an event costs in a pool of 100 and in one of 10,000, and takes.

Both pools are simulated, each by a process of its own, and each is watched by a process of its own, all fields. Then
VMs are renamed in both in turn, so that whatever else the machine does concerns both alike. The server collects events
for 50 ms after each call: of two renames one comes while the watch waits, and one while the server collects; they are
so far apart that each is told by itself.

    python benchmarks/xenapi_watch.py
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import hvlib
from hvlib.model.event import EventType

SIZES = (100, 10_000)
RENAMES = 2_000
BATCHING = 0.050
"""Seconds that the server collects events, as real ones do."""

ROUND = 0.120
"""Seconds in which each pool has two renames: twice the batching, and what it takes to tell and to ask again."""

SECOND = (0.010, 0.045)
"""Seconds after a pool's first rename of a round, when the server collects, within which the second one comes."""

TARGETS = 100
"""VMs that are renamed, by turns."""

PASSWORD = "none"


def follow(port: str, count: str) -> None:
    """Watch; say which VMs there are; then print what the renames took, whose time is in the new names."""
    with (
        hvlib.connect(f"xenapi+http://root@127.0.0.1:{port}", password=PASSWORD) as provider,
        provider.compute.vms.watch() as watch,
    ):
        known = list(itertools.takewhile(lambda event: event.type is not EventType.SYNCED, watch))
        print(json.dumps([event.ref.id for event in known if event.ref]), flush=True)
        del known
        latencies, start = [], time.process_time()
        for event in itertools.islice(watch, int(count)):
            assert event.resource
            latencies.append((time.monotonic_ns() - int(event.resource.name_label)) / 1e9)
        seconds = time.process_time() - start
    print(json.dumps({"cpu": seconds / len(latencies), "latencies": latencies}), flush=True)


class Pool:
    """A simulated pool, and the process that watches it."""

    def __init__(self, vms: int, stack: contextlib.ExitStack) -> None:
        options = [f"--vms={vms}", f"--password={PASSWORD}", f"--event-delay={BATCHING}"]
        simulator = _started(stack, sys.executable, "-m", "hvlib_xapi_simulator", *options)
        ready = _line(simulator)
        self._door = stack.enter_context(contextlib.closing(http.client.HTTPConnection("127.0.0.1", ready["door"])))
        self._watch = _started(stack, sys.executable, __file__, "--follow", ready["port"], str(RENAMES))
        self._refs = itertools.cycle(_line(self._watch)[:TARGETS])
        self._waits = self.waits()

    def rename(self) -> None:
        """Give the next VM a name that says when it got it."""
        fields = {"name_label": str(time.monotonic_ns())}
        self._ask("write", table="VM", ref=next(self._refs), fields=fields)

    def waits(self) -> int:
        """How often the server was asked for events."""
        return int(self._ask("calls")["event.from"])

    def found(self) -> dict[str, Any]:
        """What the watch has measured: seconds of processor time an event, and of latency of each."""
        found: dict[str, Any] = _line(self._watch)
        return {**found, "batches": self.waits() - self._waits}

    def _ask(self, verb: str, **arguments: Any) -> Any:
        self._door.request("POST", f"/hvlib/{verb}", json.dumps(arguments))
        return json.load(self._door.getresponse())["result"]


def _started(stack: contextlib.ExitStack, *command: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    stack.enter_context(process)
    stack.callback(process.kill)
    return process


def _line(process: subprocess.Popen[str]) -> Any:
    assert process.stdout
    return json.loads(process.stdout.readline())


def schedule(pools: list[Pool]) -> Iterator[tuple[float, Pool]]:
    """When which pool has a rename."""
    chance = random.Random("hvlib")
    for number in range(RENAMES // 2):
        for position, pool in enumerate(pools):
            first = ROUND * (number + position / len(pools))
            yield first, pool
            yield first + chance.uniform(*SECOND), pool


def measure() -> list[dict[str, Any]]:
    with contextlib.ExitStack() as stack:
        pools = [Pool(vms, stack) for vms in SIZES]
        start = time.monotonic()
        for moment, pool in schedule(pools):
            time.sleep(max(0.0, start + moment - time.monotonic()))
            pool.rename()
        return [pool.found() for pool in pools]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--follow", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.follow:
        follow(*given.follow)
        return
    results = measure()
    print(f"{RENAMES:,} renames in each pool, all fields watched; the server collects for {BATCHING * 1000:.0f} ms")
    print(f"  {'VMs':>8} {'CPU an event':>14} {'events a call':>14} {'median latency':>15} {'99 % within':>12}")
    for vms, found in zip(SIZES, results, strict=True):
        middle, last = statistics.median(found["latencies"]), statistics.quantiles(found["latencies"], n=100)[98]
        together = RENAMES / found["batches"]
        print(
            f"  {vms:8,} {found['cpu'] * 1e6:11.0f} us {together:14.2f} {middle * 1000:12.1f} ms {last * 1000:9.1f} ms"
        )
    few, many = (found["cpu"] for found in results)
    print(f"  CPU an event, {SIZES[1]:,} VMs to {SIZES[0]}: {many / few:.2f} (wanted: 1.2 at most)")
    print(f"  latency wanted: {BATCHING * 1000 + 20:.0f} ms at most")


if __name__ == "__main__":
    main()
