"""xapi: a XenServer or XCP-ng pool, simulated. The server is hvlib's own: ``python -m hvlib_xapi_simulator``."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from servers import door
from servers.process_server import ProcessServer

__all__ = ["Xapi"]

PROJECT = Path(__file__).resolve().parents[2]
USER = "root"


class Xapi(ProcessServer):
    """A pool of ``hosts`` with ``vms`` virtual machines, whose first ``members`` hosts answer calls.

    `url` is the address of the master; with ``slave``, of a host that only answers with the master's address. The
    methods below `remember` are calls of its administrator, who needs no session.
    """

    name: ClassVar[str] = "xapi"
    about: ClassVar[str] = "a simulated XenServer or XCP-ng pool"

    def __init__(
        self,
        vms: int = 20,
        hosts: int = 4,
        members: int = 1,
        slave: bool = False,
        task_time: float = 0.05,
        login_penalty: float = 0.0,
        idle: float | None = None,
        session_cap: int | None = None,
        tls: bool = False,
    ) -> None:
        super().__init__()
        self.user = USER
        self.tls_port = 0
        self._slave = slave
        self._tls = tls
        self._options = {
            "vms": vms,
            "hosts": hosts,
            "members": max(members, 2) if slave else members,
            "task-time": task_time,
            "login-penalty": login_penalty,
            "idle": idle,
            "session-cap": session_cap,
            "certificate": self.folder / "xapi.pem" if tls else None,
            "user": self.user,
            "seed": str(uuid4()),
            "password": self.password,
            "unix-socket": self.unix_socket,
        }

    @classmethod
    def add_options(cls, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--vms", type=int, default=20, help="virtual machines, beside templates (%(default)s)")
        add("--hosts", type=int, default=4, help="hosts (%(default)s)")
        add("--members", type=int, default=1, help="hosts that answer calls (%(default)s)")
        add("--slave", action="store_true", help="connect to a host that is not the master")
        add("--task-time", type=float, default=0.05, metavar="SECONDS", help="how long each task takes (%(default)s)")
        add("--login-penalty", type=float, default=0.0, metavar="SECONDS", help="how long a wrong password takes (0)")
        add("--idle", type=float, metavar="SECONDS", help="end sessions idle this long (a day)")
        add("--session-cap", type=int, metavar="COUNT", help="sessions that an originator may have (500)")
        add("--tls", action="store_true", help="connect by HTTPS, which must be verified")

    @property
    def addresses(self) -> list[str]:
        """The addresses of the members, the first master first. All have the same ports."""
        return self.ready["addresses"].split()

    @property
    def cacert(self) -> Path:
        """The PEM file that verifies the server, with ``tls``. It exists from the first start until the end."""
        return self.folder / "ca.pem"

    @property
    def unix_socket(self) -> Path:
        """The path of the first master's socket."""
        return self.folder / "xapi"

    @property
    def url(self) -> str:
        address = "127.0.0.2" if self._slave else "127.0.0.1"
        if self._tls:
            return f"xenapi://{self.user}@{address}:{self.tls_port}"
        return f"xenapi+http://{self.user}@{address}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        certificate = {"HVLIB_CACERT": str(self.cacert)} if self._tls else {}
        return {**super().environment, **certificate, "HVLIB_PASSWORD": self.password}

    def start(self) -> None:
        super().start()
        self._name_twins()

    def command(self) -> list[str]:
        ports = {"port": self.port, "tls-port": self.tls_port}
        return [
            sys.executable,
            "-m",
            "hvlib_xapi_simulator",
            *(f"--{name}={value}" for name, value in {**self._options, **ports}.items() if value is not None),
        ]

    def variables(self) -> dict[str, str]:
        return {"PYTHONPATH": f"{PROJECT}{os.pathsep}{PROJECT / 'drivers'}"}

    def remember(self, ready: Mapping[str, str]) -> None:
        super().remember(ready)
        self.tls_port = int(ready.get("tls_port", 0))

    def call(self, method: str, *parameters: Any) -> Any:
        """Call a message of XenAPI without a session, as the administrator. It is not counted in `calls`."""
        return self._administrator("call", method=method, parameters=parameters)

    def calls(self) -> dict[str, int]:
        """Return how many calls there were since the start, by the called name."""
        return dict(self._administrator("calls"))

    def log(self) -> list[tuple[str, str]]:
        """Return the latest messages of clients, oldest first: each with its name, and its arguments as text."""
        return [(name, repr(arguments)) for name, arguments in self._administrator("log")]

    def leftovers(self) -> dict[str, int]:
        """Return how many ``sessions`` are logged in, and how many ``tasks`` there are."""
        return dict(self._administrator("leftovers"))

    def add_fault(self, kind: str, method: str = "*", times: int = 1, skip: int = 0) -> None:
        """Cause a fault in the next calls of a message. The kinds are in hvlib_xapi_simulator.faults."""
        self._administrator("add_fault", kind=kind, method=method, times=times, skip=skip)

    def clear_faults(self) -> None:
        """Cause no more faults, and answer the frozen calls."""
        self._administrator("clear_faults")

    def expire_sessions(self) -> None:
        """End every session, also the sessions that wait for events."""
        self._administrator("expire_sessions")

    def forget_deletions(self) -> None:
        """Trim the logs of deletions."""
        self._administrator("forget_deletions")

    def restart_toolstack(self) -> None:
        """Lose sessions, tasks and the logs of deletions."""
        self._administrator("restart_toolstack")

    def back_up(self) -> None:
        """Copy the database to the other members. The next master will have this copy, without any later change."""
        self._administrator("back_up")

    def reserve(self, device: str) -> None:
        """Mark a VBD or VIF as reserved, as it is while its VM starts."""
        self._administrator("reserve", device=device)

    def set_master(self, address: str) -> None:
        """Make another member the master."""
        self._administrator("set_master", address=address)

    def stop_member(self, address: str) -> None:
        """End a member, like a crash. The administrator's door belongs to the first member."""
        self._administrator("stop_member", address=address)

    def start_member(self, address: str) -> None:
        """Let a member answer again."""
        self._administrator("start_member", address=address)

    def set(self, **settings: float) -> None:
        """Change settings, such as ``task_time``."""
        self._administrator("set", **settings)

    def write(self, table: str, ref: str, **fields: Any) -> None:
        """Change any fields of an object, as the pool itself would."""
        self._administrator("write", table=table, ref=ref, fields=fields)

    def _administrator(self, call: str, **arguments: Any) -> Any:
        return door.call(int(self.ready["door"]), call, arguments)

    def _name_twins(self) -> None:
        """Give two VMs the same name, as happens in real pools."""
        for vm in self.call("VM.get_by_name_label", "vm-00002"):
            self.call("VM.set_name_label", vm, "vm-00001")
