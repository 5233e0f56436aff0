"""The application: global options, the provider that a command works on, errors as a line and an exit status.

Exit status: 0 for success; 1 for an error, with a line on stderr that says what to do next; 2 for a wrong command line;
130 after Ctrl-C (129 SIGHUP, 143 SIGTERM); 141 if the reader of the output has gone.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from typing import Any, NoReturn, TextIO

from cliff.app import App
from cliff.command import Command

import hvlib
from hvlib.api.address import parse_endpoint
from hvlib.api.provider import Provider
from hvlib.cli.commands import Commands
from hvlib.cli.messages import OneLine
from hvlib.model.errors import ConfigError

__all__ = ["HvApp", "main"]

USAGE, INTERRUPTED, NO_READER = 2, 130, 141
LEVELS = {0: logging.ERROR, 1: logging.WARNING, 2: logging.INFO}


class HvApp(App):
    """The application ``hv``."""

    NAME = "hv"
    LOG = logging.getLogger("hv")

    def __init__(self, stdin: TextIO | None = None, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        super().__init__(
            description="List, watch and operate virtual machines on any hypervisor.",
            version=hvlib.__version__,
            command_manager=Commands("hvlib.cli"),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            deferred_help=True,
        )
        self._provider: Provider | None = None
        self._handlers: list[logging.Handler] = []

    def build_option_parser(
        self, description: str | None, version: str | None, argparse_kwargs: dict[str, Any] | None = None
    ) -> argparse.ArgumentParser:
        """The global options; they may stand anywhere on the command line."""
        given = {"prog": "hv", "allow_abbrev": False, **(argparse_kwargs or {})}
        parser = super().build_option_parser(description, version, given)
        group = parser.add_argument_group("provider")
        group.add_argument(
            "-P",
            "--provider",
            metavar="NAME|URL",
            help="An entry of hvlib.yaml, or an address (vsphere://USER@HOST); without it HVLIB_PROVIDER.",
        )
        group.add_argument("--cacert", metavar="FILE", help="Verify the server's certificate with this PEM file.")
        group.add_argument("--insecure", action="store_true", help="Do not verify the server's certificate.")
        group.add_argument("--timeout", metavar="SECONDS", type=seconds, help="Time limit of one request (30).")
        return parser

    def configure_logging(self) -> None:
        """Send warnings and errors to stderr, more with -v, and everything to a --log-file."""
        root = logging.getLogger()
        console = logging.StreamHandler(self.stderr)
        console.setLevel(LEVELS.get(self.options.verbose_level, logging.DEBUG))
        console.setFormatter(OneLine())
        self._handlers = [console]
        root.addHandler(console)
        root.setLevel(console.level)
        if self.options.log_file:
            file = logging.FileHandler(self.options.log_file, encoding="utf-8")
            file.setFormatter(logging.Formatter(self.LOG_FILE_MESSAGE_FORMAT))
            self._handlers.append(file)
            root.addHandler(file)
            root.setLevel(logging.DEBUG)

    def run(self, argv: list[str]) -> int:
        """Run one command. Returns the exit status; argparse raises SystemExit for help and wrong usage."""
        with warnings.catch_warnings():
            warnings.showwarning = self._show_warning
            warnings.filterwarnings("always", category=UserWarning, module=r"hvlib\b")
            root = logging.getLogger()
            level = root.level
            try:
                return super().run(argv)
            finally:
                root.setLevel(level)
                for handler in self._handlers:
                    root.removeHandler(handler)
                    handler.close()

    def run_subcommand(self, argv: list[str]) -> int:
        """Run a command. An unknown command is wrong usage."""
        try:
            self.command_manager.find_command(argv)
        except ValueError:
            self.LOG.error("no command %r (%s)", " ".join(argv), self._advise(argv))
            return USAGE
        return super().run_subcommand(argv)

    def interact(self) -> None:
        """Without a command, list the commands."""
        self.options.deferred_help = True
        self.print_help_if_requested()

    def connect(self, target: str | None = None) -> Provider:
        """The provider that ``target``, or else the global options, name. It is closed when the command ends."""
        options = self.options
        chosen = target or options.provider
        if not chosen and not os.environ.get("HVLIB_PROVIDER"):
            raise ConfigError("no provider given", hint="hv -P NAME|URL, or set HVLIB_PROVIDER")
        self._provider = hvlib.connect(
            chosen,
            password=self._ask_password(chosen),
            verify=False if options.insecure else None,
            cacert=options.cacert,
            timeout=options.timeout,
        )
        return self._provider

    def clean_up(self, cmd: Command, result: int, err: BaseException | None) -> None:  # noqa: ARG002
        """Log out, however the command ended."""
        if self._provider is not None:
            self._provider.close()

    def _ask_password(self, chosen: str | None) -> str | None:
        """Ask for the password of an address that has a user and no password.

        Returns None if there is nothing to ask for, or no terminal to ask on.
        """
        address = chosen or os.environ["HVLIB_PROVIDER"]
        given = chosen is None and "HVLIB_PASSWORD" in os.environ
        if given or "://" not in address or not self.stdin.isatty():
            return None
        endpoint = parse_endpoint(address)
        if endpoint.username is None or endpoint.password is not None:
            return None
        from getpass import getpass

        return getpass(f"Password for {endpoint.url}: ")

    def _advise(self, argv: Sequence[str]) -> str:
        """Text that suggests commands: all commands with the same noun, else similar commands."""
        from difflib import get_close_matches

        names = sorted(self.command_manager.commands)
        close = [name for name in names if name.split()[0] == argv[0]] or get_close_matches(" ".join(argv), names)
        return f"did you mean: {', '.join(close)}" if close else "hv --help lists the commands"

    def _show_warning(self, message: Warning | str, *_: object, **__: object) -> None:
        self.LOG.warning("%s", message)


def seconds(text: str) -> float:
    """An option's value: a time in seconds, more than 0."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise ValueError(text)
    return number


def _end(number: int, _: object) -> NoReturn:
    """End as after an error, so that the session is logged out. The exit status is the one that shells use."""
    raise SystemExit(128 + number)


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``hv`` and return the exit status. `hvlib_script` is the console script: it imports this module.

    A signal that the process was started to ignore stays ignored: SIGINT in a background job, SIGHUP under nohup.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _end)
    try:
        status = HvApp().run(list(sys.argv[1:] if argv is None else argv))
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        status = NO_READER
    except KeyboardInterrupt:
        status = INTERRUPTED
    if status == NO_READER:  # The buffer's rest can't be written, and the interpreter would print an error about it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status
