"""The commands ``hv provider list`` and ``hv provider check``."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Sequence
from typing import Any

from cliff.lister import Lister
from cliff.show import ShowOne

from hvlib.api.address import parse_endpoint
from hvlib.api.config import load_config
from hvlib.api.provider import Provider
from hvlib.cli.app import HvApp
from hvlib.cli.columns import several
from hvlib.model.errors import ConfigError, Unsupported
from hvlib.model.resources import KINDS

__all__ = ["CheckProvider", "ListProviders"]


class ListProviders(Lister):
    """List the providers of hvlib.yaml."""

    app: HvApp

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Iterable[Any]]:  # noqa: ARG002
        """The entries. Their passwords are not read."""
        config = load_config()
        if config.path is None:
            self.app.LOG.warning("no hvlib.yaml here, in the user's configuration directory, or in /etc/hvlib")
        rows = [(name, _address(entry.url), str(config.path)) for name, entry in config.entries.items()]
        return ("name", "url", "file"), rows


class CheckProvider(ShowOne):
    """Log in to a provider and show what it is."""

    app: HvApp

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The command's options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("target", metavar="NAME|URL", nargs="?", help="the provider, as for -P")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Iterable[Any]]:
        """The server's own description, the times of a login and a read, and the kinds and actions that it has."""
        provider = self.app.connect(parsed_args.target)
        began = time.monotonic()
        about = provider.about
        logged_in = time.monotonic()
        provider.compute.vms.get_all(fields=[], page_size=1).first()
        read = time.monotonic()
        facts = {
            "name": provider.name,
            "product": about.product,
            "version": about.version,
            "api_version": about.api_version,
            "uuid": about.uuid,
            "login_ms": round((logged_in - began) * 1000, 1),
            "read_ms": round((read - logged_in) * 1000, 1),
            "kinds": several(_kinds(provider), parsed_args.formatter),
            "vm_actions": several(
                sorted(action.name for action in provider.compute.vms.actions), parsed_args.formatter
            ),
        }
        return self.dict2columns(facts)


def _address(url: str) -> str:
    """An address without its secrets; for text that is no address, the error in parentheses."""
    try:
        return parse_endpoint(url).url
    except ConfigError as error:
        return f"({error})"


def _kinds(provider: Provider) -> list[str]:
    kinds: list[str] = []
    for kind in KINDS:
        try:
            provider.collection(kind).fields  # noqa: B018 -- asks whether the driver has the kind
        except Unsupported:
            continue
        kinds.append(kind)
    return kinds
