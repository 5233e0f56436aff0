"""``python -m hvlib_xapi_simulator``: prints one line of JSON when it is ready, ends when standard input closes."""

from __future__ import annotations

import argparse
import json
import os
import sys

from hvlib_xapi_simulator.options import add_options, chosen_simulator
from hvlib_xapi_simulator.simulator import Simulator

__all__ = ["main"]


def main(arguments: list[str]) -> None:
    """Serve until standard input closes."""
    parser = argparse.ArgumentParser(prog="python -m hvlib_xapi_simulator", description=__doc__)
    add_options(parser)
    with chosen_simulator(parser.parse_args(arguments)) as simulator:
        print(json.dumps(_ready(simulator)), flush=True)
        sys.stdin.buffer.read()
    os._exit(0)  # without waiting for the threads of calls that wait for events


def _ready(simulator: Simulator) -> dict[str, str]:
    """Return the members' addresses and ports; a list is one text, separated by spaces."""
    ready = {"addresses": " ".join(simulator.addresses), "port": str(simulator.port), "door": str(simulator.door)}
    if simulator.tls_port:
        ready["tls_port"] = str(simulator.tls_port)
    if simulator.unix_socket:
        ready["unix_socket"] = str(simulator.unix_socket)
    return ready


if __name__ == "__main__":
    main(sys.argv[1:])
