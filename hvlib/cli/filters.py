"""Filters: turns ``--filter FIELD=VALUE`` into the filters of `Collection.get_all`."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import Any, get_args

import msgspec

from hvlib.api.collection import Collection
from hvlib.api.provider import Provider
from hvlib.cli.kinds import ListedKind
from hvlib.model.errors import InvalidQuery
from hvlib.model.query import check_field, glob
from hvlib.model.ref import KINDS_OF_REFS, Ref
from hvlib.model.resources import KINDS, Resource
from hvlib.model.resources.record import field_types

__all__ = ["add_filter_options", "chosen_filters"]

PARSED = {int, float, bool, datetime}
"""Types of fields whose values must be parsed from the text."""


def add_filter_options(parser: argparse.ArgumentParser, listed: ListedKind) -> None:
    """Add the options that choose objects; --state only where the kind has a state."""
    parser.add_argument(
        "--filter",
        dest="filters",
        metavar="FIELD=VALUE[,VALUE]",
        type=_assignment,
        action="append",
        default=[],
        help="objects whose field has one of the values; * and ? are wildcards in text; can be repeated",
    )
    parser.add_argument(
        "--name", dest="names", metavar="GLOB", action="append", default=[], help="objects whose name matches"
    )
    parser.set_defaults(states=[])
    if listed.state:
        states = get_args(field_types(listed.kind)[listed.state])
        parser.add_argument("--state", dest="states", choices=states, action="append", help="objects in this state")


def chosen_filters(args: argparse.Namespace, provider: Provider, listed: ListedKind) -> dict[str, Any]:
    """The filters of a command line, by field.

    Raises `InvalidQuery` for a wrong field or value; `NotFound` or `AmbiguousName` if a value names no object, or
    several.
    """
    collection = provider.collection(listed.kind.kind)
    filters: dict[str, list[Any]] = {}
    for field, values in args.filters:
        check_field(listed.kind, field, collection.fields)
        filters.setdefault(field, []).extend(_value(collection, field, value) for value in values)
    if args.names:
        filters.setdefault("name_label", []).extend(_text(name) for name in args.names)
    if args.states:
        filters.setdefault(listed.state, []).extend(args.states)
    return filters


def _assignment(argument: str) -> tuple[str, list[str]]:
    field, equals, values = argument.partition("=")
    if not field or not equals:
        raise argparse.ArgumentTypeError(f"{argument!r} is not FIELD=VALUE")
    return field, values.split(",")


def _value(collection: Collection[Any], field: str, value: str) -> Any:
    kind: type[Resource] = collection.kind
    declared = field_types(kind)[field]
    types = {declared, *get_args(declared)}
    if Ref in types:
        return _referred(collection, field, value)
    if not types & PARSED:
        return _text(value)
    try:
        return msgspec.convert(value, declared, strict=False)
    except msgspec.ValidationError:
        wanted = " or ".join(sorted(each.__name__ for each in types & PARSED))
        raise InvalidQuery(f"{collection.kind.kind}.{field} can't be {value!r}", hint=f"values: {wanted}") from None


def _text(value: str) -> Any:
    return glob(value) if "*" in value or "?" in value else value


def _referred(collection: Collection[Any], field: str, value: str) -> Ref:
    """The ref that a text means: the ref itself, or the name or uuid of an object of the field's usual kind."""
    parts = value.split("/", 2)
    if len(parts) == 3 and parts[1] in KINDS:
        return Ref.parse(value)
    kinds = KINDS_OF_REFS.get(field)
    if kinds is None:
        raise InvalidQuery(
            f"{collection.kind.kind}.{field} may be of any kind: filter it by a full ref, not by {value!r}",
            hint="a ref reads PROVIDER-UUID/KIND/ID",
        )
    record: Resource = collection.provider.collection(kinds[0]).find(value)
    return record.ref
