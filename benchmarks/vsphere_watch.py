"""Watching the VMs of a vCenter: processor time and latency of an event, with 100 and 10,000 VMs.

The servers are the small vCenter of the tests, each in a process of its own, and another process watches all fields of
its VMs. Then VMs are renamed in both in turns, so that other load of the machine affects both alike.

    python benchmarks/vsphere_watch.py
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import hvlib
from hvlib.model.event import EventType

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from servers.vcenter.vcenter import VCenter

SIZES = (100, 10_000)
RENAMES = 1_000
ROUND = 0.040
"""The time for a rename in each vCenter, in seconds: long enough that each is delivered by itself."""

TARGETS = 100
"""How many VMs are renamed, in turns."""


def follow(url: str, password: str, count: int) -> None:
    """Watch VMs. Print their ids, then the processor time and latencies of the renames, whose time is the new name."""
    with hvlib.connect(url, password=password) as provider, provider.compute.vms.watch() as watch:
        snapshot = list(itertools.takewhile(lambda event: event.type is not EventType.SYNCED, watch))
        print(json.dumps([event.ref.id for event in snapshot if event.ref]), flush=True)
        del snapshot
        latencies, start = [], time.process_time()
        for event in itertools.islice(watch, count):
            assert event.resource
            latencies.append((time.monotonic_ns() - int(event.resource.name_label)) / 1e9)
        seconds = time.process_time() - start
    print(json.dumps({"cpu": seconds / len(latencies), "latencies": latencies}), flush=True)


class Watched:
    """A vCenter, and the process that watches it."""

    def __init__(self, vms: int, stack: contextlib.ExitStack) -> None:
        self.server = stack.enter_context(VCenter(vms=vms))
        command = [sys.executable, __file__, "--follow", self.server.url, self.server.password, str(RENAMES)]
        self._watch = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        stack.enter_context(self._watch)
        stack.callback(self._watch.kill)
        self._ids = itertools.cycle(self._line()[:TARGETS])

    def rename(self) -> None:
        """Rename the next VM to the current time."""
        self.server.change(next(self._ids), "name", str(time.monotonic_ns()))

    def results(self) -> dict[str, Any]:
        """The watch's results: processor time for an event, and the latency of each, in seconds."""
        return dict(self._line())

    def _line(self) -> Any:
        assert self._watch.stdout
        return json.loads(self._watch.stdout.readline())


def measure() -> list[dict[str, Any]]:
    with contextlib.ExitStack() as stack:
        watched = [Watched(vms, stack) for vms in SIZES]
        start = time.monotonic()
        for number in range(RENAMES):
            for position, each in enumerate(watched):
                moment = start + ROUND * (number + position / len(watched))
                time.sleep(max(0.0, moment - time.monotonic()))
                each.rename()
        return [each.results() for each in watched]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--follow", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.follow:
        url, password, count = arguments.follow
        follow(url, password, int(count))
        return
    results = measure()
    print(f"{RENAMES:,} renames in each vCenter, all fields watched")
    print(f"  {'VMs':>8} {'CPU an event':>14} {'median latency':>15} {'99 % within':>12}")
    for vms, result in zip(SIZES, results, strict=True):
        median, slow = statistics.median(result["latencies"]), statistics.quantiles(result["latencies"], n=100)[98]
        print(f"  {vms:8,} {result['cpu'] * 1e6:11.0f} us {median * 1000:12.1f} ms {slow * 1000:9.1f} ms")
    small, large = (result["cpu"] for result in results)
    print(f"  CPU an event, {SIZES[1]:,} VMs to {SIZES[0]}: {large / small:.2f} (goal: at most 1.2)")
    print("  goal for latency: less than 20 ms")


if __name__ == "__main__":
    main()
