"""sim: the simulated lab of hvlib's own driver. It lives in the process that connects, so there is nothing to start."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import ClassVar
from urllib.parse import urlencode

from servers.server import Server

__all__ = ["Sim"]


class Sim(Server):
    """A lab of simulated machines. The same seed gives the same machines."""

    name: ClassVar[str] = "sim"
    about: ClassVar[str] = "hvlib's simulated lab, in the command's own process"

    def __init__(self, vms: int = 20, hosts: int = 4, seed: int = 1) -> None:
        self._options = {"vms": vms, "hosts": hosts, "seed": seed}

    @classmethod
    def add_options(cls, parser: ArgumentParser) -> None:
        parser.add_argument("--vms", type=int, default=20, help="virtual machines (%(default)s)")
        parser.add_argument("--hosts", type=int, default=4, help="hosts (%(default)s)")
        parser.add_argument("--seed", type=int, default=1, help="another seed gives other machines (%(default)s)")

    @property
    def url(self) -> str:
        return f"sim://?{urlencode(self._options)}"

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass
