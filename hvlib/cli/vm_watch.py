"""The command ``hv vm watch``."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from typing import Any

from cliff.command import Command

from hvlib.cli.app import HvApp
from hvlib.cli.columns import chosen_columns, short
from hvlib.cli.filters import add_filter_options, chosen_filters
from hvlib.cli.kinds import VMS
from hvlib.model.event import Event, EventType
from hvlib.model.resources import VM

__all__ = ["WatchVMs", "event_line"]


class WatchVMs(Command):
    """Print what happens to virtual machines, as it happens.

    First a line for each existing machine (ADDED), then SYNCED, then a line for each change, until Ctrl-C.
    """

    app: HvApp

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The command's options."""
        parser = super().get_parser(prog_name)
        add_filter_options(parser, VMS)
        parser.add_argument(
            "-f",
            "--format",
            choices=("text", "json"),
            default="text",
            help="a line of text, or of JSON, for each event (text)",
        )
        parser.add_argument(
            "-c",
            "--column",
            dest="columns",
            metavar="COLUMN",
            action="append",
            default=[],
            help="watch this field; can be repeated (all)",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Print the events until the reader goes away or somebody presses Ctrl-C."""
        provider = self.app.connect()
        vms = provider.compute.vms
        fields = {"name_label", *chosen_columns(VM, parsed_args.columns, vms.fields, vms.fields)} - {"ref"}
        filters = chosen_filters(parsed_args, provider, VMS)
        line = _json if parsed_args.format == "json" else _text
        with vms.watch(fields=fields, **filters) as watch:
            for event in watch:
                self.app.stdout.write(f"{line(event)}\n")
                self.app.stdout.flush()


def event_line(event: Event[VM]) -> str:
    """An event in words: its type, the VM's name, and the new values.

    ``MODIFIED  web-1  power_state=running``
    """
    record = event.resource
    name = "" if event.ref is None else event.ref.id
    shown: list[str] = []
    if record is not None:
        name = record.name_label if "name_label" in record.loaded else name
        shown = [field for field in record.all_fields() if field in (event.changed or ())]
    if event.type is EventType.ADDED:
        shown = [field for field in (VMS.state,) if record is not None and field in record.loaded]
    values = " ".join(f"{field}={short(getattr(record, field))}" for field in shown)
    return f"{event.type:<8}  {name}  {values}".rstrip()


def _text(event: Event[VM]) -> str:
    return f"{datetime.now():%Y-%m-%d %H:%M:%S}  {event_line(event)}"


def _json(event: Event[VM]) -> str:
    fields: dict[str, Any] = {
        "time": datetime.now(UTC).isoformat(),
        "type": event.type,
        "ref": None if event.ref is None else str(event.ref),
        "changed": None if event.changed is None else sorted(event.changed),
        "resynced": event.resynced,
        "resource": None if event.resource is None else event.resource.to_dict(),
    }
    return json.dumps(fields)
