"""Operating: one action on the VMs that a command line names, followed to its end."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, TextIO, cast

from cliff.command import Command

from hvlib.cli.app import HvApp, seconds
from hvlib.cli.operations import Operation
from hvlib.cli.selection import select
from hvlib.model.actions import Action
from hvlib.model.errors import HvlibError, TaskTimeout
from hvlib.model.resources import VM
from hvlib.model.task import DEFAULT_TIMEOUT, Task
from hvlib.runtime.steps.task import StepsTask
from hvlib.runtime.wait_all import wait_all

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["OperateVMs", "break_off", "operate_command", "progress_bars"]

GOES_ON = "goes on at the server"


class OperateVMs(Command):
    """The same action on several VMs. Nothing is started unless every name is a VM's."""

    app: HvApp
    operation: ClassVar[Operation]

    def get_description(self) -> str:
        """The help's first line."""
        return self.operation.help

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The command's options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("names", metavar="NAME|UUID", nargs="+")
        parser.add_argument("--no-wait", action="store_true", help="end as soon as the server was asked")
        parser.add_argument(
            "--wait-timeout",
            metavar="SECONDS",
            type=seconds,
            default=DEFAULT_TIMEOUT,
            help="wait so long (%(default)g); what runs then goes on",
        )
        parser.add_argument("--dry-run", action="store_true", help="print what would be asked for, and ask for nothing")
        for flag, help in self.operation.flags.items():
            parser.add_argument(f"--{flag}", action="store_true", help=help)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Submit all, wait for all. Raises an ExceptionGroup of those that failed.

        A wait that is broken off says what becomes of each task that has not ended.
        """
        vms = select(self.app.connect().compute.vms, parsed_args.names)
        action = self.operation.action(**{flag: getattr(parsed_args, flag) for flag in self.operation.flags})
        if parsed_args.dry_run:
            for vm in vms:
                self.app.stdout.write(f"{vm.do(action, dry_run=True)}\n")
            return
        tasks: list[Task[Any]] = []
        try:
            failures = submit(vms, action, tasks)
            failures += self._wait(tasks, parsed_args)
        except (KeyboardInterrupt, SystemExit):
            running = [task for task in tasks if not task.follower.ended]
            for task, fate in break_off(running):
                self.app.LOG.error("%s %s", task, fate)
            raise
        if failures:
            raise ExceptionGroup(f"{len(failures)} of {len(vms)} failed", failures)

    def _wait(self, tasks: Sequence[Task[Any]], parsed_args: argparse.Namespace) -> list[Exception]:
        """Wait for the tasks; with --no-wait, for those alone that this process carries out."""
        own = [task for task in tasks if isinstance(task.follower, StepsTask)]
        errors = follow(own if parsed_args.no_wait else tasks, parsed_args.wait_timeout, self.app.stderr)
        unfinished = unfinished_of(tasks, errors)
        for task, fate in break_off(unfinished):
            error = unfinished[task]
            if not isinstance(error, TaskTimeout):
                error.args = (f"{task}: {error}",)
            error.hint = f"it {fate}"
        return errors


def operate_command(row: Operation) -> type[OperateVMs]:
    """The command of an operation."""

    class Operate(OperateVMs):
        operation = row

    return Operate


def submit(vms: Sequence[VM], action: Action, tasks: list[Task[Any]]) -> list[Exception]:
    """Ask for an action on each, and add the tasks to ``tasks``. Returns the refusals."""
    refused: list[Exception] = []
    for vm in vms:
        try:
            tasks.append(vm.do(action))
        except HvlibError as error:
            error.args = (f"{action} VM {vm.name_label}: {error}",)
            refused.append(error)
    return refused


def follow(tasks: Sequence[Task[Any]], timeout: float, stream: TextIO) -> list[Exception]:
    """Wait for all, with progress bars on a terminal: the errors of those that failed or still run."""
    from rich.console import Console

    with progress_bars(tasks, Console(file=stream)) as moved:
        try:
            wait_all(tasks, timeout=timeout, on_progress=moved)
        except ExceptionGroup as group:
            return list(group.exceptions)
        except HvlibError as error:
            return [error]
        for task in tasks:
            moved(task, 1.0)
    return []


def unfinished_of(tasks: Sequence[Task[Any]], errors: Iterable[Exception]) -> dict[Task[Any], HvlibError]:
    """The tasks whose end was not awaited, with the errors that say why."""
    named = {(task.ref, task.target): task for task in tasks}
    found: dict[Task[Any], HvlibError] = {}
    for error in errors:
        task = named.get((error.task, error.ref)) if isinstance(error, HvlibError) else None
        if task is not None and (isinstance(error, TaskTimeout) or not task.follower.ended):
            found[task] = cast(HvlibError, error)
    return found


def break_off(tasks: Collection[Task[Any]]) -> Iterator[tuple[Task[Any], str]]:
    """Close the providers of tasks, and yield each task with what becomes of it, as the end of a sentence."""
    for provider in {task.provider for task in tasks}:
        provider.close()
    for task in tasks:
        yield task, _fate(task)


def _fate(task: Task[Any]) -> str:
    if not isinstance(task.follower, StepsTask):
        return GOES_ON
    if not task.follower.ended:
        return "could not be taken back in time"
    if task.error is None:
        return "was done"
    left = f", but for {' '.join(map(str, task.left))}" if task.left else ""
    return f"was taken back{left}"


@contextmanager
def progress_bars(tasks: Sequence[Task[Any]], console: Console) -> Iterator[Callable[[Task[Any], float], object]]:
    """A bar for each task, below what else the console prints; the function that this gives moves them.

    Nothing where there is no terminal.
    """
    if not console.file.isatty():
        yield lambda *_: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bars = {id(task): progress.add_task(str(task), total=1.0) for task in tasks}
        yield lambda task, fraction: progress.update(bars[id(task)], completed=fraction)
