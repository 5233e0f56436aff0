"""How long `import hvlib` and `hv --help` take, compared with a bare interpreter: medians of several runs."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 11


def median_seconds(command: list[str]) -> float:
    seconds = []
    for _ in range(RUNS):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


def main() -> None:
    hv = str(Path(sys.executable).with_name("hv"))
    bare = median_seconds([sys.executable, "-c", "pass"])
    imported = median_seconds([sys.executable, "-c", "import hvlib"])
    helped = median_seconds([hv, "--help"])
    print(f"python -c pass      {bare * 1000:6.0f} ms")
    own = imported - bare
    print(f"import hvlib        {imported * 1000:6.0f} ms in all, {own * 1000:.0f} ms for hvlib (bound: 80)")
    print(f"hv --help           {helped * 1000:6.0f} ms (bound: 400)")


if __name__ == "__main__":
    main()
