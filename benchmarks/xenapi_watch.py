"""Watching the VMs of a XenServer or XCP-ng pool: processor time and latency of an event, with 100 and 10,000 VMs.

Each pool is simulated by a separate process, and another process watches all fields of its VMs. Then VMs are renamed in
both pools in turns, so that other load of the machine affects both alike. The server collects events for 50 ms after
each call. Of every two renames one happens while the watch waits, and one while the server collects. They are so far
apart that each is delivered separately.

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
"""How long the server collects events, in seconds. Real servers do this too."""

ROUND = 0.120
"""The time for two renames in each pool, in seconds: twice BATCHING, and some time to deliver and call again."""

SECOND = (0.010, 0.045)
"""The time from a pool's first rename in a round to the second, in seconds: the server collects then."""

TARGETS = 100
"""How many VMs are renamed, in turns."""

PASSWORD = "none"


def follow(port: str, count: str) -> None:
    """Watch VMs. Print their ids, then the processor time and latencies of the renames, whose time is the new name."""
    with (
        hvlib.connect(f"xenapi+http://root@127.0.0.1:{port}", password=PASSWORD) as provider,
        provider.compute.vms.watch() as watch,
    ):
        snapshot = list(itertools.takewhile(lambda event: event.type is not EventType.SYNCED, watch))
        print(json.dumps([event.ref.id for event in snapshot if event.ref]), flush=True)
        del snapshot
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
        """Rename the next VM to the current time."""
        fields = {"name_label": str(time.monotonic_ns())}
        self._call("write", table="VM", ref=next(self._refs), fields=fields)

    def waits(self) -> int:
        """Return how many calls for events the server has had."""
        return int(self._call("calls")["event.from"])

    def results(self) -> dict[str, Any]:
        """Return the watch's results: processor time for an event, and the latency of each, in seconds."""
        results: dict[str, Any] = _line(self._watch)
        return {**results, "batches": self.waits() - self._waits}

    def _call(self, verb: str, **arguments: Any) -> Any:
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
    """Generate the times of the renames, with the pool of each."""
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
        return [pool.results() for pool in pools]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--follow", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.follow:
        follow(*arguments.follow)
        return
    results = measure()
    print(f"{RENAMES:,} renames in each pool, all fields watched; the server collects for {BATCHING * 1000:.0f} ms")
    print(f"  {'VMs':>8} {'CPU an event':>14} {'events a call':>14} {'median latency':>15} {'99 % within':>12}")
    for vms, result in zip(SIZES, results, strict=True):
        median, slow = statistics.median(result["latencies"]), statistics.quantiles(result["latencies"], n=100)[98]
        per_call = RENAMES / result["batches"]
        print(
            f"  {vms:8,} {result['cpu'] * 1e6:11.0f} us {per_call:14.2f} {median * 1000:12.1f} ms {slow * 1000:9.1f} ms"
        )
    small, large = (result["cpu"] for result in results)
    print(f"  CPU an event, {SIZES[1]:,} VMs to {SIZES[0]}: {large / small:.2f} (goal: at most 1.2)")
    print(f"  goal for latency: at most {BATCHING * 1000 + 20:.0f} ms")


if __name__ == "__main__":
    main()
