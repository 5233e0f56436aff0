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

        sim://                  a private lab: a new one for each session
        sim://NAME              a lab that all sessions of this process with the same name share
        sim:///PATH             the lab in a file, which processes share; hv sim create PATH makes it

    Options of the lab. The first session of a shared lab sets them; a lab in a file has them from its creation:
        vms (20), hosts (4), seed (1)       the numbers that the lab is generated from
        task_time (0.3)                     the seconds that an operation takes
        password                            the password that a login needs

    Options of the session:
        latency                             the seconds that each call takes
        fail                                errors that calls raise: CALL:ERROR[:TIMES[:SKIP]],...
    """

    description: ClassVar[str] = "a simulated lab, in this process or in a file"
    options: ClassVar[frozenset[str]] = frozenset({"vms", "hosts", "seed", "task_time", "password", "latency", "fail"})

    def open(self, endpoint: Endpoint, context: Context) -> Session:
        """A session with the lab that the endpoint names. Raises `ConfigError` for an invalid option or address."""
        from hvlib_sim.connection import Connection
        from hvlib_sim.lab.faults import Faults
        from hvlib_sim.lab.settings import SETTINGS, read_seconds
        from hvlib_sim.session import LabSession

        self.check(endpoint)
        if endpoint.host and endpoint.path.strip("/"):
            raise ConfigError(f"{endpoint.url} is not the address of a lab", hint="sim://, sim://NAME, or sim:///PATH")
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
