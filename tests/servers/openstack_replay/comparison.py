"""Comparisons of the OpenStack replay: which records a query's parameters choose, in each service's own way."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from servers.openstack_replay.message import Refused
from servers.openstack_replay.region import Record

__all__ = ["COMPUTE", "IMAGE", "NETWORK", "VOLUME", "Comparisons", "fits"]

Comparisons = Mapping[str, Callable[[Record, str], bool]]
"""By the name of the parameter: whether a record fits a value."""


def equal(field: str) -> Callable[[Record, str], bool]:
    """The field is what is asked for."""
    return lambda record, value: record.get(field) == value


def searched(field: str) -> Callable[[Record, str], bool]:
    """Compute's: a regular expression that is found in the field."""

    def compare(record: Record, value: str) -> bool:
        try:
            return re.search(value, record[field]) is not None
        except re.error as error:
            raise Refused(400, f"Invalid filter regex: {error}") from error

    return compare


def operated(field: str) -> Callable[[Record, str], bool]:
    """Images': a value behind ``eq:``, or several behind ``in:``."""

    def compare(record: Record, value: str) -> bool:
        operator, _, operand = value.partition(":")
        if operator not in ("eq", "in"):
            raise Refused(400, f"the replay does not know {operator}: of {field}")
        return record.get(field) in (operand.split(",") if operator == "in" else [operand])

    return compare


def said(field: str) -> Callable[[Record, str], bool]:
    """Images': true or false."""
    return lambda record, value: value == str(record[field]).lower()


def since(field: str) -> Callable[[Record, str], bool]:
    """Volumes': a moment behind ``gte:``."""

    def compare(record: Record, value: str) -> bool:
        operator, _, moment = value.partition(":")
        if operator != "gte":
            raise Refused(400, f"the replay does not know {operator}: of {field}")
        return str(record[field]) >= moment

    return compare


COMPUTE: Comparisons = {"name": searched("name"), "node": searched("OS-EXT-SRV-ATTR:hypervisor_hostname")}
IMAGE: Comparisons = {
    "id": operated("id"),
    "name": operated("name"),
    "image_type": equal("image_type"),
    "os_hidden": said("os_hidden"),
}
NETWORK: Comparisons = {field: equal(field) for field in ("device_id", "id", "name", "network_id")}
VOLUME: Comparisons = {"name": equal("name"), "updated_at": since("updated_at")}


def fits(record: Record, comparisons: Comparisons, query: Sequence[tuple[str, str]]) -> bool:
    """Whether a record has, for each parameter that compares, one of its values. Raises `Refused`."""
    names = {name for name, _ in query if name in comparisons}
    return all(any(comparisons[name](record, value) for key, value in query if key == name) for name in names)
