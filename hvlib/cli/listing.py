"""Listing and showing: the commands ``list`` and ``show`` of every kind."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, ClassVar

from cliff.lister import Lister
from cliff.show import ShowOne

from hvlib.cli.app import HvApp
from hvlib.cli.columns import STRUCTURED, cells, chosen_columns, names_of
from hvlib.cli.filters import add_filter_options, chosen_filters
from hvlib.cli.kinds import ListedKind
from hvlib.model.query import check_field

__all__ = ["ListResources", "ShowResource", "list_command", "positive", "show_command"]


class ListResources(Lister):
    """List the objects of one kind. Loads only the fields that are shown or sorted by."""

    app: HvApp
    listed: ClassVar[ListedKind]

    @property
    def need_sort_by_cliff(self) -> bool:
        """No: `take_action` sorts the records by their values, not by the text of the values."""
        return False

    def get_description(self) -> str:
        """The help's first line."""
        return f"List {self.listed.plural}."

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The command's options."""
        parser = super().get_parser(prog_name)
        add_filter_options(parser, self.listed)
        parser.add_argument("--long", action="store_true", help="all fields that the server has")
        parser.add_argument(
            "--limit", metavar="N", type=positive, help="only the first N objects that the server returns"
        )
        parser.add_argument("--page-size", metavar="N", type=positive, help="number of objects to fetch at a time")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Iterable[Any]]:
        """The columns and the rows.

        Round trips: the pages, one for each kind that the columns refer to, one for each ref in the filters.
        """
        provider = self.app.connect()
        kind = self.listed.kind
        collection = provider.collection(kind.kind)
        columns = self._columns(parsed_args, collection.fields)
        order = parsed_args.sort_columns or ["name_label"]
        for name in order:
            check_field(kind, name, collection.fields)
        filters = chosen_filters(parsed_args, provider, self.listed)
        with collection.get_all(fields=[*columns, *order], page_size=parsed_args.page_size, **filters) as pager:
            records = list(islice(pager, parsed_args.limit))
        for name in reversed(order):
            records.sort(
                key=lambda record: _sort_key(getattr(record, name)), reverse=parsed_args.sort_direction == "desc"
            )
        format = parsed_args.formatter
        names = {} if format in STRUCTURED else names_of(provider, records, columns)
        return columns, [cells(record, columns, format, names) for record in records]

    def _columns(self, args: argparse.Namespace, declared: frozenset[str]) -> list[str]:
        given, args.columns = args.columns, []  # Chosen here instead of by cliff, so that no other field is fetched.
        if args.long:
            default: tuple[str, ...] = (*self.listed.kind.all_fields(), "ref")
        else:
            default = self.listed.columns if args.formatter == "table" else (*self.listed.columns, "uuid")
        return chosen_columns(self.listed.kind, given, default, declared)


class ShowResource(ShowOne):
    """Show one object, by name or uuid, with all its fields."""

    app: HvApp
    listed: ClassVar[ListedKind]

    def get_description(self) -> str:
        """The help's first line."""
        return f"Show one {self.listed.singular}."

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """The command's options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="NAME|UUID")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> tuple[Sequence[str], Iterable[Any]]:
        """The fields and their values."""
        provider = self.app.connect()
        kind = self.listed.kind
        collection = provider.collection(kind.kind)
        default = (*kind.all_fields(), "ref")
        columns = chosen_columns(kind, parsed_args.columns, default, collection.fields)
        parsed_args.columns = []
        record = collection.find(parsed_args.name)
        format = parsed_args.formatter
        names = {} if format in STRUCTURED else names_of(provider, [record], columns)
        return columns, cells(record, columns, format, names)


def list_command(row: ListedKind) -> type[ListResources]:
    """The command ``list`` of a kind."""

    class ListKind(ListResources):
        listed = row

    return ListKind


def show_command(row: ListedKind) -> type[ShowResource]:
    """The command ``show`` of a kind."""

    class ShowKind(ShowResource):
        listed = row

    return ShowKind


def positive(text: str) -> int:
    """An option's value: a whole number, 1 or more."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def _sort_key(value: Any) -> tuple[bool, Any]:
    return value is None, value
