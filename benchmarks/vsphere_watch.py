"""Watching the VMs of a vCenter: processor time and latency of an event, with 100 and 10,000 VMs.

The servers are the small vCenter of the tests, each in a process of its own, and another process watches all fields of
its VMs. Then VMs are renamed in both in turns, so that other load of the machine affects both alike.

    python benchmarks/vsphere_watch.py
"""

from __future__ import annotations

import contextlib
import itertools
import sys
import time
from pathlib import Path

from watch_follower import Figures, Follower

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from servers.vcenter.vcenter import VCenter

SIZES = (100, 10_000)
RENAMES = 1_000
ROUND = 0.040
"""The time for a rename in each vCenter, in seconds: long enough that each is delivered by itself."""

TARGETS = 100
"""How many VMs are renamed, in turns."""


class Watched:
    """A vCenter, and the process that watches it."""

    def __init__(self, vms: int, stack: contextlib.ExitStack) -> None:
        self._server = stack.enter_context(VCenter(vms=vms))
        self.watch = Follower(self._server.url, self._server.password, RENAMES, stack)
        self._ids = itertools.cycle(self.watch.ids[:TARGETS])

    def rename(self) -> None:
        """Rename the next VM to the current time."""
        self._server.change(next(self._ids), "name", str(time.monotonic_ns()))


def measure() -> list[Figures]:
    with contextlib.ExitStack() as stack:
        watched = [Watched(vms, stack) for vms in SIZES]
        start = time.monotonic()
        for number in range(RENAMES):
            for position, each in enumerate(watched):
                moment = start + ROUND * (number + position / len(watched))
                time.sleep(max(0.0, moment - time.monotonic()))
                each.rename()
        return [each.watch.figures() for each in watched]


def main() -> None:
    small, large = measure()
    print(f"{RENAMES:,} renames in each vCenter, all fields watched")
    print(f"  {'VMs':>8} {'CPU an event':>14} {'median latency':>15} {'99 % within':>12}")
    for vms, (cpu, median, slow) in zip(SIZES, (small, large), strict=True):
        print(f"  {vms:8,} {cpu * 1e6:11.0f} us {median * 1000:12.1f} ms {slow * 1000:9.1f} ms")
    print(f"  CPU an event, {SIZES[1]:,} VMs to {SIZES[0]}: {large.cpu / small.cpu:.2f} (goal: at most 1.2)")
    print("  goal for latency: less than 20 ms")


if __name__ == "__main__":
    main()
