"""``hv vm``."""

from __future__ import annotations

import argparse

from hvlib.cli.listing import ListResources, ShowResource
from hvlib.cli.operate import OperateVMs
from hvlib.model import actions
from hvlib.model.actions import Action
from hvlib.model.resources import VM

__all__ = [
    "ListVMs",
    "RebootVMs",
    "ResumeVMs",
    "ShowVM",
    "ShutdownVMs",
    "StartVMs",
    "StopVMs",
    "SuspendVMs",
]


class ListVMs(ListResources):
    """List virtual machines."""

    kind = VM
    state = "power_state"
    columns = ("name_label", "power_state", "vcpus", "memory_bytes", "ip_addresses", "host")


class ShowVM(ShowResource):
    """Show one virtual machine."""

    kind = VM


class StartVMs(OperateVMs):
    """Power virtual machines on."""

    action = actions.Start()


class StopVMs(OperateVMs):
    """Power virtual machines off, without asking their guests."""

    action = actions.Stop()


class ShutdownVMs(OperateVMs):
    """Ask the guests of virtual machines to shut down."""

    action = actions.Shutdown()


class RebootVMs(OperateVMs):
    """Ask the guests of virtual machines to restart."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The command's options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--hard", action="store_true", help="reset, without asking the guest")
        return parser

    def requested(self, args: argparse.Namespace) -> Action:
        """The action, hard if that was asked for."""
        return actions.Reboot(hard=args.hard)


class SuspendVMs(OperateVMs):
    """Write the memory of virtual machines to disk and stop them."""

    action = actions.Suspend()


class ResumeVMs(OperateVMs):
    """Let suspended virtual machines go on."""

    action = actions.Resume()
