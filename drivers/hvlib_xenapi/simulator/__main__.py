"""``python -m hvlib_xenapi.simulator``: prints one line of JSON when it is ready, ends when standard input closes."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from hvlib_xenapi.simulator.settings import Settings
from hvlib_xenapi.simulator.simulator import Simulator

__all__ = ["main"]


def main(arguments: list[str]) -> None:
    """Serve until standard input closes."""
    options = _parser().parse_args(arguments)
    settings = Settings(
        **{name: getattr(options, name) for name in Settings.__dataclass_fields__ if getattr(options, name) is not None}
    )
    with Simulator(
        settings,
        members=options.members,
        port=options.port,
        tls_port=options.tls_port if options.certificate else None,
        certificate=options.certificate,
        unix_socket=options.unix_socket,
    ) as simulator:
        print(json.dumps(_ready(simulator)), flush=True)
        sys.stdin.buffer.read()
    os._exit(0)  # calls that wait for events have threads of their own


def _ready(simulator: Simulator) -> dict[str, str]:
    """Say where the members are; lists are parted by spaces."""
    ready = {"addresses": " ".join(simulator.addresses), "port": str(simulator.port), "door": str(simulator.door)}
    if simulator.tls_port:
        ready["tls_port"] = str(simulator.tls_port)
    if simulator.unix_socket:
        ready["unix_socket"] = str(simulator.unix_socket)
    return ready


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hvlib_xenapi.simulator", description=__doc__)
    add, default = parser.add_argument, Settings()
    add("--vms", type=int, help=f"virtual machines, beside templates and control domains ({default.vms})")
    add("--hosts", type=int, help=f"hosts ({default.hosts})")
    add("--members", type=int, default=1, help="hosts that answer, at 127.0.0.1, 127.0.0.2 and so on (%(default)s)")
    add("--port", type=int, default=0, help="port of HTTP at each member; 0 is any (%(default)s)")
    add(
        "--certificate",
        type=Path,
        metavar="PEM",
        help="serve HTTPS too, with this key and certificate; made if need be",
    )
    add("--tls-port", type=int, default=0, metavar="PORT", help="port of HTTPS; 0 is any (%(default)s)")
    add("--unix-socket", type=Path, metavar="PATH", help="serve there too, where everyone is root")
    add("--seed", metavar="TEXT", help=f"pools of different seeds are different pools ({default.seed})")
    add("--user", help=f"who may log in ({default.user})")
    add("--password", help=f"with which password ({default.password})")
    for name, text in (
        ("task-time", "how long each operation takes"),
        ("login-penalty", "how long a wrong password takes"),
        ("idle", "end sessions idle this long"),
        ("event-delay", "how long event.from collects events"),
        ("patience", "how long a call waits for another on the same object"),
    ):
        value = getattr(default, name.replace("-", "_"))
        add(f"--{name}", type=float, metavar="SECONDS", help=f"{text} ({value:g})")
    add("--session-cap", type=int, metavar="COUNT", help=f"sessions of an originator ({default.session_cap})")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])
