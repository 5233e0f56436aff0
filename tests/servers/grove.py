"""Grove: a small hypervisor that exists only for hvlib's tests. Its driver is a third party's: tests/third_party."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any, ClassVar
from uuid import uuid4

from servers import door
from servers.process_server import ProcessServer, python_module

__all__ = ["Grove"]


class Grove(ProcessServer):
    """A server with ``vms`` machines on ``hosts`` hosts, and two templates. A task takes ``task_time`` seconds.

    The methods below `command` are calls of its administrator, who needs no session.
    """

    name: ClassVar[str] = "grove"
    about: ClassVar[str] = "a small hypervisor for the tests of a third-party driver"

    def __init__(self, vms: int = 20, hosts: int = 4, task_time: float = 0.05) -> None:
        super().__init__()
        self.user = "root@grove"
        self._options = {"vms": vms, "hosts": hosts, "task_time": task_time, "uuid": str(uuid4())}

    @classmethod
    def add_options(cls, parser: ArgumentParser) -> None:
        parser.add_argument("--vms", type=int, default=20, help="virtual machines, beside two templates (%(default)s)")
        parser.add_argument("--hosts", type=int, default=4, help="hosts (%(default)s)")
        parser.add_argument(
            "--task-time", type=float, default=0.05, metavar="SECONDS", help="how long each task takes (%(default)s)"
        )

    @property
    def url(self) -> str:
        return f"grove+http://{self.user.replace('@', '%40')}@127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        # The server is on this machine and sends no events, so it may be polled often.
        return {"HVLIB_PROVIDER": f"{self.url}?poll_interval=0.2", "HVLIB_PASSWORD": self.password}

    def command(self) -> list[str]:
        options = {**self._options, "user": self.user, "password": self.password, "port": self.port}
        return python_module("servers.grove_server", json.dumps(options))

    def objects(self, collection: str) -> dict[str, dict[str, Any]]:
        """Return all ``vms`` (with templates), ``hosts`` or ``tasks`` by identifier, in Grove's own terms and units."""
        return dict(self._admin("objects", collection=collection))

    def add_vm(self, name: str) -> str:
        """Make a machine that is off, and return its identifier."""
        return str(self._admin("add_vm", name=name))

    def remove(self, id: str) -> None:
        """Delete a machine in any state."""
        self._admin("remove", id=id)

    def rename(self, id: str, name: str) -> None:
        """Give a machine another name."""
        self._admin("rename", id=id, name=name)

    def set_state(self, id: str, state: str) -> None:
        """Put a machine into the state ``on``, ``off``, ``frozen`` or ``saved``."""
        self._admin("set_state", id=id, state=state)

    def set_template(self, id: str, template: bool) -> None:
        """Turn a machine into a template, or back."""
        self._admin("set_template", id=id, template=template)

    def set_task_time(self, seconds: float) -> None:
        """Set how long tasks take that begin from now on."""
        self._admin("set_task_time", seconds=seconds)

    def fail_next(self, code: str, message: str) -> None:
        """Let the next task that ends fail."""
        self._admin("fail_next", code=code, message=message)

    def forget_changes(self) -> None:
        """Begin a new log of changes: numbers of the old log are no longer valid."""
        self._admin("forget_changes")

    def expire_sessions(self) -> None:
        """Forget every token."""
        self._admin("expire_sessions")

    def sessions(self) -> int:
        """Return how many sessions are logged in."""
        return int(self._admin("sessions"))

    def requests(self) -> dict[str, int]:
        """Return how many requests there were since the start, by ``METHOD /path``, without `servers.door` calls."""
        return dict(self._admin("requests"))

    def log(self) -> list[str]:
        """Return the requests that changed something, each with its method, path and body, without refused ones."""
        return list(self._admin("log"))

    def _admin(self, call: str, **arguments: Any) -> Any:
        return door.call(self.port, call, arguments)
