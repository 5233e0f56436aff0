"""The commands ``hv driver list`` and ``hv driver show``."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint
from typing import Any

from cliff.lister import Lister
from cliff.show import ShowOne

from hvlib.api import registry
from hvlib.cli.app import HvApp
from hvlib.cli.columns import several
from hvlib.model.errors import DriverNotFound

__all__ = ["ListDrivers", "ShowDriver"]


class ListDrivers(Lister):
    """List the drivers that are installed."""

    app: HvApp

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Iterable[Any]]:  # noqa: ARG002
        """The drivers. For a driver that can't be loaded, the description is the reason."""
        rows = [(name, _description(name), *_distribution(point)) for name, point in registry.installed().items()]
        return ("name", "description", "distribution", "version"), rows


class ShowDriver(ShowOne):
    """Show a driver: its addresses and options."""

    app: HvApp

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The command's options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="NAME")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Iterable[Any]]:
        """The driver's own description of itself."""
        driver = registry.load(parsed_args.name)
        point = registry.installed()[parsed_args.name]
        distribution, version = _distribution(point)
        found = {
            "name": parsed_args.name,
            "description": driver.description,
            "distribution": distribution,
            "version": version,
            "entry_point": point.value,
            "options": several(sorted(driver.options), parsed_args.formatter),
            "usage": inspect.getdoc(type(driver)),
        }
        return self.dict2columns(found)


def _description(name: str) -> str:
    try:
        return registry.load(name).description
    except DriverNotFound as error:
        return str(error)


def _distribution(point: EntryPoint) -> tuple[str, str]:
    found = point.dist
    return (found.name, found.version) if found else ("", "")
