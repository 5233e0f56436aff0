"""A process that watches VMs and measures each event, and its figures, for the benchmarks of watches.

    python benchmarks/watch_follower.py URL PASSWORD EVENTS

A VM's new name is the time of its renaming, in nanoseconds of the monotonic clock.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import statistics
import subprocess
import sys
import time
from typing import Any, NamedTuple

import hvlib
from hvlib.model.event import EventType

__all__ = ["Figures", "Follower"]


class Figures(NamedTuple):
    """Processor time for an event, and the time from change to event: the median, and the bound of 99 %. In seconds."""

    cpu: float
    median: float
    slow: float


class Follower:
    """A process that watches all fields of the VMs of a server. ``ids``: the VMs that it has found."""

    def __init__(self, url: str, password: str, events: int, stack: contextlib.ExitStack) -> None:
        command = [sys.executable, __file__, url, password, str(events)]
        self._process = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        stack.callback(self._process.kill)
        self.ids: list[str] = self._line()

    def figures(self) -> Figures:
        """Wait for the last event, and return the figures."""
        cpu, latencies = self._line()
        return Figures(cpu, statistics.median(latencies), statistics.quantiles(latencies, n=100)[98])

    def _line(self) -> Any:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())


def follow(url: str, password: str, events: int) -> None:
    """Watch VMs. Print their ids, then the processor time for an event, and the latencies."""
    with hvlib.connect(url, password=password) as provider, provider.compute.vms.watch() as watch:
        snapshot = list(itertools.takewhile(lambda event: event.type is not EventType.SYNCED, watch))
        print(json.dumps([event.ref.id for event in snapshot if event.ref]), flush=True)
        del snapshot
        latencies, start = [], time.process_time()
        for event in itertools.islice(watch, events):
            assert event.resource
            latencies.append((time.monotonic_ns() - int(event.resource.name_label)) / 1e9)
        seconds = time.process_time() - start
    print(json.dumps([seconds / len(latencies), latencies]), flush=True)


if __name__ == "__main__":
    follow(sys.argv[1], sys.argv[2], int(sys.argv[3]))
