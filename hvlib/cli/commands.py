"""Commands: what `hv` can do, by entry point."""

from __future__ import annotations

from importlib.metadata import entry_points

from cliff.commandmanager import CommandManager

__all__ = ["Commands"]


class Commands(CommandManager):
    """The commands of a group of entry points: ``vm_list`` is ``hv vm list``. One is imported when it is needed."""

    def load_commands(self, namespace: str) -> None:
        """Note the group's entry points; cliff's own method imports every one of them."""
        self.group_list.append(namespace)
        for point in entry_points(group=namespace):
            self.commands.setdefault(point.name.replace("_", " "), point)
