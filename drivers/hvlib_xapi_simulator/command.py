"""``hv sim serve``: a simulated server, for any client of its protocol."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from cliff.command import Command

from hvlib.model.errors import ConfigError

if TYPE_CHECKING:
    from hvlib_xapi_simulator.simulator import Simulator

__all__ = ["ServeSimulator"]


class ServeSimulator(Command):
    """Serve a simulated XenServer pool on loopback, until Ctrl-C: for hvlib, XenAPI clients, XML-RPC, JSON-RPC."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The command's options."""
        from hvlib_xapi_simulator.options import add_options

        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--xapi", action="store_true", help="a pool of XenServer or XCP-ng")
        add_options(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Serve, and print the addresses."""
        from hvlib_xapi_simulator.options import chosen_simulator

        with ExitStack() as open:
            try:
                simulator = open.enter_context(chosen_simulator(parsed_args))
            except OSError as error:
                raise ConfigError(f"the simulator can't be started: {error}", hint="--port, --unix-socket") from error
            self.app.stdout.write("".join(f"{line}\n" for line in _lines(simulator, parsed_args.certificate)))
            self.app.stdout.flush()
            threading.Event().wait()


def _lines(simulator: Simulator, certificate: Path | None) -> Iterator[str]:
    settings, address = simulator.pool.settings, simulator.addresses[0]
    yield f"a pool with {settings.vms:,} VMs on {settings.hosts:,} hosts; its password: {settings.password}"
    yield f"  xenapi+http://{settings.user}@{address}:{simulator.port}"
    if simulator.tls_port:
        yield f"  xenapi://{settings.user}@{address}:{simulator.tls_port}  (--cacert {certificate})"
    if simulator.unix_socket:
        yield f"  xenapi+unix://{simulator.unix_socket.absolute()}"
