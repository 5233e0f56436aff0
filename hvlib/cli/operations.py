"""The operations on VMs that ``hv`` offers. A row makes the command ``vm WORD``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from hvlib.model import actions
from hvlib.model.actions import Action

__all__ = ["OPERATIONS", "Operation"]


class Operation(NamedTuple):
    """An operation on the command line.

    | word: its name in commands
    | action: the function that makes the action from the flags
    | help: the first line of the command's help
    | flags: the names of the command's own options, with their help
    """

    word: str
    action: Callable[..., Action]
    help: str
    flags: Mapping[str, str] = MappingProxyType({})


OPERATIONS = (
    Operation("start", actions.Start, "Power virtual machines on."),
    Operation("stop", actions.Stop, "Power virtual machines off, without asking their guests."),
    Operation("shutdown", actions.Shutdown, "Ask the guests of virtual machines to shut down."),
    Operation(
        "reboot",
        actions.Reboot,
        "Ask the guests of virtual machines to restart.",
        flags={"hard": "reset the machines, without asking their guests"},
    ),
    Operation("suspend", actions.Suspend, "Write the memory of virtual machines to disk and stop them."),
    Operation("resume", actions.Resume, "Let suspended virtual machines run again."),
)
