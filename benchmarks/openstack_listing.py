"""Listing 10,000 servers of an OpenStack region: hvlib against openstacksdk, gophercloud and libcloud.

Pages of 1,000 are served from the memory of another process, so that the clients are measured and not a region. Every
run is a separate process, which connects, logs in, and lists once. Figures are medians of several runs; only their
ratios matter. Libcloud is installed into a temporary folder; gophercloud is compiled in build/.

    python benchmarks/openstack_listing.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from openstack_clients import CLIENTS, MICROVERSION, Figures, run, run_client
from servers import go_toolchain
from servers.openstack_replay.replay import OpenStackReplay

SERVERS = 10_000
ROUNDS = 7
SLOW = {"sdk": 3}
"""Slow clients, with their smaller number of runs."""

LIBCLOUD = "apache-libcloud==3.9.1"
GOPHERCLOUD = Path(__file__).with_name("gophercloud")

TITLES = {
    **{name: client.title for name, client in CLIENTS.items()},
    "gophercloud": "gophercloud, Pager and ExtractServers",
}

Runs = Mapping[str, Sequence[Figures]]


def run_gophercloud(variables: Mapping[str, str]) -> Figures:
    """Measure gophercloud, which reads the domain from a different variable."""
    domain = {"OS_DOMAIN_NAME": variables["OS_USER_DOMAIN_NAME"]}
    return run([str(go_toolchain.executable(GOPHERCLOUD)), MICROVERSION], {**variables, **domain})


def measure(variables: Mapping[str, str]) -> Runs:
    """Run the clients in turns, so that other load of the machine affects all alike. Return the figures."""
    run_client("hvlib", variables)  # The replay encodes some replies at the first request.
    runs: dict[str, list[Figures]] = {name: [] for name in TITLES}
    for number in range(ROUNDS):
        for name, figures in runs.items():
            if number < SLOW.get(name, ROUNDS):
                figures.append(run_gophercloud(variables) if name == "gophercloud" else run_client(name, variables))
    assert all(each.servers == SERVERS for figures in runs.values() for each in figures), runs
    return runs


def show(runs: Runs) -> None:
    def median(name: str, figure: Callable[[Figures], float]) -> float:
        return statistics.median(map(figure, runs[name]))

    def seconds(name: str) -> float:
        return median(name, lambda figures: figures.seconds)

    slowest, parsed = seconds("sdk"), seconds("session")
    print(f"{SERVERS:,} servers in pages of 1,000; medians of {ROUNDS} processes each, {SLOW['sdk']} of the SDK's")
    heads = f"{'seconds':>8} {'processor':>10} {'speed to SDK':>13} {'time to json':>13} {'peak':>9} {'growth':>10}"
    print(f"  {'':38} {heads}")
    for name, title in TITLES.items():
        taken, cpu = seconds(name), median(name, lambda figures: figures.cpu)
        peak, growth = median(name, lambda figures: figures.peak), median(name, lambda f: f.peak - f.before)
        print(
            f"  {title:38} {taken:8.3f} {cpu:8.3f} s {slowest / taken:13.1f} {taken / parsed:13.2f}"
            f" {peak:6.1f} MB {growth:7.1f} MB"
        )
    print("  goals for hvlib: 100 times as fast as the SDK, at most 1.5 times json; streamed, growth at most 20 MB")


def main() -> None:
    go_toolchain.build(GOPHERCLOUD)
    with tempfile.TemporaryDirectory() as folder, OpenStackReplay(SERVERS) as replay:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        subprocess.run([*pip, "--target", folder, LIBCLOUD], check=True)
        show(measure({**replay.environment, "PYTHONPATH": folder}))


if __name__ == "__main__":
    main()
