"""The command `run`: start a server, run a command with the environment that reaches it, end the server."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

from servers.go_toolchain import ToolchainMissing
from servers.grove import Grove
from servers.openstack.openstack import OpenStack
from servers.openstack_replay.replay import OpenStackReplay
from servers.process import ServerFailed
from servers.server import Server
from servers.sim import Sim
from servers.vcenter.vcenter import VCenter
from servers.vcsim import Vcsim
from servers.xapi import Xapi

__all__ = ["SERVERS", "main"]

SERVERS: tuple[type[Server], ...] = (Grove, OpenStack, OpenStackReplay, Sim, VCenter, Vcsim, Xapi)

ENDING = (signal.SIGTERM, signal.SIGHUP)
END_TIMEOUT = 10.0
NOT_EXECUTABLE, NOT_FOUND = 126, 127  # the statuses of a shell for these errors


def main(arguments: Sequence[str]) -> int:
    """Do what the arguments say, and return the command's status."""
    own, command = _split(arguments)
    parser = _parser()
    options = vars(parser.parse_args(own))
    name, build = options.pop("name"), options.pop("build")
    chosen = {server.name: server for server in SERVERS}
    for number in ENDING:
        signal.signal(number, _end)
    try:
        if build:
            chosen[build].build()
            return 0
        if not name or not command:
            parser.error("which server?" if not name else "no command: write it after --")
        with chosen[name].from_options(argparse.Namespace(**options)) as server:
            return _run(command, server.environment)
    except (ServerFailed, ToolchainMissing) as error:
        print(f"run: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        return error.returncode  # the compiler has printed the error
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


class _Parser(argparse.ArgumentParser):
    """A parser whose errors list the servers with their options."""

    servers: list[argparse.ArgumentParser]

    def error(self, message: str) -> NoReturn:
        lines = "".join(server.format_usage().replace("usage:", "      ", 1) for server in self.servers)
        self.exit(2, f"{self.format_usage()}{lines}run: error: {message}\n")


def _parser() -> _Parser:
    parser = _Parser(prog="run", description=__doc__, usage="run NAME [options] -- COMMAND\n       run --build NAME")
    parser.add_argument(
        "--build", metavar="NAME", choices=[s.name for s in SERVERS], help="only compile or install a server"
    )
    names = parser.add_subparsers(dest="name", metavar="NAME", parser_class=argparse.ArgumentParser)
    parser.servers = [_add_server(names, server) for server in SERVERS]
    return parser


def _add_server(
    names: argparse._SubParsersAction[argparse.ArgumentParser], server: type[Server]
) -> argparse.ArgumentParser:
    parser = names.add_parser(server.name, prog=f"run {server.name}", help=server.about, description=server.about)
    server.add_options(parser)
    parser.usage = parser.format_usage().removeprefix("usage: ").rstrip() + " -- COMMAND"
    return parser


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Separate our arguments from the command, whose own arguments may start with dashes."""
    everything = list(arguments)
    if "--" not in everything:
        return everything, []
    at = everything.index("--")
    return everything[:at], everything[at + 1 :]


def _end(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)


def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    """Run a command and return its status, as a shell would. It never outlives this function."""
    process: subprocess.Popen[bytes] | None = None
    try:
        with _signals_held_back() as arrived:
            process = subprocess.Popen(command, env={**os.environ, **environment})
        for number in arrived:
            signal.raise_signal(number)
        status = process.wait()
    except OSError as error:
        print(f"run: {command[0]}: {error.strerror}", file=sys.stderr)
        return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
    except KeyboardInterrupt:
        if process is None:
            raise
        status = _wait_or_kill(process)  # the terminal sent SIGINT to the command too: let it end by itself
    finally:
        if process is not None:
            process.terminate()  # does nothing if the command has ended
            _wait_or_kill(process)
    return status if status >= 0 else 128 - status


@contextmanager
def _signals_held_back() -> Iterator[list[int]]:
    """Hold back the signals that would end us while a process starts, so that it is never left behind. Yields them."""
    arrived: list[int] = []
    handlers = {number: signal.getsignal(number) for number in (*ENDING, signal.SIGINT)}
    for number in handlers:
        signal.signal(number, lambda number, _: arrived.append(number))
    try:
        yield arrived
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _wait_or_kill(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(END_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
