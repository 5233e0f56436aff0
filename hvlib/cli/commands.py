"""Commands: the commands of `hv`, from the tables of kinds and operations, and from entry points."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import entry_points
from pkgutil import resolve_name
from typing import Any

from cliff.command import Command
from cliff.commandmanager import CommandManager, EntryPointWrapper

from hvlib.cli.kinds import LISTED_KINDS
from hvlib.cli.operations import OPERATIONS

__all__ = ["Commands"]


class Commands(CommandManager):
    """The commands of the tables and of a group of entry points: ``vm_watch`` is ``hv vm watch``.

    A command is imported when it is needed. An entry point can't replace a command of the tables.
    """

    def load_commands(self, namespace: str) -> None:
        """List the tables' rows and the group's entry points. Imports none of them, unlike cliff's own method."""
        self.group_list.append(namespace)
        for command in table_commands():
            self.commands.setdefault(command.name, command)
        for point in entry_points(group=namespace):
            self.commands.setdefault(point.name.replace("_", " "), point)


class TableCommand(EntryPointWrapper):
    """The command that a table's row describes.

    | maker: the function that makes the command's class from the row, named as in an entry point
    """

    def __init__(self, name: str, maker: str, row: object) -> None:
        self.name = name
        self._maker = maker
        self._row = row

    @property
    def value(self) -> str:
        """The name of the function that makes the command."""
        return self._maker

    def load(self) -> type[Command]:
        """Make the command's class."""
        make: Any = resolve_name(self._maker)
        command: type[Command] = make(self._row)
        return command


def table_commands() -> Iterator[TableCommand]:
    """Make a command for each row of the operations, and two for each row of the kinds."""
    for kind in LISTED_KINDS:
        yield TableCommand(f"{kind.word} list", "hvlib.cli.listing:list_command", kind)
        yield TableCommand(f"{kind.word} show", "hvlib.cli.listing:show_command", kind)
    for operation in OPERATIONS:
        yield TableCommand(f"vm {operation.word}", "hvlib.cli.operate:operate_command", operation)
