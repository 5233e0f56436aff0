"""The operations on VMs that ``hv`` knows: a row makes the command ``vm WORD``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from hvlib.model import actions
from hvlib.model.actions import Action

__all__ = ["OPERATIONS", "Operation"]


class Operation(NamedTuple):
    """An operation as the command line knows it.

    | action: makes the action; it takes the flags
    | flags: the command's own options, and their help
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
        flags={"hard": "reset, without asking the guest"},
    ),
    Operation("suspend", actions.Suspend, "Write the memory of virtual machines to disk and stop them."),
    Operation("resume", actions.Resume, "Let suspended virtual machines go on."),
)
