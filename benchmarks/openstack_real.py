"""Listing 2,000 servers of an OpenStack region with the real services: hvlib against the bare pages.

Nova takes seconds for a page: the time that a client adds must not matter. The bare pages are fetched by the SDK's
session, and only parsed. The clients take turns; each run is a separate process.

    python benchmarks/openstack_real.py
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from openstack_clients import CLIENTS, Figures, run_client
from servers.openstack.openstack import OpenStack

SERVERS = 2_000
ROUNDS = 5
BARE = "session"
NAMES = (BARE, "hvlib", "hvlib-own")


def measure(variables: Mapping[str, str]) -> Mapping[str, Sequence[Figures]]:
    """Run the clients in turns, in each second round in reverse order. The region's first replies do not count."""
    run_client(BARE, variables)
    runs: dict[str, list[Figures]] = {name: [] for name in NAMES}
    for number in range(ROUNDS):
        for name in NAMES if number % 2 else reversed(NAMES):
            runs[name].append(run_client(name, variables))
    assert all(each.servers == SERVERS for figures in runs.values() for each in figures), runs
    return runs


def main() -> None:
    with OpenStack(SERVERS) as region:
        runs = measure(region.environment)
    seconds = {name: statistics.median(each.seconds for each in figures) for name, figures in runs.items()}
    print(f"{SERVERS:,} servers of the real services; medians of {ROUNDS} processes each")
    for name, taken in seconds.items():
        print(f"  {CLIENTS[name].title:38} {taken:6.2f} s {taken / seconds[BARE]:6.2f} times the bare pages' time")
    print("  goal for hvlib: at most 1.1 times")


if __name__ == "__main__":
    main()
