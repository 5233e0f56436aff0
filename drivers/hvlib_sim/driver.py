"""The driver ``sim``: labs in memory, and in files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

from hvlib.driver import Context, Driver, Endpoint, Session
from hvlib.model.errors import ConfigError

if TYPE_CHECKING:
    from hvlib_sim.lab.lab import Lab

__all__ = ["SimDriver"]


class SimDriver(Driver):
    """Simulated labs, in memory or in files.

        sim://                  a lab of one's own: a new one each time
        sim://NAME              a lab that all in the process share who name it
        sim:///PATH             the lab in a file, which processes share; hv sim create PATH makes it

    Options of the lab, which a shared one takes from who names it first, one in a file from who made it:
        vms (20), hosts (4), seed (1)       what it is generated from
        task_time (0.3)                     the seconds that an operation takes
        password                            what a login needs

    Options of the session:
        latency                             seconds in each call
        fail                                errors that calls meet: CALL:ERROR[:TIMES[:SKIP]],...
    """

    description: ClassVar[str] = "a simulated lab, in this process or in a file"
    options: ClassVar[frozenset[str]] = frozenset({"vms", "hosts", "seed", "task_time", "password", "latency", "fail"})

    def open(self, endpoint: Endpoint, context: Context) -> Session:
        """A session with the lab that the endpoint names. Raises `ConfigError` for an option that can't be."""
        from hvlib_sim.connection import Connection
        from hvlib_sim.lab.faults import Faults
        from hvlib_sim.lab.settings import SETTINGS, read_seconds
        from hvlib_sim.session import LabSession

        self.check(endpoint)
        if endpoint.host and endpoint.path.strip("/"):
            raise ConfigError(f"{endpoint.url} is no lab's address", hint="sim://, sim://NAME, or sim:///PATH")
        given = dict(endpoint.options)
        latency, faults = read_seconds("latency", given.pop("latency", 0.0)), Faults(str(given.pop("fail", "")))
        settings = {name: SETTINGS[name](name, value) for name, value in given.items()}
        connection = Connection(lambda: _find(endpoint, settings), context, latency, faults)
        return LabSession(context, connection, endpoint.password)


def _find(endpoint: Endpoint, settings: Mapping[str, Any]) -> Lab:
    from hvlib_sim.lab.file_lab import FileLab
    from hvlib_sim.lab.lab import Lab
    from hvlib_sim.lab.memory_store import MemoryStore
    from hvlib_sim.lab.settings import Settings

    if endpoint.host:
        return Lab.named(endpoint.host, **settings)
    if endpoint.path.strip("/"):
        return FileLab.opened(endpoint.path, **settings)
    return Lab(MemoryStore(msgspec.convert(settings, Settings)))
