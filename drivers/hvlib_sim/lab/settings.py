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

    | vms, hosts: how many it has at first; seed: what else they are is drawn from it
    | task_time: seconds that an operation takes
    | password: what a login needs; "": nothing
    """

    vms: int = 20
    hosts: int = 4
    seed: int = 1
    task_time: float = 0.3
    password: str = ""

    def check(self, lab: str, options: Mapping[str, object]) -> None:
        """Raise `ConfigError` for an option that says otherwise than the settings of the lab that is there."""
        for name, value in options.items():
            if getattr(self, name) != value:
                raise ConfigError(f"{lab} exists already, with another {name}=")


def read_seconds(name: str, value: Any) -> float:
    """An option that is a time. Raises `ConfigError`."""
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if number < 0 or not math.isfinite(number):
        raise ConfigError(f"{name}= can't be {value!r}", hint="seconds, 0 or more")
    return number


def _whole(least: int, most: int) -> Callable[[str, Any], int]:
    """A function that reads an option that is a whole number within bounds."""

    def read(name: str, value: Any) -> int:
        try:
            number = int(str(value))
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise ConfigError(f"{name}= can't be {value!r}", hint=f"a whole number from {least} to {most}")
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
