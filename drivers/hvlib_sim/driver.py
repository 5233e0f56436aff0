"""The driver ``sim``: labs in memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import msgspec

from hvlib.driver import Context, Driver, Endpoint, Session
from hvlib.errors import InvalidQuery

__all__ = ["SimDriver"]

MOST = 1_000_000


class SimDriver(Driver):
    """Simulated labs, in memory.

        sim://                  a lab of one's own: a new one each time
        sim://NAME              a lab that all in the process share who name it

    Options of the lab, which a shared one takes from who names it first:
        vms (20), hosts (4), seed (1)       what it is generated from
        task_time (0.3)                     the seconds that an operation takes
        password                            what a login needs

    Options of the session:
        latency                             seconds in each call
        fail                                errors that calls meet: CALL:ERROR[:TIMES[:SKIP]],...
    """

    description: ClassVar[str] = "a simulated lab, embedded in this process"
    options: ClassVar[frozenset[str]] = frozenset({"vms", "hosts", "seed", "task_time", "password", "latency", "fail"})

    def open(self, endpoint: Endpoint, context: Context) -> Session:
        """A session with the lab that the endpoint names. Raises `InvalidQuery` for an option that can't be."""
        from hvlib_sim.faults import Faults
        from hvlib_sim.lab import Lab, Settings
        from hvlib_sim.session import LabSession

        self.check(endpoint)
        if endpoint.path.strip("/"):
            raise InvalidQuery(f"sim:// has no labs in files: {endpoint.path}", hint="sim:// or sim://NAME")
        options = {name: _READERS[name](name, value) for name, value in endpoint.options.items()}
        latency, faults = options.pop("latency", 0.0), Faults(options.pop("fail", ""))

        def find_lab() -> Lab:
            if endpoint.host:
                return Lab.named(endpoint.host, **options)
            return Lab(msgspec.convert(options, Settings))

        return LabSession(find_lab, context, endpoint.password, latency, faults)


def _whole(least: int, most: int) -> Callable[[str, Any], int]:
    """What reads an option that is a whole number within bounds."""

    def read(name: str, value: Any) -> int:
        try:
            number = int(str(value))
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise InvalidQuery(f"{name}= can't be {value!r}", hint=f"a whole number from {least} to {most}")
        return number

    return read


def _seconds(name: str, value: Any) -> float:
    try:
        number = float(str(value))
    except ValueError:
        number = -1.0
    if number < 0 or not math.isfinite(number):
        raise InvalidQuery(f"{name}= can't be {value!r}", hint="seconds, 0 or more")
    return number


_READERS: Mapping[str, Callable[[str, Any], Any]] = {
    "vms": _whole(0, MOST),
    "hosts": _whole(1, MOST),
    "seed": _whole(-(2**63), 2**63 - 1),
    "task_time": _seconds,
    "password": lambda _, value: str(value),
    "latency": _seconds,
    "fail": lambda _, value: str(value),
}
