"""Settings: the numbers and the password that a lab is generated from."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from hvlib.model.errors import ConfigError

__all__ = ["SETTINGS", "Settings", "read_seconds"]

MAX_OBJECTS = 1_000_000


class Settings(msgspec.Struct, frozen=True):
    """The settings that a lab is generated from.

    | vms, hosts: how many the lab has at first; seed: all other values are drawn from it
    | task_time: seconds that an operation takes
    | password: the password that a login needs; "": none
    """

    vms: int = 20
    hosts: int = 4
    seed: int = 1
    task_time: float = 0.3
    password: str = ""

    def check(self, lab: str, options: Mapping[str, object]) -> None:
        """Raise `ConfigError` for an option that differs from these settings of the existing ``lab``."""
        for name, value in options.items():
            if getattr(self, name) != value:
                raise ConfigError(f"{lab} exists already, with another {name}=")


def read_seconds(name: str, value: Any) -> float:
    """The value of an option that is a number of seconds. Raises `ConfigError`."""
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if number < 0 or not math.isfinite(number):
        raise ConfigError(f"{name}= can't be {value!r}", hint="seconds, 0 or more")
    return number


def _whole(minimum: int, maximum: int) -> Callable[[str, Any], int]:
    """The function that reads a whole number from ``minimum`` to ``maximum``."""

    def read(name: str, value: Any) -> int:
        try:
            number = int(str(value))
        except ValueError:
            number = minimum - 1
        if not minimum <= number <= maximum:
            raise ConfigError(f"{name}= can't be {value!r}", hint=f"a whole number from {minimum} to {maximum}")
        return number

    return read


SETTINGS: Mapping[str, Callable[[str, Any], Any]] = {
    "vms": _whole(0, MAX_OBJECTS),
    "hosts": _whole(1, MAX_OBJECTS),
    "seed": _whole(-(2**63), 2**63 - 1),
    "task_time": read_seconds,
    "password": lambda _, value: str(value),
}
"""The function that reads each setting, given its name and value. Raises `ConfigError`."""
