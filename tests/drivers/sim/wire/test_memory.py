"""A listing keeps one page in memory, not the inventory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hvlib_sim.lab.lab_creation import create_lab
from hvlib_sim.lab.settings import Settings

Start = Callable[..., Any]
MAX_DIFFERENCE_KIB = 30 * 1024

LISTING_PROGRAM = (
    "import pathlib, re, sys, hvlib\n"
    "with hvlib.connect(sys.argv[1]) as provider:\n"
    "    count = sum(1 for vm in provider.compute.vms.get_all())\n"
    "status = pathlib.Path('/proc/self/status').read_text()\n"
    "print(count, re.search(r'VmHWM:\\s+(\\d+) kB', status)[1])\n"
)
"""Reads VmHWM, as ru_maxrss of getrusage would include the memory of the process that starts this one."""


def peak(path: Path, vms: int, start: Start) -> int:
    """The peak memory, in KiB, of a process that lists a lab of so many VMs, all their fields."""
    create_lab(path, Settings(vms=vms))
    out, err = start(LISTING_PROGRAM, f"sim://{path}").communicate(timeout=60)
    assert err == ""
    count, kib = map(int, out.split())
    assert count == vms
    return kib


def test_a_hundred_times_the_vms_take_no_more_memory(tmp_path: Path, start: Start) -> None:
    small, large = peak(tmp_path / "small.db", 1_000, start), peak(tmp_path / "large.db", 100_000, start)
    assert large - small < MAX_DIFFERENCE_KIB
