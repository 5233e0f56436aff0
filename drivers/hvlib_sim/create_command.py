"""``hv sim create``: make a lab in a file."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote

from cliff.command import Command

from hvlib.model.errors import ConfigError

__all__ = ["CreateLab"]


class CreateLab(Command):
    """Make a simulated lab in a file, which processes can share. Its address is sim:///PATH."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The command's options."""
        from hvlib_sim.lab.settings import Settings

        default = Settings()
        parser: argparse.ArgumentParser = super().get_parser(prog_name)
        parser.add_argument("path", metavar="PATH", type=Path, help="the new file")
        add_setting(parser, "vms", "N", f"number of virtual machines ({default.vms})")
        add_setting(parser, "hosts", "N", f"number of hosts ({default.hosts})")
        add_setting(parser, "seed", "N", f"random seed: the same options make the same objects ({default.seed})")
        add_setting(parser, "task_time", "SECONDS", f"duration of an operation ({default.task_time})")
        add_setting(parser, "password", "TEXT", "password that a login needs; the file holds it in plain text")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Make the lab, and print a command that uses it."""
        from hvlib_sim.lab.lab_creation import create_lab
        from hvlib_sim.lab.settings import SETTINGS, Settings

        given = {name: getattr(parsed_args, name) for name in SETTINGS}
        settings = Settings(**{name: value for name, value in given.items() if value is not None})
        path: Path = parsed_args.path.absolute()
        with progress_bar(settings.vms, self.app.stderr) as progress:
            create_lab(path, settings, progress)
        address = shlex.quote(f"sim://{quote(str(path))}")
        message = f"made a lab with {settings.vms:,} VMs on {settings.hosts:,} hosts"
        self.app.stdout.write(f"{message}: hv -P {address} vm list\n")


def add_setting(parser: argparse.ArgumentParser, name: str, metavar: str, help: str) -> None:
    """Add an option for one of the lab's settings."""
    from hvlib_sim.lab.settings import SETTINGS

    def read(text: str) -> Any:
        try:
            return SETTINGS[name](name, text)
        except ConfigError as error:
            raise argparse.ArgumentTypeError(f"{text!r} is not valid: {error.hint}") from error

    parser.add_argument(f"--{name.replace('_', '-')}", metavar=metavar, type=read, help=help)


@contextmanager
def progress_bar(total: int, stream: TextIO) -> Iterator[Callable[[int], object]]:
    """Show a progress bar if the stream is a terminal. Yields the function that moves the bar."""
    if not stream.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=stream)) as progress:
        bar = progress.add_task("VMs", total=total)
        yield lambda done: progress.update(bar, completed=done)
