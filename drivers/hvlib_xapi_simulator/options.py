"""The options of a command that serves a simulated pool."""

from __future__ import annotations

import argparse
from pathlib import Path

from hvlib_xapi_simulator.settings import Settings
from hvlib_xapi_simulator.simulator import Simulator

__all__ = ["add_options", "chosen_simulator"]

SECONDS = (
    ("task-time", "how long each operation takes"),
    ("login-penalty", "how long a wrong password takes"),
    ("idle", "end sessions idle this long"),
    ("collection", "how often ended tasks are removed"),
    ("event-delay", "how long event.from collects events"),
    ("patience", "how long a call waits for another on the same object"),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add every option of a simulated pool to a parser."""
    add, default = parser.add_argument, Settings()
    add("--vms", type=int, metavar="N", help=f"virtual machines, besides templates and control domains ({default.vms})")
    add("--hosts", type=int, metavar="N", help=f"hosts ({default.hosts})")
    add("--members", type=int, default=1, metavar="N", help="hosts that answer, at 127.0.0.1, 127.0.0.2 and so on (1)")
    add("--port", type=int, default=0, help="port of HTTP at each member (any)")
    add(
        "--certificate",
        type=Path,
        metavar="PEM",
        help="serve HTTPS too, with this key and certificate; made if there is no such file",
    )
    add("--tls-port", type=int, default=0, metavar="PORT", help="port of HTTPS (any)")
    add("--unix-socket", type=Path, metavar="PATH", help="serve on this socket too, where every user is root")
    add("--seed", metavar="TEXT", help=f"pools with different seeds have different uuids ({default.seed})")
    add("--user", help=f"user who may log in ({default.user})")
    add("--password", help=f"password of the user ({default.password})")
    for name, text in SECONDS:
        value = getattr(default, name.replace("-", "_"))
        add(f"--{name}", type=float, metavar="SECONDS", help=f"{text} ({value:g})")
    add("--session-cap", type=int, metavar="N", help=f"sessions that an originator may have ({default.session_cap})")
    add("--anonymous-cap", type=int, metavar="N", help=f"sessions of root without originator ({default.anonymous_cap})")


def chosen_simulator(options: argparse.Namespace) -> Simulator:
    """The simulator that the options describe; it is not started yet."""
    given = {name: getattr(options, name) for name in Settings.__dataclass_fields__}
    return Simulator(
        Settings(**{name: value for name, value in given.items() if value is not None}),
        members=options.members,
        port=options.port,
        tls_port=options.tls_port if options.certificate else None,
        certificate=options.certificate,
        unix_socket=options.unix_socket,
    )
