"""How many files and functions of hvlib a call uses, in all threads, and how many requests it sends, on vcsim.

This shows how much code a reader has to follow: ``tests/servers/run vcsim -- python benchmarks/crossings.py``
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType

import hvlib


class Crossed:
    """The functions that were called."""

    def __init__(self) -> None:
        self.code: set[CodeType] = set()

    def note(self, frame: FrameType, event: str, _argument: object) -> None:
        """Note a call into hvlib or a driver. The interpreter's profiler calls it."""
        if event == "call" and str(frame.f_globals.get("__name__", "")).partition(".")[0].startswith("hvlib"):
            self.code.add(frame.f_code)

    @property
    def files(self) -> int:
        """The number of files that have these functions."""
        return len({code.co_filename for code in self.code})


@contextmanager
def crossing() -> Iterator[Crossed]:
    """Note the functions that are called until the end of the block."""
    crossed = Crossed()
    threading.setprofile(crossed.note)
    sys.setprofile(crossed.note)
    try:
        yield crossed
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def synced(provider: hvlib.Provider) -> None:
    """Watch VMs until all existing VMs are delivered."""
    with provider.compute.vms.watch() as watch:
        for event in watch:
            if event.type == "SYNCED":
                return


def main() -> None:
    """Print one line for each call."""
    with hvlib.connect() as provider:
        vms = provider.compute.vms
        halted = vms.get_all(power_state="running").all()[0].stop().wait()
        running = vms.get_all(power_state="running").all()[0]
        stopping = running.stop()
        calls: dict[str, Callable[[], object]] = {
            "get_all().all()": lambda: vms.get_all().all(),
            "start()": halted.start,
            "wait() after stop()": stopping.wait,
            "watch to SYNCED": lambda: synced(provider),
        }
        for name, call in calls.items():
            with provider.count_requests() as requests, crossing() as crossed:
                call()
            print(f"{name:20} {crossed.files:3} files {len(crossed.code):4} functions {requests.total:3} requests")


if __name__ == "__main__":
    main()
