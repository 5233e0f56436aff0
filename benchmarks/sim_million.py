"""A lab with a million VMs in a file: how long creating and listing it takes, and the memory for listing."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from hvlib_sim.lab.lab_creation import create_lab
from hvlib_sim.lab.settings import Settings

LIST = """
import re, sys, time
from pathlib import Path
import hvlib
with hvlib.connect(sys.argv[1]) as provider:
    began = time.perf_counter()
    count = sum(1 for vm in provider.compute.vms.get_all())
    seconds = time.perf_counter() - began
print(count, seconds, re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def measure(path: Path, vms: int) -> int:
    """Make a lab, and list all fields in a separate process. Return that process's peak memory in KiB."""
    began = time.perf_counter()
    create_lab(path, Settings(vms=vms, hosts=max(vms // 2500, 4)))
    made = time.perf_counter() - began
    command = [sys.executable, "-c", LIST, f"sim://{path}"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    listed, seconds, kib = int(output[0]), float(output[1]), int(output[2])
    size = path.stat().st_size / 1e6
    print(f"{listed:9,} VMs: made in {made:5.1f} s, {size:5.0f} MB; listed in {seconds:4.1f} s, {kib / 1024:3.0f} MiB")
    return kib


def main() -> None:
    with TemporaryDirectory() as directory:
        small = measure(Path(directory) / "small.db", 1_000)
        large = measure(Path(directory) / "large.db", 1_000_000)
    print(f"a million take {(large - small) / 1024:.1f} MiB more than a thousand (bound: 30)")


if __name__ == "__main__":
    main()
