"""Filters of the OpenStack replay: which records match a query's parameters, by each service's own rules."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from servers.openstack_replay.message import Refused
from servers.openstack_replay.region import Record

__all__ = ["COMPUTE", "IMAGE", "NETWORK", "VOLUME", "Comparisons", "fits"]

Comparisons = Mapping[str, Callable[[Record, str], bool]]
"""By the name of a parameter: a function that returns whether a record matches the parameter's value."""


def equal(field: str) -> Callable[[Record, str], bool]:
    """Match a field that equals the value."""
    return lambda record, value: record.get(field) == value


def regex(field: str) -> Callable[[Record, str], bool]:
    """Compute: match a field in which the regular expression is found."""

    def compare(record: Record, value: str) -> bool:
        try:
            return re.search(value, record[field]) is not None
        except re.error as error:
            raise Refused(400, f"Invalid filter regex: {error}") from error

    return compare


def eq_or_in(field: str) -> Callable[[Record, str], bool]:
    """Images: match one value after ``eq:``, or any of several after ``in:``."""

    def compare(record: Record, value: str) -> bool:
        operator, _, operand = value.partition(":")
        if operator not in ("eq", "in"):
            raise Refused(400, f"the replay has no operator {operator}: for {field}")
        return record.get(field) in (operand.split(",") if operator == "in" else [operand])

    return compare


def boolean(field: str) -> Callable[[Record, str], bool]:
    """Images: match a field that is true or false."""
    return lambda record, value: value == str(record[field]).lower()


def since(field: str) -> Callable[[Record, str], bool]:
    """Volumes: match a field that is not before the time after ``gte:``."""

    def compare(record: Record, value: str) -> bool:
        operator, _, moment = value.partition(":")
        if operator != "gte":
            raise Refused(400, f"the replay has no operator {operator}: for {field}")
        return str(record[field]) >= moment

    return compare


COMPUTE: Comparisons = {"name": regex("name"), "node": regex("OS-EXT-SRV-ATTR:hypervisor_hostname")}
IMAGE: Comparisons = {
    "id": eq_or_in("id"),
    "name": eq_or_in("name"),
    "image_type": equal("image_type"),
    "os_hidden": boolean("os_hidden"),
}
NETWORK: Comparisons = {field: equal(field) for field in ("device_id", "id", "name", "network_id")}
VOLUME: Comparisons = {"name": equal("name"), "updated_at": since("updated_at")}


def fits(record: Record, comparisons: Comparisons, query: Sequence[tuple[str, str]]) -> bool:
    """Return whether a record matches, for each parameter that filters, one of its values. Raises `Refused`."""
    names = {name for name, _ in query if name in comparisons}
    return all(any(comparisons[name](record, value) for key, value in query if key == name) for name in names)
